// Starts and ends server processes. Every server runs in a process group of its own, so that a
// wrapper and what it started end together; none outlives the driver, whatever way that ends.
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer } from "node:net";

/** Ten thousand accounts take a while. */
const READY_DEADLINE_MS = 120_000;
const RETRY_MS = 2;
const GRACE_MS = 3000;
const ERROR_TEXT_MAX = 2000;
const running = new Set<ChildProcess>();

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}

process.on("exit", () => {
  for (const child of running) killGroup(child, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(130));
}

/** How to start a server: a command line with or without places for port, workers and config. */
export interface Command {
  readonly text: string;
  /** Whether the flag for workers is known to it, where the text has no place for it. */
  readonly takesWorkers: boolean;
}

export interface ServerOptions {
  readonly port: number;
  readonly workers?: number | undefined;
  readonly configFile?: string | undefined;
}

/**
 * The arguments of a command. `{port}`, `{workers}` and `{config}` (`-c FILE` or nothing) are filled
 * in; a text without them gets nats-server's flags behind it. Undefined if it cannot be configured.
 */
export function commandLine(command: Command, options: ServerOptions): string[] | undefined {
  const words = command.text.trim().split(/\s+/);
  const config = options.configFile === undefined ? [] : ["-c", options.configFile];
  if (!command.text.includes("{port}")) {
    const wantsWorkers = command.takesWorkers && options.workers !== undefined;
    const workers = wantsWorkers ? ["--workers", String(options.workers)] : [];
    return [...words, "-a", "127.0.0.1", "-p", String(options.port), ...workers, ...config];
  }
  if (config.length > 0 && !words.includes("{config}")) return undefined;
  return words.flatMap((word) => {
    if (word === "{config}") return config;
    const filled = word.replaceAll("{port}", String(options.port));
    return [filled.replaceAll("{workers}", String(options.workers ?? 1))];
  });
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      probe.close(() => resolve(port));
    });
  });
}

export class ServerProcess {
  readonly port: number;
  /** From the start of the process to the first byte of INFO. */
  readonly startMs: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, startMs: number) {
    this.#child = child;
    this.port = port;
    this.startMs = startMs;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the server has sent its INFO; fails if it ends or stays silent. */
  static async start(words: readonly string[], port: number): Promise<ServerProcess> {
    const [file = "", ...parameters] = words;
    const startedAt = performance.now();
    const child = spawn(file, parameters, { stdio: ["ignore", "ignore", "pipe"], detached: true });
    running.add(child);
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-ERROR_TEXT_MAX);
    });
    let ended: string | undefined;
    child.on("error", (error) => {
      ended = error.message;
    });
    child.on("exit", (code, signal) => {
      running.delete(child);
      ended = `the server ended (${code ?? signal}): ${errors.trim().slice(-300)}`;
    });
    try {
      await firstInfo(port, startedAt + READY_DEADLINE_MS, () => ended);
    } catch (error) {
      killGroup(child, "SIGKILL");
      throw error;
    }
    return new ServerProcess(child, port, performance.now() - startedAt);
  }

  /** SIGTERM, then SIGKILL for the group. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      const timer = setTimeout(() => killGroup(child, "SIGKILL"), GRACE_MS);
      killGroup(child, "SIGTERM");
      await ended;
      clearTimeout(timer);
    }
    killGroup(child, "SIGKILL");
    running.delete(child);
  }
}

/** Connects again and again until bytes arrive. */
async function firstInfo(
  port: number,
  deadline: number,
  ended: () => string | undefined,
): Promise<void> {
  while (!(await answers(port))) {
    const reason = ended();
    if (reason !== undefined) throw new Error(reason);
    if (performance.now() > deadline) throw new Error(`no INFO within ${READY_DEADLINE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const finish = (isAnswered: boolean): void => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.once("data", () => finish(true));
    socket.once("error", () => finish(false));
    socket.once("close", () => finish(false));
    socket.setTimeout(READY_DEADLINE_MS, () => finish(false));
  });
}
