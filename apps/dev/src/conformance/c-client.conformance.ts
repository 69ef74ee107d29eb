// The C client, which many other languages wrap. Needs gcc and the client's headers; where they
// are not, each test is skipped by name.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { within } from "./deadline.ts";
import { describeWithWorkers, serverForTest, startServer, useServer } from "./server-under-test.ts";
import { certificates, tlsBlock } from "./testdata/certificates.ts";

const source = fileURLToPath(new URL("testdata/c-client.c", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weft-c-client-"));
const program = join(folder, "c-client");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Why the program cannot be made here; undefined = it can. */
function obstacle(): string | undefined {
  const probe = join(folder, "probe.c");
  writeFileSync(
    probe,
    "#include <nats/nats.h>\nint main(void) { return nats_GetVersion() == 0; }\n",
  );
  const { error, status } = spawnSync("gcc", [probe, "-o", join(folder, "probe"), "-lnats"]);
  if (error !== undefined) return "no gcc";
  return status === 0 ? undefined : "no libnats-dev";
}

const why = obstacle();
if (why === undefined) {
  const flags = ["-O1", "-Wall", "-Wextra", "-Werror", source, "-o", program, "-lnats"];
  const { status, stderr } = spawnSync("gcc", flags, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

const suffix = why === undefined ? "" : ` [skipped: ${why}]`;
const CASES = [
  "publish-subscribe",
  "queue",
  "request-reply",
  "headers",
  "no-responders",
  "drain",
] as const;

interface Run {
  readonly child: ChildProcess;
  readonly output: Promise<string>;
}

function start(port: number, name: string, files: readonly string[]): Run {
  const url = `${files.length > 0 ? "tls" : "nats"}://127.0.0.1:${port}`;
  const child = spawn(program, [url, name, ...files], { stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (more: string) => {
      text += more;
    });
  }
  const output = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => resolve(`${text}exit ${code ?? signal}`));
  });
  return { child, output };
}

describeWithWorkers(`C client${suffix}`, (workers) => {
  describe.skipIf(why !== undefined)(`over TCP${suffix}`, () => {
    const server = useServer(why === undefined ? { workers } : {});

    it.each(CASES)(`%s${suffix}`, async (name) => {
      const { output } = start(server().port, name, []);
      expect(await within(output, name, 20_000)).toBe("ok\nexit 0");
    });
  });

  describe.skipIf(why !== undefined)(`over TLS${suffix}`, () => {
    const server = useServer({ workers, config: tlsBlock("verify: true") });
    const files = [certificates.ca, certificates.client, certificates.clientKey];

    it.each(CASES)(`%s${suffix}`, async (name) => {
      const { output } = start(server().port, name, files);
      expect(await within(output, name, 20_000)).toBe("ok\nexit 0");
    });

    it(`TL-04: no certificate, no connection${suffix}`, async () => {
      const { output } = start(server().port, "headers", [certificates.ca]);
      expect(await within(output, "a refusal")).toMatch(/^headers: connect: .*\nexit 1$/);
    });
  });

  it.skipIf(why !== undefined)(`reconnects after a restart${suffix}`, async () => {
    const first = await startServer({ workers });
    const { child, output } = start(first.port, "reconnect", []);
    const ready = new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
    await within(ready, "the client to be ready");
    await first.stop();
    const second = await serverForTest({ workers, port: first.port });
    child.stdin?.write("go\n");
    expect(await within(output, "the client to come back", 20_000)).toBe("ready\nok\nexit 0");
    expect(second.port).toBe(first.port);
  });
});
