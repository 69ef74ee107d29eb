// One client connection of the load process: connects, reads INFO, upgrades to TLS, logs in, and
// then hands every chunk to `receive`. All sockets of the process share one read buffer, so a chunk
// is valid for that call only.
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Login, Target } from "./job.ts";
import { loginFields } from "./login-fields.ts";

const READ_BUFFER_BYTES = 256 * 1024;
const OPEN_DEADLINE_MS = 20_000;
const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
const PONG = Buffer.from("PONG\r\n");
const EXPECTED = ["PONG", "INFO", "+OK"];
const PING = Buffer.from("PING\r\n");

export type Receive = (chunk: Buffer, length: number) => void;

/** Told about a connection that broke while it was needed. Set once by the entry of the process. */
let onBroken: (error: Error) => void = (error) => {
  throw error;
};

export function whenBroken(told: (error: Error) => void): void {
  onBroken = told;
}

export class Link {
  /** Where chunks go; while it is undefined lines are read here, for the login and for fences. */
  receive: Receive | undefined;
  #socket: Socket | TLSSocket;
  #text = "";
  #waiting: { prefix: string; done: () => void } | undefined;
  #isClosing = false;
  #info = "";
  #whenClosed: (() => void) | undefined;

  constructor(target: Target) {
    const address = { host: "127.0.0.1", port: target.port, noDelay: true };
    const callback = (length: number, buffer: Uint8Array): boolean => {
      this.#arrived(buffer as Buffer, length);
      return true;
    };
    // A reusable read buffer cannot survive the upgrade to TLS: there, chunks come as events.
    const onread = { buffer: readBuffer, callback };
    this.#socket = connect(target.caFile === undefined ? { ...address, onread } : address);
    this.#watch();
    if (target.caFile !== undefined) {
      this.#socket.on("data", (chunk: Buffer) => this.#arrived(chunk, chunk.length));
    }
  }

  #watch(): void {
    this.#socket.on("error", (error) => this.#broke(error));
    this.#socket.on("close", () => this.#broke(new Error("the server closed a connection")));
  }

  #broke(error: Error): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#whenClosed === undefined) onBroken(error);
    else this.#whenClosed();
  }

  /** From now on the server may close it. */
  whenClosed(told: () => void): void {
    this.#whenClosed = told;
  }

  #arrived(chunk: Buffer, length: number): void {
    if (this.receive !== undefined) {
      this.receive(chunk, length);
      return;
    }
    this.#text += chunk.toString("latin1", 0, length);
    for (let end = this.#text.indexOf("\n"); end >= 0; end = this.#text.indexOf("\n")) {
      const line = this.#text.slice(0, end).trimEnd();
      this.#text = this.#text.slice(end + 1);
      this.takeLine(line);
    }
  }

  /** A control line: answers PING, ends a wait, refuses errors and what has no place here. */
  takeLine(line: string): void {
    if (line.startsWith("INFO")) this.#info = line;
    if (line.startsWith("PING")) this.write(PONG);
    else if (!EXPECTED.some((verb) => line.startsWith(verb))) {
      onBroken(new Error(`the server sent ${JSON.stringify(line.slice(0, 100))}`));
    }
    if (this.#waiting !== undefined && line.startsWith(this.#waiting.prefix)) {
      const { done } = this.#waiting;
      this.#waiting = undefined;
      done();
    }
  }

  #awaitLine(prefix: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (): void => reject(new Error(`no ${prefix} within ${OPEN_DEADLINE_MS} ms`));
      const timer = setTimeout(failed, OPEN_DEADLINE_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting = { prefix, done };
    });
  }

  /** INFO, TLS if asked for, CONNECT, `then` and a first PING. */
  async open(target: Target, login: Login | undefined, then: string): Promise<void> {
    await this.#awaitLine("INFO");
    if (target.caFile !== undefined) await this.#upgrade(target.caFile);
    const answered = this.#awaitLine("PONG");
    const fields = loginFields(login, this.#info);
    this.write(`${connectLine(fields, target.caFile !== undefined)}${then}PING\r\n`);
    await answered;
  }

  #upgrade(caFile: string): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners();
    const options = { socket: plain, ca: readFileSync(caFile), minVersion: "TLSv1.3" as const };
    const secured = connectTls({ ...options, servername: "localhost" });
    this.#socket = secured;
    this.#watch();
    secured.on("data", (chunk: Buffer) => this.#arrived(chunk, chunk.length));
    return new Promise((resolve) => secured.once("secureConnect", () => resolve()));
  }

  /** Ends when the server has worked through everything that was written before. */
  async fence(): Promise<void> {
    const answered = this.#awaitLine("PONG");
    this.write(PING);
    await answered;
  }

  write(bytes: Buffer | string, onWritten?: () => void): void {
    if (this.#isClosing) return;
    this.#socket.write(bytes, onWritten);
  }

  /** Closes with a reset, which leaves no port in TIME_WAIT. */
  reset(): void {
    this.#isClosing = true;
    if ("encrypted" in this.#socket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

function connectLine(login: Record<string, unknown>, isTls: boolean): string {
  const fields = {
    verbose: false,
    pedantic: false,
    tls_required: isTls,
    name: "weft-benchmark",
    lang: "node",
    version: "1.0.0",
    protocol: 1,
    headers: true,
    no_responders: true,
    ...login,
  };
  return `CONNECT ${JSON.stringify(fields)}\r\n`;
}

/** Opens a logged-in connection; `then` is sent behind CONNECT. */
export async function openLink(
  target: Target,
  login?: Login | undefined,
  then = "",
): Promise<Link> {
  const link = new Link(target);
  await link.open(target, login, then);
  return link;
}
