// One server process, started for a test and ended with it. The product by default; another
// program when WEFT_SERVER_COMMAND names one, which is how the tests themselves are checked
// against the reference. Must stay true: no process and no file outlives the test run.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, it, onTestFinished } from "vitest";
import { freePort } from "../free-port.ts";
import { eventually, within } from "./deadline.ts";

export { freePort };

export const repositoryRoot = fileURLToPath(new URL("../../../..", import.meta.url));
export const weftProgram = join(repositoryRoot, "apps/server/bin/weft");

const otherCommand = process.env["WEFT_SERVER_COMMAND"]?.split(" ").filter(Boolean) ?? [];
/** Another program than the product is under test. */
export const isOtherServer = otherCommand.length > 0;
const serverCommand = isOtherServer ? otherCommand : [weftProgram];

export interface StartOptions {
  /** Text of the configuration file; the listener is added to it. */
  readonly config?: string | undefined;
  /** Worker threads; 0 = the server's own choice. */
  readonly workers?: number | undefined;
  /** Undefined = any free one. */
  readonly port?: number | undefined;
  readonly flags?: readonly string[] | undefined;
  /** Whole command instead of the server under test. */
  readonly command?: readonly string[] | undefined;
  /** The client listener answers TLS hellos only, so no INFO is waited for. */
  readonly tlsFirst?: boolean | undefined;
  /** The log goes to a file or a syslog, so the first INFO tells that the server is ready. */
  readonly logElsewhere?: boolean | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const live = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of live) child.kill("SIGKILL");
});

export class ServerUnderTest {
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #options: StartOptions;
  /** Folder of its configuration file. */
  readonly folder: string;
  #stderr = "";
  #watchers: (() => void)[] = [];

  constructor(port: number, child: ChildProcess, folder: string, options: StartOptions) {
    this.port = port;
    this.pid = child.pid ?? -1;
    this.#child = child;
    this.#options = options;
    this.folder = folder;
    live.add(child);
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        live.delete(child);
        rmSync(folder, { recursive: true, force: true });
        resolve({ code, signal });
      });
    });
    for (const stream of [child.stderr, child.stdout]) {
      stream?.setEncoding("latin1").on("data", (text: string) => {
        this.#stderr += text;
        for (const watcher of this.#watchers) watcher();
      });
    }
  }

  get url(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Everything that the server wrote. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves when the output matches; from the start of the process. */
  waitForLog(pattern: RegExp, milliseconds = 10_000): Promise<void> {
    const found = new Promise<void>((resolve) => {
      const look = (): void => {
        if (!pattern.test(this.#stderr)) return;
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        resolve();
      };
      this.#watchers.push(look);
      look();
    });
    return within(found, `the log to match ${pattern}`, milliseconds);
  }

  /** Changes the configuration file; the listener is added to `config`. */
  configure(config: string): void {
    // By renaming: a reload that is under way must not read half of it.
    const file = join(this.folder, "server.conf");
    writeFileSync(`${file}.new`, fileText(this.port, config));
    renameSync(`${file}.new`, file);
  }

  /** Changes the file, reloads, and resolves with what the log says of it, without its start. */
  async reload(config: string): Promise<string> {
    this.configure(config);
    const before = this.#stderr.length;
    this.kill("SIGHUP");
    const outcome = /(?:Reloaded server configuration|Failed to reload server configuration: ).*/;
    const found = (): string | undefined => outcome.exec(this.#stderr.slice(before))?.[0];
    return within(
      new Promise<string>((resolve) => {
        const look = (): void => {
          const line = found();
          if (line === undefined) return;
          this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
          resolve(line);
        };
        this.#watchers.push(look);
        look();
      }),
      "the reload",
    );
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the process with SIGTERM, and without mercy when it does not go. */
  async stop(): Promise<Exit> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGTERM");
    }
    try {
      return await within(this.exited, "the server to end", 8_000);
    } catch (error) {
      this.#child.kill("SIGKILL");
      await this.exited;
      throw error;
    }
  }

  /** The same server again, on the same port. */
  async startAgain(): Promise<ServerUnderTest> {
    await this.exited;
    return startServer({ ...this.#options, port: this.port });
  }
}

/** The first line that a listener sends. */
function firstLine(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (more: string) => {
      text += more;
      if (!text.includes("\n")) return;
      socket.destroy();
      resolve(text);
    });
    socket.once("error", reject);
    socket.once("end", () => reject(new Error("closed before INFO")));
  });
}

function fileText(port: number, config: string): string {
  return `listen: "127.0.0.1:${port}"\n${config}\n`;
}

/** Starts a server and waits until it says INFO. Throws, with its output, when it does not. */
export async function startServer(options: StartOptions = {}): Promise<ServerUnderTest> {
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), "weft-server-"));
  const file = join(folder, "server.conf");
  writeFileSync(file, fileText(port, options.config ?? ""));
  const workers = isOtherServer || !options.workers ? [] : ["--workers", String(options.workers)];
  const [program, ...rest] = options.command ?? serverCommand;
  if (program === undefined) throw new Error("no server command");
  const flags = [...rest, "-c", file, ...workers, ...(options.flags ?? [])];
  const child = spawn(program, flags, { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
  const server = new ServerUnderTest(port, child, folder, options);
  const failed = server.exited.then(({ code, signal }) => {
    throw new Error(`the server ended (${code ?? signal}):\n${server.stderr}`);
  });
  failed.catch(() => undefined);
  try {
    const ready = options.logElsewhere
      ? eventually(() => firstLine(port).catch(() => undefined), "INFO", 20_000)
      : server.waitForLog(/Server is ready/, 20_000);
    ready.catch(() => undefined);
    await Promise.race([ready, failed]);
    if (!options.tlsFirst) await within(firstLine(port), "INFO");
    return server;
  } catch (error) {
    server.kill("SIGKILL");
    throw new Error(`${String(error)}\n${server.stderr}`);
  }
}

/** A server of the running test; ended when the test is. */
export async function serverForTest(options: StartOptions = {}): Promise<ServerUnderTest> {
  const server = await startServer(options);
  onTestFinished(async () => {
    await server.stop();
  });
  return server;
}

/** One server for all tests of the surrounding `describe`. */
export function useServer(options: StartOptions = {}): () => ServerUnderTest {
  let server: ServerUnderTest | undefined;
  beforeAll(async () => {
    server = await startServer(options);
  });
  afterAll(async () => {
    await server?.stop();
  });
  return () => {
    if (server === undefined) throw new Error("the server has not started");
    return server;
  };
}

const onlyWorkers = process.env["WEFT_CONFORMANCE_WORKERS"]?.split(",").map(Number);
/** 0 stands for a server whose threads cannot be chosen. */
export const workersCounts: readonly number[] = isOtherServer ? [0] : (onlyWorkers ?? [1, 2, 4]);

/** Runs the same tests with 1, 2 and 4 workers. */
export function describeWithWorkers(name: string, define: (workers: number) => void): void {
  describe.each(workersCounts)(`${name} (%i workers)`, define);
}

function readVersion(): string {
  if (!isOtherServer) return "2.14.0";
  const [program = "", ...rest] = serverCommand;
  const { stdout } = spawnSync(program, [...rest, "-v"], { encoding: "utf8" });
  return /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? "0.0.0";
}

/** Level of the protocol that the server under test claims. */
export const serverVersion = readVersion();

export function isAtLeast(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [itsMajor = 0, itsMinor = 0] = serverVersion.split(".").map(Number);
  return itsMajor > major || (itsMajor === major && itsMinor >= minor);
}

/** A test of something that came with a later version than an older reference has. */
export function itSince(version: string, name: string, run: () => Promise<void> | void): void {
  if (isAtLeast(version)) it(name, run);
  else it.skip(`${name} [skipped: came with ${version}, this is ${serverVersion}]`, run);
}

/** A test of what only the product does. */
export function itWeft(name: string, run: () => Promise<void> | void): void {
  if (isOtherServer) it.skip(`${name} [skipped: only the product does this]`, run);
  else it(name, run);
}
