// What a worker's outboxes leave to it: flushing, slow consumers (CP-103), pauses of publishers
// (CP-105). Owned by the worker's core.
import type { BrokerLimits, WorkerCounters } from "../ports.ts";
import { type MessageView, pausableId } from "../publish/message-view.ts";
import type { ClientSession } from "../session/client-session.ts";
import { logAbout } from "../session/session-log.ts";
import type { FlowControl } from "./flow-control.ts";
import type { Outbox, OutboxHost } from "./outbox.ts";
import type { SlabPool } from "./slab-pool.ts";

/** What the rules ask of the core. */
export interface OutboxRulesHost {
  readonly limits: BrokerLimits;
  readonly counters: WorkerCounters;
  /** The message that is being delivered. */
  inHand(): MessageView;
  touch(session: ClientSession): void;
}

export class OutboxRules implements OutboxHost {
  readonly slabs: SlabPool;
  readonly #flow: FlowControl;
  readonly #host: OutboxRulesHost;

  constructor(slabs: SlabPool, flow: FlowControl, host: OutboxRulesHost) {
    this.#host = host;
    this.#flow = flow;
    this.slabs = slabs;
  }

  get pendingBytesMax(): number {
    return this.#host.limits.pendingBytesMax;
  }

  get dropAboveThreshold(): boolean {
    return this.#host.limits.noFastProducerStall;
  }

  outboxTouched(outbox: Outbox): void {
    this.#host.touch(outbox.owner as ClientSession);
  }

  outboxOverflowed(outbox: Outbox): void {
    const session = outbox.owner as ClientSession;
    this.#host.counters.slowConsumersPending += 1;
    const limit = `MaxPending of ${this.pendingBytesMax} Exceeded`;
    logAbout(session, "info", `Slow Consumer Detected: ${limit}`);
    session.abort("Slow Consumer (Pending Bytes)");
  }

  outboxLagging(outbox: Outbox, needBytes: number): void {
    const message = this.#host.inHand();
    const { source, sourceThread } = message;
    this.#flow.lagging(outbox, source, sourceThread, pausableId(message), needBytes);
  }

  outboxCaughtUp(outbox: Outbox): void {
    this.#flow.caughtUp(outbox);
  }
}
