// A route as its worker would have it: a session that is no client's, with a protocol of its own, over a
// connection that the worker dialled. It tells the other server of the interest here, from the ordered feed
// of each segment; what the other one wants stands in the worker's segment; messages go both ways. Test
// support; of the core it uses nothing but what `@weft/broker` exports for such sessions. How the feeds of
// other threads get here is not built: it is handed their writers, and a way into a turn of its own.
//
// Must stay true (one hop): what came by a route goes to no route; what one route wants no other is told.
import type { Transport } from "@weft/base";
import {
  type ConnectionKind,
  type MessageView,
  ORIGIN_ROUTE,
  type PeerHost,
  type PeerSession,
  type Target,
} from "@weft/broker";
import type { ClosedReason } from "@weft/protocol";
import type { InterestWriter } from "@weft/subjects";
import { encodeRouteLine, type RouteLine, RouteLines } from "./fake-route-dialect.ts";

/** Messages on it are too much for the encoder, as for a faulty one. */
export const FAULTY_SUBJECT = "fault.of.the.encoder";

type Message = Extract<RouteLine, { op: "message" }>;

function encodeMessage({ subscription, subject }: Target, message: MessageView): Buffer {
  if (subject === FAULTY_SUBJECT) throw new Error("the encoder is faulty");
  const { body, bodyStart, bodyEnd, reply, replyStart, replyEnd } = message;
  const payloadStart = bodyStart + Math.max(0, message.headerBytes);
  return encodeRouteLine({
    op: "message",
    account: subscription.account,
    subject,
    reply: replyStart < 0 ? null : reply.toString("latin1", replyStart, replyEnd),
    queue: subscription.queue ?? null,
    header: body.toString("latin1", bodyStart, payloadStart),
    payload: body.toString("latin1", payloadStart, bodyEnd),
  });
}

const FAKE_ROUTE: ConnectionKind = {
  isRemote: true,
  encoder: {
    sizeOf: (target, message) => encodeMessage(target, message).length,
    write: (target, message, out, at) => void encodeMessage(target, message).copy(out, at),
  },
  admit: (_target, message) => message.originKind !== ORIGIN_ROUTE,
  delivered: () => undefined,
  overflowed: (owner) => (owner as FakeRouteSession).end("Slow Consumer (Pending Bytes)"),
  failed: (receiver) => (receiver as FakeRouteSession).end("Read Error"),
};

export class FakeRouteSession implements PeerSession {
  readonly kind = FAKE_ROUTE;
  readonly originKind = ORIGIN_ROUTE;
  readonly echo = false;
  readonly headersEnabled = true;
  readonly specialTarget = true;
  readonly review = undefined;
  readonly facts = { name: "" };
  readonly clientId: number;
  readonly outbox: PeerSession["outbox"];
  readonly transport: Transport;
  subscriptions: PeerSession["subscriptions"];
  closedReason: ClosedReason | undefined;
  ticks = 0;
  /** What the host had no room for, and what came behind it. */
  readonly #kept: Message[] = [];
  readonly #host: PeerHost;
  readonly #lines = new RouteLines();
  /** End the feeds. */
  readonly #stops: (() => void)[];

  /** Changes that other threads told of, in their order, until the own worker's next turn. */
  readonly #untold: RouteLine[] = [];

  /** `writers`: of all segments of the process. `inTurn` runs something in a turn of the own worker. */
  constructor(
    host: PeerHost,
    transport: Transport,
    clientId: number,
    writers: readonly InterestWriter[],
    inTurn: (task: () => void) => void,
  ) {
    this.#host = host;
    this.transport = transport;
    this.clientId = clientId;
    this.outbox = host.newOutbox(this);
    const shares = writers.map(() => new Map<string, number>());
    this.#stops = writers.map((writer, segment) => {
      const tell = this.#teller(shares, segment);
      writer.snapshot(tell);
      return writer.listen((_sequence, ...interest) => {
        tell(...interest);
        inTurn(() => this.#tellAll());
      });
    });
    this.#tellAll();
  }

  #tellAll(): void {
    for (const line of this.#untold.splice(0)) this.outbox.append(encodeRouteLine(line));
  }

  /** Of one segment; the other server is told the sum over all. */
  #teller(
    shares: readonly Map<string, number>[],
    segment: number,
  ): Parameters<InterestWriter["snapshot"]>[0] {
    return (account, filter, queue, own) => {
      const name = queue === null ? null : Buffer.from(queue).toString("latin1");
      const text = Buffer.from(filter).toString("latin1");
      const key = `${account} ${text} ${name ?? ""}`;
      shares[segment]?.set(key, own);
      let weight = 0;
      for (const share of shares) weight += share.get(key) ?? 0;
      this.#untold.push({ op: "interest", account, filter: text, queue: name, weight });
    };
  }

  onBytes(input: Buffer, start: number, end: number): void {
    for (const line of this.#lines.push(input.subarray(start, end))) {
      if (this.closedReason !== undefined) return;
      if (line.op === "interest") this.#takeInterest(line);
      else if (this.#kept.length > 0 || !this.#publish(line)) this.#keep(line);
    }
  }

  /** There is no room: it stops reading, and what was read already waits. */
  #keep(line: Message): void {
    this.#kept.push(line);
    this.transport.pauseReading();
  }

  goOn(): void {
    while (this.#kept.length > 0) {
      if (!this.#publish(this.#kept[0] as Message)) return;
      this.#kept.shift();
    }
    this.transport.resumeReading();
  }

  tick(): void {
    this.ticks += 1;
  }

  #takeInterest({ account, filter, queue, weight }: Extract<RouteLine, { op: "interest" }>): void {
    const name = `${account} ${filter} ${queue ?? ""}`;
    for (let member = 0; member < weight; member += 1) {
      const sid = `${name} ${member}`;
      if (this.subscriptions?.has(sid) === true) continue;
      if (this.#host.subscribe(this, account, filter, queue ?? undefined, sid)) continue;
      this.end("Maximum Subscriptions Exceeded");
      return;
    }
    for (let member = weight; this.subscriptions?.has(`${name} ${member}`) === true; member += 1) {
      this.#host.unsubscribe(this, `${name} ${member}`);
    }
  }

  #publish({ account, subject, reply, queue, ...parts }: Message): boolean {
    const header = Buffer.from(parts.header, "latin1");
    const payload = Buffer.from(parts.payload, "latin1");
    const plain = queue === null;
    const queues = queue === null ? [] : [queue];
    const message = { account, subject, reply: reply ?? undefined, header, payload, plain, queues };
    return this.#host.publish(this, message);
  }

  onWritten(): void {
    this.outbox.written();
  }

  onSecure(): void {
    throw new Error("fake routes have no TLS");
  }

  onClosed(): void {
    this.#release("Route Removed");
    this.outbox.close();
  }

  mayReceive(): boolean {
    return true;
  }

  flush(): void {
    if (this.closedReason === undefined) this.outbox.flush(this.transport);
  }

  end(reason: ClosedReason): void {
    this.#release(reason);
    this.transport.destroy();
  }

  #release(reason: ClosedReason): void {
    if (this.closedReason !== undefined) return;
    this.closedReason = reason;
    for (const stop of this.#stops) stop();
    this.#host.ended(this);
  }
}
