// The program as it is installed: its command line, its process, its signals.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { connectForTest } from "./client-library.ts";
import { eventually, pause, within } from "./deadline.ts";
import { rawForTest } from "./raw-client.ts";
import { freePort, isOtherServer, repositoryRoot, serverForTest } from "./server-under-test.ts";

const program = join(repositoryRoot, "node_modules/.bin/weft");
const folder = mkdtempSync(join(tmpdir(), "weft-command-line-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Finished {
  readonly code: number | null;
  readonly text: string;
}

/** Runs the program to its end. */
function run(...flags: readonly string[]): Finished {
  const result = spawnSync(program, flags, { encoding: "utf8", timeout: 20_000, cwd: folder });
  return { code: result.status, text: result.stdout + result.stderr };
}

function configFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** True if something listens at this local port. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Starts the program with these flags and waits until it serves. */
function start(...flags: readonly string[]): ReturnType<typeof serverForTest> {
  return serverForTest({ command: [program], flags });
}

/** Megabytes that the young generations of a main thread and of a worker grow to. */
const YOUNG_GENERATIONS = `
import "control-heap";
import { getHeapSpaceStatistics } from "node:v8";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
function grown() {
  let kept = [];
  for (let at = 0; at < 3e6; at += 1) {
    kept.push({ at, more: [at] });
    if (kept.length > 200_000) kept = [];
  }
  const { space_size } = getHeapSpaceStatistics().find((it) => it.space_name === "new_space");
  return space_size / 1e6;
}
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: 12 },
  });
  worker.on("message", (size) => console.log(JSON.stringify([grown(), size])));
} else parentPort.postMessage(grown());
`;

const title = isOtherServer ? "weft [skipped: another program is under test]" : "weft";

describe.skipIf(isOtherServer)(title, () => {
  it("FL-10: says its versions", () => {
    for (const flag of ["-v", "--version", "version"]) {
      const { code, text } = run(flag);
      expect(code).toBe(0);
      expect(text).toContain("v2.14.0");
      expect(text).toContain("weft: v0.1.0");
    }
  });

  it("FL-09: explains its flags", () => {
    const { code, text } = run("-h");
    expect(code).toBe(0);
    for (const flag of ["--port", "--config", "--workers", "--signal", "--user"]) {
      expect(text).toContain(flag);
    }
  });

  it("FL-02: tests a configuration without serving it", () => {
    const good = run("-c", configFile("good.conf", "port: 4333\n"), "-t");
    expect(good.code).toBe(0);
    expect(good.text).toMatch(/is valid/);
    const bad = run("-t", "-c", configFile("bad.conf", "port: 4333\nmax_payload: many\n"));
    expect(bad.code).toBe(1);
    expect(bad.text).toMatch(/bad\.conf:2:\d+/);
    const unknown = run("-t", "-c", configFile("unknown.conf", "prot: 4333\n"));
    expect(unknown.code).toBe(1);
    expect(unknown.text).toMatch(/unknown\.conf:1:\d+.*prot/);
    expect(run("-c", join(folder, "missing.conf")).code).toBe(1);
  });

  it("FL-10: refuses words and flags that it does not know", () => {
    const word = run("foo");
    expect(word).toMatchObject({ code: 1 });
    expect(word.text).toContain('unrecognized command: "foo"');
    const flag = run("--no-such-flag");
    expect(flag).toMatchObject({ code: 1 });
    expect(flag.text).toContain("no-such-flag");
  });

  it("FL-01: -m opens a port with the file's login and base path", async () => {
    const port = await freePort();
    const config = "http_base_path: x\nmonitor_login { tokens: [word] }";
    await serverForTest({ config, flags: ["-m", String(port)] });
    const statusOf = async (headers: Record<string, string>): Promise<number> => {
      const { status } = await fetch(`http://127.0.0.1:${port}/x/varz`, { headers });
      return status;
    };
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ authorization: "Bearer word" })).toBe(200);
  });

  it("FL-01: -p, -a, --name, --user and --pass go over the file", async () => {
    const port = await freePort();
    const other = await freePort();
    const file = configFile("over.conf", `port: ${other}\nserver_name: filed\n`);
    const pidFile = join(folder, "over.pid");
    const flags = ["-c", file, "-p", String(port), "-a", "127.0.0.1", "-n", "flagged"];
    const child = spawn(
      program,
      [...flags, "--user", "ruth", "--pass", "pw", "--workers", "2", "-P", pidFile],
      { stdio: "ignore" },
    );
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    const client = await eventually(
      () =>
        rawForTest(port).then(
          (raw) => raw,
          () => undefined,
        ),
      "the server to listen",
    );
    expect(await client.info()).toMatchObject({ server_name: "flagged", auth_required: true });
    await client.login({ user: "ruth", pass: "pw" });
    const filed = connect(other, "127.0.0.1");
    await expect(
      new Promise((resolve, reject) => {
        filed.once("connect", resolve);
        filed.once("error", reject);
      }),
    ).rejects.toThrow(/ECONNREFUSED/);
    expect(readFileSync(pidFile, "utf8").trim()).toBe(String(child.pid));
    child.kill("SIGTERM");
    expect(await within(ended, "the end")).toBe(0);
  });

  it("OT-01: the process id is the server's own, in the pid file and the log", async () => {
    const pidFile = join(folder, "own.pid");
    const server = await start("-P", pidFile);
    expect(readFileSync(pidFile, "utf8").trim()).toBe(String(server.pid));
    expect(server.stderr).toContain(`[${server.pid}]`);
    if (process.platform !== "linux") return;
    expect(readFileSync(`/proc/${server.pid}/cmdline`, "latin1")).toContain("main.js");
  });

  it("SG-01: SIGTERM and SIGINT end it with 0", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const server = await start("--workers", "2");
      const connection = await connectForTest(server);
      server.kill(signal);
      const exit = await within(server.exited, "the end of the server");
      expect(exit).toEqual({ code: 0, signal: null });
      await within(connection.closed(), "the client to hear of it");
    }
  });

  it("SG-01 LG-08: SIGUSR1 opens no inspector from the first line of the log on", async () => {
    const port = await freePort();
    const file = configFile("signal.conf", `listen: "127.0.0.1:${port}"\n`);
    const child = spawn(program, ["-c", file], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    let text = "";
    await within(
      new Promise<void>((resolve) => {
        child.stderr?.setEncoding("utf8").on("data", (more: string) => {
          if (text === "") child.kill("SIGUSR1");
          text += more;
          if (text.includes("Server is ready")) resolve();
        });
      }),
      "the server to be ready",
    );
    child.kill("SIGUSR1");
    const client = await rawForTest(port);
    await client.login();
    await eventually(
      () =>
        (text.match(/File log re-open ignored, not a file logger/g)?.length ?? 0) >= 1 || undefined,
      "it",
    );
    expect(text).not.toMatch(/Debugger listening/i);
    child.kill("SIGTERM");
    expect(await within(ended, "the end")).toBe(0);
  });

  /**
   * Starts a command in a process that ignores SIGUSR1 from its first instruction on, as a service
   * manager can, and sends it that signal again and again until the server is ready.
   */
  async function startUnderSignals(
    command: readonly string[],
    onTurn: () => Promise<void>,
  ): Promise<{ readonly child: ChildProcess; readonly port: number; readonly text: string }> {
    const port = await freePort();
    const file = configFile(`signals-${port}.conf`, `listen: "127.0.0.1:${port}"\n`);
    const script = `trap '' USR1; echo begin; exec "$@"`;
    const child = spawn("sh", ["-c", script, "sh", ...command, "-c", file, "--workers", "1"]);
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("latin1").on("data", (more: string) => {
        text += more;
      });
    }
    await eventually(() => text.includes("begin") || undefined, "the process to begin");
    const signalUntilReady = async (): Promise<void> => {
      while (
        !text.includes("Server is ready") &&
        child.exitCode === null &&
        child.signalCode === null
      ) {
        child.kill("SIGUSR1");
        await onTurn();
        // Ever new signals without a pause keep a process from running where cores are few.
        await pause(1, "the process under signals to get on");
      }
    };
    await within(signalUntilReady(), "the server to be ready", 20_000);
    expect(child.signalCode).toBe(null);
    child.kill("SIGUSR1");
    await onTurn();
    return { child, port, text };
  }

  async function expectAlive(child: ChildProcess, port: number): Promise<void> {
    const client = await rawForTest(port);
    await client.login();
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await within(ended, "the end")).toBe(0);
  }

  it("SG-01: SIGUSR1 from the moment of start opens no inspector and ends nothing", async () => {
    const inspectorPort = 9229;
    expect(await accepts(inspectorPort), "something else listens at 9229").toBe(false);
    let isOpened = false;
    const { child, port, text } = await startUnderSignals([program], async () => {
      isOpened ||= await accepts(inspectorPort);
    });
    expect(isOpened).toBe(false);
    // Before the first statement the script's address for it, which nobody can have, holds it back.
    expect(text).not.toMatch(/Debugger listening/i);
    const source = readFileSync(join(repositoryRoot, "apps/server/src/main.ts"), "utf8");
    expect(/^import .*$/m.exec(source)?.[0]).toBe('import "./early-signals.ts";');
    await expectAlive(child, port);
  });

  it("SG-01: started without its script, it closes the inspector once it serves", async () => {
    const inspectorPort = await freePort();
    const main = join(repositoryRoot, "apps/server/dist/bundle/main.js");
    const node = [process.execPath, `--inspect-port=127.0.0.1:${inspectorPort}`, main];
    const { child, port, text } = await startUnderSignals(node, async () => undefined);
    expect(text).toMatch(/Debugger listening/);
    await eventually(async () => !(await accepts(inspectorPort)) || undefined, "it to be closed");
    await expectAlive(child, port);
  });

  /** A server that waits for its configuration; it gets this text when `write` is called. */
  async function startWaiting(text: string) {
    const pipe = join(folder, `pipe-${await freePort()}`);
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    const child = spawn(program, ["-c", pipe, "--workers", "1"]);
    const ended = new Promise<Finished>((resolve) =>
      child.once("exit", (code) => resolve({ code, text: said })),
    );
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("latin1").on("data", (more: string) => {
        said += more;
      });
    }
    // Opening it for writing waits for the reader.
    const script = 'exec 3> "$1"; echo opened; read word; printf %s "$2" >&3';
    const writer = spawn("sh", ["-c", script, "sh", pipe, text]);
    await within(once(writer.stdout, "data"), "the server to read its configuration");
    return { child, ended, said: () => said, write: () => void writer.stdin.end("now\n") };
  }

  it("SG-01: SIGTERM, SIGINT and SIGUSR2 during the start end it with 0", async () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGUSR2"] as const) {
      const { child, ended, write } = await startWaiting("listen: 127.0.0.1:-1");
      child.kill(signal);
      write();
      const { code, text } = await within(ended, "the end");
      expect([signal, code, text.includes("Server is ready")]).toEqual([signal, 0, false]);
    }
  });

  it("SG-01: SIGHUP during the start is obeyed once the server stands", async () => {
    const { child, ended, said, write } = await startWaiting("listen: 127.0.0.1:-1");
    child.kill("SIGHUP");
    write();
    // A pipe is read once: what is said of the reload is that nothing comes from it any more.
    const told = /Failed to reload server configuration: .*nothing comes from it within \d+ ms/;
    await eventually(() => told.test(said()) || undefined, "the reload");
    expect(said().indexOf("Server is ready")).toBeGreaterThan(0);
    child.kill("SIGTERM");
    expect((await within(ended, "the end")).code).toBe(0);
  });

  it("the bound of the control thread's young generation is not that of the workers", () => {
    const flag = /--max-semi-space-size=\d+/.exec(readFileSync(program, "utf8"))?.[0] ?? "";
    const heap = join(repositoryRoot, "apps/server/dist/control-heap.js");
    const script = configFile("heaps.mjs", YOUNG_GENERATIONS.replace("control-heap", heap));
    const { stdout } = spawnSync(process.execPath, [flag, script], { encoding: "utf8" });
    const [control, worker] = JSON.parse(stdout) as [number, number];
    expect(control).toBeLessThanOrEqual(17);
    expect(worker).toBeLessThanOrEqual(9);
    expect(control).toBeGreaterThan(worker);
  });

  it("an inspector that is asked for is there", async () => {
    const inspectorPort = await freePort();
    const env = { ...process.env, NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}` };
    const child = spawn(program, ["-a", "127.0.0.1", "-p", "-1", "--workers", "1"], { env });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    await within(once(child.stderr, "data"), "the first line");
    await eventually(async () => (await accepts(inspectorPort)) || undefined, "the inspector");
  });

  it("FL-03 SG-02: --signal finds it by its pid file", async () => {
    const pidFile = join(folder, "signalled.pid");
    const server = await start("-P", pidFile);
    expect(run("--signal", `quit=${pidFile}`).code).toBe(0);
    expect(await within(server.exited, "the end")).toEqual({ code: 0, signal: null });
  });
});
