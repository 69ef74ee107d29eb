// The program as users run it: command line, process id, signals, exit codes. Needs the build.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";

const WEFT = fileURLToPath(new URL("../bin/weft", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weft-program-"));
const children: Run[] = [];

afterEach(() => {
  for (const run of children.splice(0)) run.child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true }));

class Run {
  readonly child: ChildProcess;
  out = "";
  error = "";
  readonly exit: Promise<number | null>;

  constructor(program: string, argv: readonly string[]) {
    this.child = spawn(program, argv, { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.out += chunk.toString();
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.error += chunk.toString();
    });
    this.exit = once(this.child, "close").then(([code]) => code as number | null);
    children.push(this);
  }

  /** Waits for a line of the log. */
  async logs(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.error);
      if (found !== null) return found;
      const ended = await Promise.race([
        this.exit.then(() => true),
        once(this.child.stderr!, "data").then(() => false),
      ]);
      if (ended && !pattern.test(this.error)) throw new Error(`no ${pattern} in: ${this.error}`);
    }
  }
}

function weft(...argv: string[]): Run {
  return new Run(WEFT, argv);
}

const LOCAL = ["-a", "127.0.0.1", "-p", "-1", "--workers", "1"];

async function portOf(run: Run): Promise<number> {
  return Number((await run.logs(/client connections on 127\.0\.0\.1:(\d+)/))[1]);
}

async function infoFrom(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return chunk.toString();
}

test("FL-10: -v prints both versions", async () => {
  const run = weft("-v");
  expect(await run.exit).toBe(0);
  expect(run.out).toBe("nats-server: v2.14.0\nweft: v0.1.0\n");
});

test("FL-09: -h prints the flags", async () => {
  const run = weft("--help");
  expect(await run.exit).toBe(0);
  expect(run.out).toMatch(/--port/);
});

test("FL-10: unknown flags and words are errors", async () => {
  const [flag, word] = [weft("--nonsense"), weft("foo")];
  expect(await flag.exit).toBe(1);
  expect(flag.error).toBe("nats-server: flag provided but not defined: -nonsense\n");
  expect(await word.exit).toBe(1);
  expect(word.error).toBe('nats-server: unrecognized command: "foo"\n');
});

test("FL-02: -t says whether a file is good", async () => {
  const [good, bad] = [join(folder, "good.conf"), join(folder, "bad.conf")];
  writeFileSync(good, "port: 4223\n");
  writeFileSync(bad, "port: 4223\nmax_payload: nonsense\n");
  const [first, second] = [weft("-c", good, "-t"), weft("-c", bad, "-t")];
  expect(await first.exit).toBe(0);
  expect(first.error).toMatch(/^nats-server: configuration file .*good\.conf is valid \(sha256:/);
  expect(await second.exit).toBe(1);
  expect(second.error).toMatch(/^nats-server: .*bad\.conf:2:\d+: /);
});

test("SG-01: the process id is the server's, SIGTERM ends it with 0 (OT-01: pid file)", async () => {
  const pidFile = join(folder, "pid");
  const link = join(folder, "weft-link");
  symlinkSync(WEFT, link);
  const run = new Run(link, [...LOCAL, "-P", pidFile]);
  const port = await portOf(run);
  expect(await infoFrom(port)).toMatch(/^INFO \{"server_id":"N/);
  expect(readFileSync(pidFile, "utf8")).toBe(String(run.child.pid));
  expect(await run.logs(/^\[(\d+)\]/)).toMatchObject({ 1: String(run.child.pid) });
  run.child.kill("SIGTERM");
  expect(await run.exit).toBe(0);
  expect(run.error).toMatch(/Trapped "terminated" signal[\s\S]*Server Exiting\.\.\n$/);
});

test("SG-01: SIGUSR1 re-opens the log file and opens no inspector; SIGHUP (RL-01) and SIGINT", async () => {
  const log = join(folder, "weft.log");
  const run = weft(...LOCAL, "-l", log, "--signal=", "-P", join(folder, "pid2"));
  const read = (): string => {
    try {
      return readFileSync(log, "utf8");
    } catch {
      return "";
    }
  };
  const written = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(read())) await new Promise((resolve) => setImmediate(resolve));
  };
  await written(/Server is ready/);
  rmSync(log);
  run.child.kill("SIGUSR1");
  await written(/File log re-opened/);
  run.child.kill("SIGHUP");
  await written(/Failed to reload server configuration: can only reload config when a file is/);
  run.child.kill("SIGINT");
  expect(await run.exit).toBe(0);
  expect(run.error).not.toMatch(/Debugger listening/);
});

test("FL-03, SG-02: --signal reaches the process of a pid file", async () => {
  const pidFile = join(folder, "pid3");
  const run = weft(...LOCAL, "-P", pidFile);
  await portOf(run);
  const quit = weft("--signal", `quit=${pidFile}`);
  expect(await quit.exit).toBe(0);
  expect(await run.exit).toBe(0);
  const wrong = weft("--signal", "quit=nonsense");
  expect(await wrong.exit).toBe(1);
  expect(wrong.error).toBe("nats-server: invalid pid: nonsense\n");
});

test("FL-03, SG-02: --signal reaches a process by its id, or by the beginning of it", async () => {
  const run = weft(...LOCAL);
  await portOf(run);
  const { pid } = run.child;
  expect(await weft("--signal", `reopen=${pid}`).exit).toBe(0);
  await run.logs(/Trapped "user defined signal 1" signal/);
  expect(await weft("--signal", `ldm=${pid}*`).exit).toBe(0);
  await run.logs(/Trapped "user defined signal 2" signal/);
  expect(await weft("--signal", `stop=${pid}`).exit).toBe(0);
  await run.exit;
  expect(run.child.signalCode).toBe("SIGKILL");
  const gone = weft("--signal", `quit=${pid}`);
  expect(await gone.exit).toBe(1);
  expect(gone.error).toBe(`nats-server: signal "quit" ${pid}: no such process\n`);
  const nobody = weft("--signal", `quit=${pid}*`);
  expect(await nobody.exit).toBe(1);
  expect(nobody.error).toMatch(/^nats-server: no nats-server processes running\n$/);
});

test("FL-03, LG-12: --signal finds a server that hides the password of its command line", async () => {
  const run = weft(...LOCAL, "--user", "ruth", "--pass", "secret");
  await portOf(run);
  const quit = weft("--signal", `quit=${run.child.pid}*`);
  expect(await quit.exit).toBe(0);
  expect(await run.exit).toBe(0);
});

test("GP-9: --strict makes a warning an error, for -t and for a start", async () => {
  const file = join(folder, "twice.conf");
  writeFileSync(file, "port: 4223\nport: 4224\n");
  const said = `twice.conf:2:1: duplicate key "port" replaces the one at ${file}:1:1\n`;
  const [loose, strict, start] = [
    weft("-c", file, "-t"),
    weft("-c", file, "-t", "--strict"),
    weft("-c", file, "--strict"),
  ];
  expect(await loose.exit).toBe(0);
  expect(loose.error).toContain(said);
  expect(await strict.exit).toBe(1);
  expect(strict.error).toContain(said);
  expect(strict.error).not.toContain("is valid");
  expect(await start.exit).toBe(1);
  expect(start.error).toContain(said);
});

test("FL-02: -t tells warnings about accounts, which --strict refuses", async () => {
  const file = join(folder, "exports.conf");
  writeFileSync(file, "accounts { A { exports: [ { stream: 'a..b' } ] } }\n");
  const [loose, strict] = [weft("-c", file, "-t"), weft("-c", file, "-t", "--strict")];
  expect(await loose.exit).toBe(0);
  expect(loose.error).toMatch(/exports\.conf:1:\d+: stream export "a\.\.b" is not a valid subject/);
  expect(await strict.exit).toBe(1);
});

test("options of missing features are refused by name, or ignored when that is asked for", async () => {
  const file = join(folder, "cluster.conf");
  writeFileSync(file, "cluster { port: 6222 }\n");
  const [refused, allowed] = [
    weft("-c", file, "-t"),
    weft("-c", file, "-t", "--allow-unsupported"),
  ];
  expect(await refused.exit).toBe(1);
  expect(refused.error).toContain('"cluster": this version does not support clustering\n');
  expect(await allowed.exit).toBe(0);
  expect(allowed.error).toContain("does not support clustering; ignored\n");
});

test("a port in use is said and ends with 1", async () => {
  const run = weft(...LOCAL);
  const port = await portOf(run);
  const second = weft("-a", "127.0.0.1", "-p", String(port), "--workers", "1");
  expect(await second.exit).toBe(1);
  expect(second.error).toMatch(/nats-server: .*EADDRINUSE/);
});

test("LG-03: a log file tells why the server did not start", async () => {
  const first = weft(...LOCAL);
  const port = await portOf(first);
  const file = join(folder, "refused.log");
  const second = weft("-a", "127.0.0.1", "-p", String(port), "-l", file);
  expect(await second.exit).toBe(1);
  expect(readFileSync(file, "utf8")).toMatch(/\[FTL\] listen EADDRINUSE.*\n$/);
  expect(second.error).toMatch(/^nats-server: .*EADDRINUSE.*\n$/);
  first.child.kill("SIGTERM");
  await first.exit;
});

test("LG-04: a log file that cannot be opened is said and ends with 1", async () => {
  const run = weft(...LOCAL, "-l", join(folder, "no", "such", "folder"));
  expect(await run.exit).toBe(1);
  expect(run.error).toMatch(/^nats-server: error opening file: ENOENT/);
});

test("F27: the death of a thread ends the program with 70 and one fatal line", async () => {
  const program = fileURLToPath(new URL("../dist/testing/dying-server.js", import.meta.url));
  const core = new URL("../../../packages/runtime/dist/testing/echo-core.js", import.meta.url).href;
  const run = new Run(process.execPath, [program, core]);
  expect(await run.exit).toBe(70);
  expect(run.error.match(/\[FTL\] worker \d died: /g)).toHaveLength(1);
  expect(run.error).toContain("failed on demand");
});

test("OT-02: the ports file bears the name of the link by which the program was called", async () => {
  const link = join(folder, "nats-server");
  symlinkSync(WEFT, link);
  const config = join(folder, "ports.conf");
  writeFileSync(config, `ports_file_dir: ${JSON.stringify(folder)}\nhttp: "127.0.0.1:-1"\n`);
  const run = new Run(link, [...LOCAL, "-c", config]);
  const port = await portOf(run);
  await run.logs(/Server is ready/);
  const file = join(folder, `nats-server_${run.child.pid}.ports`);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
    nats: [`nats://127.0.0.1:${port}`],
    monitoring: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)],
  });
  run.child.kill("SIGTERM");
  await run.exit;
  expect(existsSync(file)).toBe(false);
});
