// A simulated client: sends protocol bytes, keeps what it receives in order, and can behave badly
// (stop reading, vanish). Test support. Must stay true: it never looks into the server.
import { ClientStream, type Delivery } from "./client-stream.ts";
import type { CloseCause, SimTransport, TransportPeer } from "./transport.ts";

/** Members of CONNECT. What is not named is what current clients send. */
export interface ConnectFields {
  readonly user?: string;
  readonly pass?: string;
  readonly auth_token?: string;
  readonly nkey?: string;
  readonly sig?: string;
  readonly name?: string;
  readonly echo?: boolean;
  readonly verbose?: boolean;
  readonly pedantic?: boolean;
  readonly headers?: boolean;
  readonly no_responders?: boolean;
}

const CONNECT_FIELDS = {
  verbose: false,
  pedantic: false,
  headers: true,
  no_responders: true,
  echo: true,
  lang: "sim",
  version: "1",
  protocol: 1,
};

export class SimClient implements TransportPeer {
  /** Thread whose core serves it. */
  readonly thread: number;
  readonly deliveries: Delivery[] = [];
  readonly errors: string[] = [];
  infos = 0;
  /** The last one. */
  info = "";
  pongs = 0;
  oks = 0;
  pings = 0;
  /** Undefined while the connection stands. */
  closedBy: CloseCause | undefined;
  /** PINGs of the server are answered. */
  answersPings = true;
  /** Runs for each delivery, after it was recorded. */
  onDelivery: ((delivery: Delivery) => void) | undefined;
  /** Runs for each PONG. */
  onPong: (() => void) | undefined;
  readonly #stream: ClientStream;
  #transport: SimTransport | undefined;

  constructor(thread: number) {
    this.thread = thread;
    this.#stream = new ClientStream({
      onDelivery: (delivery) => {
        this.deliveries.push(delivery);
        this.onDelivery?.(delivery);
      },
      onLine: (verb, rest) => this.#line(verb, rest),
    });
  }

  get transport(): SimTransport {
    if (this.#transport === undefined) throw new Error("the client is not attached");
    return this.#transport;
  }

  attach(transport: SimTransport): void {
    this.#transport = transport;
  }

  received(bytes: Buffer): void {
    this.#stream.feed(bytes);
  }

  closed(cause: CloseCause): void {
    this.closedBy = cause;
  }

  send(text: string): void {
    this.transport.push(Buffer.from(text, "latin1"));
  }

  connect(fields: ConnectFields = {}): void {
    this.send(`CONNECT ${JSON.stringify({ ...CONNECT_FIELDS, ...fields })}\r\n`);
  }

  subscribe(sid: string, filter: string, queue?: string): void {
    this.send(
      queue === undefined ? `SUB ${filter} ${sid}\r\n` : `SUB ${filter} ${queue} ${sid}\r\n`,
    );
  }

  unsubscribe(sid: string, max = 0): void {
    this.send(max === 0 ? `UNSUB ${sid}\r\n` : `UNSUB ${sid} ${max}\r\n`);
  }

  publish(subject: string, payload: string, reply?: string): void {
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    this.send(`PUB ${to} ${payload.length}\r\n${payload}\r\n`);
  }

  publishWithHeader(subject: string, header: string, payload: string, reply?: string): void {
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    const total = header.length + payload.length;
    this.send(`HPUB ${to} ${header.length} ${total}\r\n${header}${payload}\r\n`);
  }

  ping(): void {
    this.send("PING\r\n");
  }

  /** Closes after everything that was sent. */
  close(): void {
    this.transport.pushEnd();
  }

  stopReading(): void {
    this.transport.setPeerReads(false);
  }

  resumeReading(): void {
    this.transport.setPeerReads(true);
  }

  /** Deliveries since the last call. */
  takeDeliveries(): Delivery[] {
    return this.deliveries.splice(0, this.deliveries.length);
  }

  #line(verb: string, rest: string): void {
    if (verb === "PONG") {
      this.pongs += 1;
      this.onPong?.();
    } else if (verb === "+OK") this.oks += 1;
    else if (verb === "INFO") {
      this.infos += 1;
      this.info = rest;
    } else if (verb === "-ERR") this.errors.push(rest.replace(/^'|'$/g, ""));
    else {
      this.pings += 1;
      if (this.answersPings) this.send("PONG\r\n");
    }
  }
}
