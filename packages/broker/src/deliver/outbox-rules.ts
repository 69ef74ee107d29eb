// What a worker's outboxes leave to it: flushing, slow consumers (CP-103), pauses of publishers
// (CP-105). Owned by the worker's core.
import type { BrokerLimits, WorkerCounters } from "../ports.ts";
import { type MessageView, pausableId } from "../publish/message-view.ts";
import type { FlowControl } from "./flow-control.ts";
import type { Outbox, OutboxHost } from "./outbox.ts";
import { ORIGIN_CLIENT, type OutboxOwner } from "./receiver.ts";
import type { SlabPool } from "./slab-pool.ts";

/** What the rules ask of the core. */
export interface OutboxRulesHost {
  readonly limits: BrokerLimits;
  readonly counters: WorkerCounters;
  /** The message that is being delivered. */
  inHand(): MessageView;
  touch(owner: OutboxOwner): void;
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
    this.#host.touch(outbox.owner);
  }

  outboxOverflowed(outbox: Outbox): void {
    const { owner } = outbox;
    this.#host.counters.slowConsumersPending += 1;
    owner.kind.overflowed(owner, `MaxPending of ${this.pendingBytesMax} Exceeded`);
  }

  outboxLagging(outbox: Outbox, needBytes: number): void {
    const message = this.#host.inHand();
    const { source, sourceThread, originKind } = message;
    // A route is never paused: it carries what many send.
    const pausable = originKind === ORIGIN_CLIENT ? pausableId(message) : 0;
    this.#flow.lagging(outbox, source, sourceThread, pausable, needBytes);
  }

  outboxCaughtUp(outbox: Outbox): void {
    this.#flow.caughtUp(outbox);
  }
}
