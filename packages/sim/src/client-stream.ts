// What a server says to a client, parsed by rules of its own and not by the server's parser. Test
// support. Must stay true: bytes may come in any pieces; anything that is not the protocol throws.

/** One MSG or HMSG. Texts hold one character per byte. */
export interface Delivery {
  readonly sid: string;
  readonly subject: string;
  readonly reply: string | undefined;
  /** Header block, undefined for MSG. */
  readonly header: string | undefined;
  readonly payload: string;
}

/** Receives what was parsed. */
export interface ClientStreamEvents {
  onDelivery(delivery: Delivery): void;
  /** INFO, PING, PONG, +OK, -ERR: the verb and the rest of the line. */
  onLine(verb: string, rest: string): void;
}

const VERBS = ["INFO", "PING", "PONG", "+OK", "-ERR"];

export class ClientStream {
  readonly #events: ClientStreamEvents;
  #rest: Buffer = Buffer.alloc(0);

  constructor(events: ClientStreamEvents) {
    this.#events = events;
  }

  feed(bytes: Buffer): void {
    let input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const end = input.indexOf("\r\n");
      if (end < 0) break;
      const used = this.#operation(input, input.toString("latin1", 0, end), end + 2);
      if (used < 0) break;
      input = input.subarray(used);
    }
    this.#rest = Buffer.from(input);
  }

  /** Bytes that one operation took, or -1 when it is not complete. */
  #operation(input: Buffer, line: string, bodyAt: number): number {
    const [verb = "", ...args] = line.split(" ");
    if (verb !== "MSG" && verb !== "HMSG") {
      if (!VERBS.includes(verb)) throw new Error(`the server said ${JSON.stringify(line)}`);
      this.#events.onLine(verb, line.slice(verb.length + 1));
      return bodyAt;
    }
    const sizes = verb === "MSG" ? 1 : 2;
    if (args.length !== 2 + sizes && args.length !== 3 + sizes) {
      throw new Error(`the server said ${JSON.stringify(line)}`);
    }
    const total = Number(args[args.length - 1]);
    const headerBytes = sizes === 2 ? Number(args[args.length - 2]) : 0;
    if (!Number.isInteger(total) || !(headerBytes <= total)) throw new Error(`sizes of ${line}`);
    if (input.length < bodyAt + total + 2) return -1;
    const body = input.toString("latin1", bodyAt, bodyAt + total + 2);
    if (!body.endsWith("\r\n")) throw new Error(`no line end after the body of ${line}`);
    this.#events.onDelivery({
      subject: args[0] as string,
      sid: args[1] as string,
      reply: args.length === 3 + sizes ? args[2] : undefined,
      header: sizes === 2 ? body.slice(0, headerBytes) : undefined,
      payload: body.slice(headerBytes, total),
    });
    return bodyAt + total + 2;
  }
}
