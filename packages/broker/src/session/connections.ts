// The connections of a worker: how they come and go, what is asked of all of them or of one from
// outside, and the trace of their protocol. Owned by the worker's core. Must stay true: a session is in
// `byId` from its first byte to its last; no message comes by here.
import type { Transport } from "@weft/base";
import { ERROR_LINES } from "@weft/protocol";
import type {
  BrokerDependencies,
  ConnectionAnswer,
  ConnectionLimits,
  ConnectionOrder,
  ExcessClosing,
  TraceOptions,
} from "../ports.ts";
import {
  type SubscriptionAnswer,
  SubscriptionLists,
  type SubscriptionQuery,
} from "../subscribe/subscription-list.ts";
import { ClientSession } from "./client-session.ts";
import { traceSession } from "./client-trace.ts";
import { Excess } from "./excess.ts";
import type { Figures } from "./figures.ts";
import { greet } from "./greeting.ts";
import { Deadlines, scheduleFirstPing } from "./liveness.ts";
import { closeSome, obeyOrder, tellInfo } from "./orders.ts";
import type { SessionHost } from "./session-host.ts";
import { OwnTrace } from "./trace-lines.ts";

export class Connections {
  /** By client id, the newest last. */
  readonly byId = new Map<number, ClientSession>();
  /** How the protocol is traced, and what the server itself says with it. */
  readonly trace = new OwnTrace();
  readonly #lists = new SubscriptionLists(this.byId);
  readonly #host: SessionHost;
  readonly #figures: Figures;
  readonly #dependencies: Pick<BrokerDependencies, "prng" | "nextClientId">;
  readonly #deadlines: Deadlines;

  constructor(
    host: SessionHost,
    figures: Figures,
    dependencies: Pick<BrokerDependencies, "prng" | "nextClientId">,
  ) {
    this.#host = host;
    this.#figures = figures;
    this.#dependencies = dependencies;
    this.#deadlines = new Deadlines(host.clock.monotonicMs());
  }

  /** Begins the life of one that was accepted on row `listener` of the table. */
  open(transport: Transport, listener: number): ClientSession {
    const { nextClientId, prng } = this.#dependencies;
    const session = new ClientSession(this.#host, transport, nextClientId(), listener);
    this.byId.set(session.clientId, session);
    if (!this.#figures.opened(session)) {
      session.fail(ERROR_LINES.connectionsExceeded);
      return session;
    }
    scheduleFirstPing(session, this.#host.clock.monotonicMs(), prng);
    const { options } = this.trace;
    if (options !== undefined) traceSession(session, options);
    greet(session);
    return session;
  }

  /** Every 100 ms. */
  tick(now: number): void {
    this.#deadlines.check(this.byId.values(), now, this.#dependencies.prng);
    this.#lists.forget(now);
  }

  /** Traces the protocol of all from now on, or no longer. Every reload says it anew. */
  setTrace(options: TraceOptions | undefined): void {
    if (isSameTrace(this.trace.options, options)) return;
    this.trace.options = options;
    for (const session of this.byId.values()) traceSession(session, options);
  }

  /** One piece of their subscriptions. */
  listSubscriptions(query: SubscriptionQuery): SubscriptionAnswer {
    return this.#lists.list(query, this.#host.clock.monotonicMs());
  }

  /** Sends INFO anew: something in it has changed. */
  tellInfo(): void {
    tellInfo(this.byId.values());
  }

  /** Undefined = it is not here. */
  obey(order: ConnectionOrder): ConnectionAnswer | undefined {
    const session = this.byId.get(order.clientId);
    return session === undefined ? undefined : obeyOrder(session, order);
  }

  /** Closes up to `count` with this reason; returns how many are left. */
  closeSome(count: number, reason: "Server Shutdown"): number {
    closeSome(this.byId.values(), count, reason);
    return this.byId.size;
  }

  /** Ends the newest above a limit. */
  closeExcess(limits: ConnectionLimits): ExcessClosing {
    return new Excess(this.#host, this.byId, limits);
  }
}

function isSameTrace(one: TraceOptions | undefined, other: TraceOptions | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const { payloadBytesMax, headersOnly, own } = other;
  if (one.payloadBytesMax !== payloadBytesMax) return false;
  return one.headersOnly === headersOnly && one.own === own;
}
