// A client that knows nothing: a socket, the bytes that came, and waiting for more with a deadline.
// Must stay true: what was received and not yet asked for is never lost.
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { within } from "./deadline.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export class RawClient {
  readonly closed: Promise<void>;
  isClosed = false;
  /** All bytes so far, one character each. */
  received = "";
  readonly #socket: Socket;
  #cursor = 0;
  #watchers: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      this.received += bytes.toString("latin1");
      this.#wake();
    });
    // A reset is a close like any other here.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** One character per byte. */
  send(text: string): void {
    this.#socket.write(Buffer.from(text, "latin1"));
  }

  /** CONNECT with quiet defaults and these fields, answered by PONG. */
  async login(fields: JsonObject = {}): Promise<this> {
    this.sendConnect(fields);
    await this.ping();
    return this;
  }

  sendConnect(fields: JsonObject = {}): void {
    const options = { verbose: false, pedantic: false, protocol: 1, headers: true, ...fields };
    this.send(`CONNECT ${JSON.stringify(options)}\r\n`);
  }

  /** Everything sent before has been carried out when this resolves. */
  async ping(milliseconds = 10_000): Promise<void> {
    this.send("PING\r\n");
    await this.waitFor(/^PONG\r\n/m, milliseconds);
  }

  /** The INFO that a connection begins with. */
  async info(): Promise<JsonObject> {
    const match = await this.waitFor(/^INFO (\{.*\}) ?\r\n/m);
    return JSON.parse(match[1] ?? "{}") as JsonObject;
  }

  /** Resolves with the next match behind the last one. */
  waitFor(pattern: RegExp, milliseconds = 10_000): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.received.slice(this.#cursor));
        if (match === null && !this.isClosed) return;
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        if (match === null) {
          const rest = JSON.stringify(this.received.slice(this.#cursor).slice(-500));
          reject(new Error(`closed before ${pattern}; got ${rest}`));
          return;
        }
        this.#cursor += match.index + match[0].length;
        resolve(match);
      };
      this.#watchers.push(look);
      look();
    });
    return within(found, `${pattern} (so far ${this.received.length} bytes)`, milliseconds);
  }

  /** What came since the last match. */
  get rest(): string {
    return this.received.slice(this.#cursor);
  }

  async waitForClose(milliseconds = 10_000): Promise<void> {
    await within(this.closed, "the connection to be closed", milliseconds);
  }

  /** Stops taking bytes from the kernel, as a stuck client does. */
  stopReading(): void {
    this.#socket.pause();
  }

  readAgain(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.destroy();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** A connected socket without any byte sent; the caller ends it. */
export function openRaw(port: number): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1");
  const client = new RawClient(socket);
  return within(
    new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(client));
      socket.once("error", reject);
    }),
    "a connection",
  );
}

/** Like `openRaw`, ended with the running test. */
export async function rawForTest(port: number): Promise<RawClient> {
  const client = await openRaw(port);
  onTestFinished(() => client.end());
  return client;
}
