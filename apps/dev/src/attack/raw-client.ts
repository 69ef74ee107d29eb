// A client that can say anything: bytes out, text in, and a strict reader of what came in, so that
// a test can tell what a server sent from what somebody made it send.
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { waitFor, within } from "./waiting.ts";

const CONNECT_WITHIN_MS = 15_000;
const ANSWER_WITHIN_MS = 10_000;
/** What is kept of a server's bytes; beyond it only the count goes on. */
const KEPT_CHARACTERS = 32 * 1024 * 1024;

/** One protocol operation that a server sent. */
export interface ServerOperation {
  /** `MSG`, `HMSG`, `+OK`, `-ERR`, `PING`, `PONG`, `INFO`, or the whole line if it is none. */
  readonly verb: string;
  /** The line behind the verb. */
  readonly line: string;
  readonly subject: string;
  readonly sid: string;
  readonly reply: string | undefined;
  readonly headers: string;
  readonly payload: string;
}

export interface Credentials {
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly auth_token?: string | undefined;
  /** A token that needs no signature. */
  readonly jwt?: string | undefined;
}

export class RawClient {
  readonly socket: Socket;
  /** INFO that came in front of TLS. */
  #clearInfo = "";
  /** Everything received so far, one character per byte. */
  received = "";
  receivedBytes = 0;
  isClosed = false;
  #answersPings = false;
  /** Resolves when the connection is over, whoever ended it. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      this.receivedBytes += bytes.length;
      const text = bytes.toString("latin1");
      if (this.received.length < KEPT_CHARACTERS) this.received += text;
      // Good enough for a question of the server: an answer too many does no harm.
      if (this.#answersPings && text.includes("PING\r\n")) this.send("PONG\r\n");
    });
  }

  /** From now on, as clients do: who says nothing is taken for dead after some minutes. */
  answerPings(): void {
    this.#answersPings = true;
  }

  /** A connection that has said nothing yet. */
  static open(port: number): Promise<RawClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const opened = new Promise<RawClient>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawClient(socket));
      });
    });
    return within(opened, CONNECT_WITHIN_MS, "connect").catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
  }

  /**
   * TLS behind the INFO; whose certificate the server has does not matter here. Rejects when the
   * handshake fails; with TLS 1.3 a refused certificate shows only later, as a close.
   */
  static async openSecure(port: number, options: ConnectionOptions = {}): Promise<RawClient> {
    const plain = await RawClient.open(port);
    if (!(await plain.sees(/^INFO /))) throw new Error("no INFO before TLS");
    plain.socket.removeAllListeners("data");
    const socket = connectTls({ rejectUnauthorized: false, ...options, socket: plain.socket });
    const secured = new Promise<RawClient>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("secureConnect", () => {
        socket.off("error", reject);
        const client = new RawClient(socket);
        client.#clearInfo = plain.received;
        resolve(client);
      });
    });
    return within(secured, CONNECT_WITHIN_MS, "TLS handshake").catch((error: unknown) => {
      plain.destroy();
      throw error;
    });
  }

  /** A connection that has read its INFO, over TLS where `secure` is given. */
  static async openReady(port: number, secure?: ConnectionOptions): Promise<RawClient> {
    if (secure !== undefined) return RawClient.openSecure(port, secure);
    const client = await RawClient.open(port);
    if (await client.sees(/^INFO [^\n]*\n/)) return client;
    client.destroy();
    throw new Error("no INFO");
  }

  /** A connection that is logged in and has its first PONG. */
  static async login(
    port: number,
    credentials: Credentials = {},
    options: Readonly<Record<string, unknown>> = {},
    secure?: ConnectionOptions | undefined,
  ): Promise<RawClient> {
    const client = await (secure ? RawClient.openSecure(port, secure) : RawClient.open(port));
    const standard = { verbose: false, pedantic: false, headers: true, no_responders: true };
    const words = { ...standard, protocol: 1, lang: "attack", version: "1" };
    client.send(`CONNECT ${JSON.stringify({ ...words, ...credentials, ...options })}\r\n`);
    client.answerPings();
    if (!(await client.ping())) {
      client.destroy();
      throw new Error(`login failed: ${client.received.slice(-300)}`);
    }
    return client;
  }

  /** What the first INFO said; throws where none has come. */
  get info(): Readonly<Record<string, unknown>> {
    const text = /^INFO ([^\r]*)/.exec(this.#clearInfo + this.received)?.[1];
    if (text === undefined) throw new Error("no INFO");
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  }

  /** Text goes out as latin1, so that every byte can be written as a character. */
  send(bytes: string | Uint8Array): boolean {
    if (this.socket.destroyed) return false;
    return typeof bytes === "string"
      ? this.socket.write(bytes, "latin1")
      : this.socket.write(bytes);
  }

  /** Sends and waits until the system has taken it, or the connection is over. */
  async sendAll(bytes: string | Uint8Array): Promise<void> {
    if (this.send(bytes) || this.socket.destroyed) return;
    await Promise.race([
      new Promise<void>((resolve) => this.socket.once("drain", resolve)),
      this.closed,
    ]);
  }

  /** True when the text received so far matches in time. */
  async sees(pattern: RegExp, withinMs = ANSWER_WITHIN_MS): Promise<boolean> {
    const look = (): boolean => pattern.test(this.received) || this.isClosed;
    await waitFor(look, withinMs).catch(() => undefined);
    return pattern.test(this.received);
  }

  /** True when the server answered everything sent so far, as its PONG shows. */
  async ping(withinMs = ANSWER_WITHIN_MS): Promise<boolean> {
    const before = this.#pongs();
    this.send("PING\r\n");
    const look = (): boolean => this.#pongs() > before || this.isClosed;
    await waitFor(look, withinMs).catch(() => undefined);
    return this.#pongs() > before;
  }

  /** True when the connection is over in time. */
  async closes(withinMs: number): Promise<boolean> {
    await within(this.closed, withinMs, "close").catch(() => undefined);
    return this.isClosed;
  }

  /** The operations received so far; throws when the server's bytes are not well formed. */
  operations(): ServerOperation[] {
    return parseOperations(this.received);
  }

  /** The messages among them. */
  messages(): ServerOperation[] {
    return this.operations().filter(({ verb }) => verb === "MSG" || verb === "HMSG");
  }

  /** Texts of the errors received so far. */
  errors(): string[] {
    return this.operations()
      .filter(({ verb }) => verb === "-ERR")
      .map(({ line }) => line);
  }

  forget(): void {
    this.received = "";
  }

  destroy(): void {
    this.socket.destroy();
  }

  #pongs(): number {
    let count = 0;
    for (let at = this.received.indexOf("PONG\r\n"); at >= 0; count += 1) {
      at = this.received.indexOf("PONG\r\n", at + 6);
    }
    return count;
  }
}

const VERBS = /^(INFO|MSG|HMSG|\+OK|-ERR|PING|PONG)(?: ([\s\S]*))?$/;

/** Splits a server's bytes; an unfinished end is left out. */
export function parseOperations(text: string): ServerOperation[] {
  const operations: ServerOperation[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf("\r\n", at);
    if (end < 0) break;
    const match = VERBS.exec(text.slice(at, end));
    if (match === null) throw new Error(`not an operation: ${JSON.stringify(text.slice(at, end))}`);
    const [, verb = "", line = ""] = match;
    at = end + 2;
    if (verb !== "MSG" && verb !== "HMSG") {
      operations.push({ verb, line, subject: "", sid: "", reply: undefined, ...NO_BODY });
      continue;
    }
    const message = messageLine(verb, line);
    const body = at + message.totalBytes;
    if (body + 2 > text.length) break;
    if (text.slice(body, body + 2) !== "\r\n") throw new Error(`no end of message: ${line}`);
    operations.push({
      ...message,
      verb,
      line,
      headers: text.slice(at, at + message.headerBytes),
      payload: text.slice(at + message.headerBytes, body),
    });
    at = body + 2;
  }
  return operations;
}

const NO_BODY = { headers: "", payload: "" } as const;

function messageLine(verb: string, line: string) {
  // The reference leaves two spaces where its own messages have no reply.
  const words = line.replace("  ", " ").split(" ");
  const sizes = verb === "MSG" ? 1 : 2;
  const isValid = words.length === 2 + sizes || words.length === 3 + sizes;
  const numbers = words.slice(-sizes).map(Number);
  if (!isValid || words.includes("") || numbers.some((size) => !Number.isSafeInteger(size))) {
    throw new Error(`not a ${verb} line: ${JSON.stringify(line)}`);
  }
  return {
    subject: words[0] as string,
    sid: words[1] as string,
    reply: words.length === 3 + sizes ? words[2] : undefined,
    headerBytes: sizes === 2 ? (numbers[0] as number) : 0,
    totalBytes: numbers.at(-1) as number,
  };
}
