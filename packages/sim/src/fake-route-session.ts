// A route as its worker would have it: a session that is no client's, with a protocol of its own, over a
// connection that the worker dialled. It tells the other server of the interest here, from the ordered feed
// of each segment; what the other one wants stands in the worker's segment; messages go both ways. Test
// support; it uses nothing but what `@weft/broker` and `@weft/subjects` export for such sessions.
//
// Must stay true (one hop): what came by a route goes to no route; what one route wants no other is told.
import type { Transport } from "@weft/base";
import {
  type ConnectionKind,
  ORIGIN_ROUTE,
  type PeerHost,
  type PeerSession,
  type Target,
} from "@weft/broker";
import type { InterestWriter } from "@weft/subjects";
import { encodeRouteLine, type RouteLine, RouteLines } from "./fake-route-dialect.ts";

type Message = Parameters<ConnectionKind["admit"]>[1];

function encodeMessage({ subscription, subject }: Target, message: Message): Buffer {
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
  overflowed: (owner) => (owner as FakeRouteSession).end(),
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
  closedReason: PeerSession["closedReason"];
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
      if (line.op === "interest") this.#takeInterest(line);
      else this.#takeMessage(line);
    }
  }

  #takeInterest({ account, filter, queue, weight }: Extract<RouteLine, { op: "interest" }>): void {
    const name = `${account} ${filter} ${queue ?? ""}`;
    for (let member = 0; member < weight; member += 1) {
      const sid = `${name} ${member}`;
      if (this.subscriptions?.has(sid) === true) continue;
      if (!this.#host.subscribe(this, account, filter, queue ?? undefined, sid)) this.end();
    }
    for (let member = weight; this.subscriptions?.has(`${name} ${member}`) === true; member += 1) {
      this.#host.unsubscribe(this, `${name} ${member}`);
    }
  }

  #takeMessage({ account, subject, reply, ...parts }: Extract<RouteLine, { op: "message" }>): void {
    const header = Buffer.from(parts.header, "latin1");
    const payload = Buffer.from(parts.payload, "latin1");
    this.#host.publish(this, { account, subject, reply: reply ?? undefined, header, payload });
  }

  onWritten(): void {
    this.outbox.written();
  }

  onSecure(): void {
    throw new Error("fake routes have no TLS");
  }

  onClosed(): void {
    this.#release();
    this.outbox.close();
  }

  mayReceive(): boolean {
    return true;
  }

  flush(): void {
    if (this.closedReason === undefined) this.outbox.flush(this.transport);
  }

  end(): void {
    this.#release();
    this.transport.destroy();
  }

  #release(): void {
    if (this.closedReason !== undefined) return;
    this.closedReason = "Route Removed";
    for (const stop of this.#stops) stop();
    this.#host.ended(this);
  }
}
