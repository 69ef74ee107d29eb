// For tests: a server in this thread with a recording session per connection, and waiting for
// facts instead of sleeping.
import { readFileSync } from "node:fs";
import net from "node:net";
import type { TlsFacts, Transport, TransportEvents } from "@weft/base";
import { Acceptor } from "./acceptor.ts";
import { SocketDriver } from "./socket-driver.ts";
import { TlsContext, type TlsContextOptions } from "./tls-context.ts";

export function pem(name: string): string {
  return readFileSync(new URL(`../testdata/${name}`, import.meta.url), "utf8");
}

/** Resolves when `holds` does; looks after every pass of the loop. */
export async function until(holds: () => boolean, withinMs = 5000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error("the awaited fact did not come");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Records what it is told; `react` lets a test answer. */
export class RecordingSession implements TransportEvents {
  readonly transport: Transport;
  readonly chunks: Buffer[] = [];
  bytesSeen = 0;
  writesDone = 0;
  facts: TlsFacts | undefined;
  closed: { readonly cause: string; readonly detail: string } | undefined;
  closedCount = 0;
  keepChunks = true;
  react: ((text: Buffer, session: RecordingSession) => void) | undefined;
  onSecured: (() => void) | undefined;
  wrote: (() => void) | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  onBytes(input: Buffer, start: number, end: number): void {
    this.bytesSeen += end - start;
    if (this.keepChunks) this.chunks.push(Buffer.from(input.subarray(start, end)));
    this.react?.(input.subarray(start, end), this);
  }

  onWritten(): void {
    this.writesDone += 1;
    this.wrote?.();
  }

  onSecure(facts: TlsFacts): void {
    this.facts = facts;
    this.onSecured?.();
  }

  onClosed(cause: string, detail: string): void {
    this.closed = { cause, detail };
    this.closedCount += 1;
  }
}

/** A listener on a free port of 127.0.0.1 whose sessions are recorded. */
export class TestServer {
  readonly sessions: RecordingSession[] = [];
  readonly faults: unknown[] = [];
  readonly driver: SocketDriver;
  readonly #acceptor: Acceptor;
  flushes = 0;
  port = 0;

  constructor(options: {
    readonly tls?: TlsContextOptions | undefined;
    readonly onRejected?: (count: number) => void;
    readonly onOpen?: (session: RecordingSession) => void;
    readonly onFlush?: () => void;
    readonly turnBytesMax?: () => number;
  }) {
    const tls =
      options.tls === undefined ? undefined : new TlsContext(options.tls, options.onRejected);
    this.driver = new SocketDriver({
      flush: () => {
        this.flushes += 1;
        options.onFlush?.();
      },
      turnBytesMax: options.turnBytesMax,
      onFault: (error) => this.faults.push(error),
    });
    this.#acceptor = new Acceptor({
      place: (connection) => {
        this.driver.adopt(connection, tls, (transport) => {
          const session = new RecordingSession(transport);
          this.sessions.push(session);
          options.onOpen?.(session);
          return session;
        });
      },
      onTrouble: (text) => this.faults.push(text),
    });
  }

  async start(): Promise<this> {
    const address = await this.#acceptor.listen({ listener: 0, host: "127.0.0.1", port: -1 });
    this.port = address.port;
    return this;
  }

  async stop(): Promise<void> {
    for (const session of this.sessions) session.transport.destroy();
    await this.#acceptor.stop();
    await until(() => this.sessions.every((session) => session.closedCount === 1));
  }

  /** The first session, once there is one. */
  async session(): Promise<RecordingSession> {
    await until(() => this.sessions.length > 0);
    return this.sessions[0]!;
  }

  connect(): Promise<TestClient> {
    return TestClient.over(net.connect(this.port, "127.0.0.1"));
  }
}

/** The other end: collects what it gets and remembers how it ended. */
export class TestClient {
  readonly socket: net.Socket;
  text = "";
  ended = false;
  closed = false;
  error: Error | undefined;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("latin1");
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", (error) => {
      this.error = error;
    });
    socket.on("close", () => {
      this.closed = true;
    });
  }

  static over(socket: net.Socket): Promise<TestClient> {
    const client = new TestClient(socket);
    return new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(client));
      socket.once("error", reject);
    });
  }
}
