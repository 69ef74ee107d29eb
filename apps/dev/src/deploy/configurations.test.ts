// Every configuration in `deploy/`, also the one inside the ConfigMap, before the program itself:
// `weft -t`. Needs the build.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { certificates } from "../conformance/testdata/certificates.ts";
import { listFiles, repositoryRoot } from "../tidy/source-file.ts";
import { readYaml } from "./yaml-document.ts";

/** Where the program runs: paths of certificates are taken from here. */
const folder = mkdtempSync(join(tmpdir(), "weft-deploy-"));
mkdirSync(join(folder, "certs"));
copyFileSync(certificates.server, join(folder, "certs/server.pem"));
copyFileSync(certificates.serverKey, join(folder, "certs/server.key"));
copyFileSync(certificates.ca, join(folder, "certs/ca.pem"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the files take from the environment. */
const VARIABLES = { WEFT_TOKEN: "a-long-random-token", POD_NAME: "weft-0" };

function check(file: string, variables: NodeJS.ProcessEnv): { code: number | null; text: string } {
  const weft = join(repositoryRoot, "apps/server/bin/weft");
  const env = { PATH: process.env["PATH"], ...variables };
  const result = spawnSync(weft, ["--strict", "-t", "-c", file], {
    cwd: folder,
    encoding: "utf8",
    env,
  });
  return { code: result.status, text: result.stderr };
}

const examples = listFiles("deploy", (path) => path.endsWith(".conf")).map((it) => it.path);

test("there are examples, and one configuration for each way to run", () => {
  expect(examples.filter((path) => path.startsWith("deploy/examples/")).length).toBeGreaterThan(4);
  expect(examples).toContain("deploy/docker/weft.conf");
  expect(examples).toContain("deploy/systemd/weft.conf");
});

test.for(examples)("%s is accepted without a warning", (path) => {
  const file = join(repositoryRoot, path);
  const { code, text } = check(file, VARIABLES);
  expect(text).toMatch(/^nats-server: configuration file \S+ is valid \(\S+\)\n$/);
  expect(code).toBe(0);
});

function configMapText(): string {
  const path = join(repositoryRoot, "deploy/kubernetes/configmap.yaml");
  const map = readYaml(readFileSync(path, "utf8")) as { data: Record<string, string> };
  return map.data["weft.conf"] ?? "";
}

test("the configuration in the ConfigMap is accepted without a warning", () => {
  const file = join(folder, "weft.conf");
  writeFileSync(file, configMapText());
  const { code, text } = check(file, VARIABLES);
  expect(text).toMatch(/^nats-server: configuration file \S+ is valid \(\S+\)\n$/);
  expect(code).toBe(0);
});

test("a server for others does not start without its token", () => {
  const file = join(folder, "no-token.conf");
  writeFileSync(file, configMapText());
  for (const path of [file, join(repositoryRoot, "deploy/docker/weft.conf")]) {
    const { code, text } = check(path, { POD_NAME: "weft-0" });
    expect(text).toContain("WEFT_TOKEN");
    expect(code).toBe(1);
    // Both are started with --strict: an empty token would let everybody in.
    const empty = check(path, { ...VARIABLES, WEFT_TOKEN: "" });
    expect([empty.code, empty.text]).toEqual([
      1,
      expect.stringContaining("an empty token is none"),
    ]);
  }
});
