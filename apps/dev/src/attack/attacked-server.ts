// One server process under attack: started through a shell that sets its limits, watched from
// outside through /proc, its output kept whole so that it can be searched for secrets. What must
// stay true: it runs in a process group of its own and never outlives the program that started it.
import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.ts";
import { RawClient } from "./raw-client.ts";
import { delay, waitFor } from "./waiting.ts";

const START_DEADLINE_MS = 20_000;
const STOP_GRACE_MS = 5_000;
const OUTPUT_CHARACTERS_MAX = 64 * 1024 * 1024;
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}

/** The program under test: `WEFT_SERVER_COMMAND`, else the built `weft`. */
function serverCommand(): string[] {
  const given = process.env["WEFT_SERVER_COMMAND"];
  if (given !== undefined && given !== "") return given.trim().split(/\s+/);
  return [join(root, "apps/server/bin/weft")];
}

/** True for another server, which knows neither workers nor injected faults. */
export const IS_REFERENCE = basename(serverCommand()[0] ?? "") === "nats-server";

export interface StartOptions {
  readonly workers: number;
  /** Text of the configuration file; `{folder}` is replaced by the server's own folder. */
  readonly config?: string | undefined;
  /** Further flags of the command line. */
  readonly flags?: readonly string[] | undefined;
  /** `ulimit -n`; default: that of this process. */
  readonly descriptors?: number | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class AttackedServer {
  readonly port: number;
  readonly workers: number;
  /** Empty folder of this server alone; removed by `stop`. */
  readonly folder: string;
  exit: ServerExit | undefined;
  /** Resolves when the process has ended. */
  readonly ended: Promise<ServerExit>;
  readonly #child: ChildProcess;
  #output = "";

  private constructor(child: ChildProcess, port: number, workers: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.workers = workers;
    this.folder = folder;
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        if (this.#output.length < OUTPUT_CHARACTERS_MAX) this.#output += text;
      });
    }
    child.on("error", (error) => {
      this.#output += `\ncannot start: ${error.message}`;
    });
    this.ended = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        running.delete(child);
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  /** Resolves when a client gets its INFO. Throws with the server's output when it ends before. */
  static async start(options: StartOptions): Promise<AttackedServer> {
    const server = await AttackedServer.launch(options);
    try {
      await waitFor(() => server.#answers(), START_DEADLINE_MS);
      return server;
    } catch (error) {
      await server.stop();
      throw new Error(`${(error as Error).message}\n${server.output().slice(-2000)}`);
    }
  }

  /** The same without waiting: for configurations that the server has to refuse. */
  static async launch(options: StartOptions): Promise<AttackedServer> {
    const folder = mkdtempSync(join(tmpdir(), "weft-attack-"));
    const port = await freePort();
    const words = [...serverCommand(), "-a", "127.0.0.1", "-p", String(port)];
    if (options.config !== undefined) {
      const path = join(folder, "server.conf");
      writeFileSync(path, options.config.replaceAll("{folder}", folder));
      words.push("-c", path);
    }
    if (!IS_REFERENCE) words.push("--workers", String(options.workers));
    words.push(...(options.flags ?? []));
    const limit = options.descriptors === undefined ? "" : `ulimit -n ${options.descriptors}; `;
    const child = spawn("/bin/sh", ["-c", `${limit}exec "$@"`, "sh", ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, ...options.environment },
    });
    return new AttackedServer(child, port, options.workers, folder);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.exit === undefined && existsSync(`/proc/${this.pid}`);
  }

  /** Resident memory in bytes; 0 once the process is gone. */
  residentBytes(): number {
    const text = this.#proc("status");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  }

  /** Open descriptors; 0 once the process is gone. */
  descriptors(): number {
    return this.#descriptorNames().length;
  }

  /** Open sockets: connections, the listener, its output. Others come with the first use of things. */
  sockets(): number {
    let count = 0;
    for (const name of this.#descriptorNames()) {
      if (this.#target(name).startsWith("socket:")) count += 1;
    }
    return count;
  }

  /** Processor time used so far, user and system, in milliseconds. */
  processorMs(): number {
    const fields = this.#proc("stat").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
  }

  /** Everything it said: standard output, standard error, and every file in its folder. */
  output(): string {
    const files = existsSync(this.folder) ? readdirSync(this.folder, { withFileTypes: true }) : [];
    const logs = files
      .filter((entry) => entry.isFile() && entry.name !== "server.conf")
      .map(({ name }) => readFileSync(join(this.folder, name), "utf8"));
    return [this.#output, ...logs].join("\n");
  }

  /** Waits until the output matches; returns the match. */
  async said(pattern: RegExp, withinMs: number): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    await waitFor(() => {
      found = pattern.exec(this.output());
      return found !== null;
    }, withinMs).catch(() => {
      throw new Error(`the server did not say ${pattern}:\n${this.output().slice(-2000)}`);
    });
    return found as unknown as RegExpExecArray;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM, then SIGKILL for its group; removes the folder. */
  async stop(): Promise<ServerExit> {
    if (this.exit === undefined) {
      this.signal("SIGTERM");
      await Promise.race([this.ended, delay(STOP_GRACE_MS)]);
      signalGroup(this.#child, "SIGKILL");
    }
    const exit = await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
    return exit;
  }

  #descriptorNames(): string[] {
    try {
      return readdirSync(`/proc/${this.pid}/fd`);
    } catch {
      return [];
    }
  }

  #target(descriptor: string): string {
    try {
      return readlinkSync(`/proc/${this.pid}/fd/${descriptor}`);
    } catch {
      return "";
    }
  }

  #proc(name: string): string {
    try {
      return readFileSync(`/proc/${this.pid}/${name}`, "utf8");
    } catch {
      return "";
    }
  }

  async #answers(): Promise<boolean> {
    if (this.exit !== undefined) throw new Error(`the server ended: ${JSON.stringify(this.exit)}`);
    const client = await RawClient.open(this.port).catch(() => undefined);
    if (client === undefined) return false;
    const answered = await client.sees(/^INFO /, 2_000);
    client.destroy();
    return answered;
  }
}
