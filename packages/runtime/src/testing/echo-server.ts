// For tests: a server of real threads around the echo core, and clients that wait for text.
import net from "node:net";
import { compileAccounts } from "@weft/accounts";
import { defaultOptions, type ServerOptions } from "@weft/config";
import { type LogSink, SILENT_LOG } from "@weft/logging";
import { startRuntime } from "../control-thread.ts";
import type { Runtime } from "../runtime.ts";

export class RecordingLog implements LogSink {
  readonly lines: string[] = [];
  closed = false;

  readonly dropped = SILENT_LOG.dropped;
  readonly onFatal = SILENT_LOG.onFatal;
  readonly onRoom = SILENT_LOG.onRoom;

  write(level: string, text: string): void {
    this.lines.push(`${level} ${text}`);
  }

  writeFatal(text: string): void {
    this.lines.push(`fatal ${text}`);
  }

  reopen(): void {
    this.lines.push("reopened");
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

export interface EchoServer {
  readonly server: Runtime;
  readonly log: RecordingLog;
}

export async function startEcho(change: Partial<ServerOptions> = {}): Promise<EchoServer> {
  const options = { ...defaultOptions(), host: "127.0.0.1", port: 0, workers: 1, ...change };
  const accounts = compileAccounts([]);
  if (!accounts.ok) throw new Error("the accounts do not compile");
  const log = new RecordingLog();
  const coreModule = new URL("./echo-core.ts", import.meta.url).href;
  const server = await startRuntime({ options, accounts: accounts.snapshot, log, coreModule });
  return { server, log };
}

/** A connection that collects what it gets. */
export class EchoClient {
  readonly socket: net.Socket;
  text = "";
  closed = false;

  constructor(port: number) {
    this.socket = net.connect(port, "127.0.0.1");
    this.socket.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("latin1");
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.closed = true;
    });
  }

  async reads(pattern: RegExp): Promise<RegExpExecArray> {
    await until(() => pattern.test(this.text) || this.closed);
    const found = pattern.exec(this.text);
    if (found === null) throw new Error(`closed without ${pattern}: ${this.text}`);
    return found;
  }
}

/** Resolves when `holds` does. */
export async function until(holds: () => boolean, withinMs = 8_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error("the awaited fact did not come");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
