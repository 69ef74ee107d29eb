// Subscriptions whose client is gone, or logs in anew, on their way out of the index: a bounded part
// in one turn, so that the end of a client with a million of them, or with thousands of tokens in each,
// holds nobody up (A57). Owned by the worker's core.
//
// Must stay true: what departs is neither counted nor listed any more. Nothing is delivered to a client
// that is gone: its outbox is sealed, new plans leave it out, and all plans that name it were found
// stale when it left. The index still names its filters for some turns; a message that comes for them
// reaches nobody here, and goes the way of a queue member that cannot take it (SU-25, CP-64).
import type { ClosedReason } from "@weft/protocol";
import type { Subscription } from "./subscription.ts";
import { costOf, costOfAll } from "./subscription-cost.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Subscriptions taken out in one turn: some milliseconds. As many more may go as soon as they are told. */
const SLICE = 2_048;

/** Whose subscriptions they are. */
interface Leaver {
  subscriptions: Map<string, Subscription> | undefined;
  readonly closedReason: ClosedReason | undefined;
  readonly trace?: { unsubscribed(sid: string): void } | undefined;
}

interface Departing {
  readonly left: Iterator<Subscription>;
  /** Plans name them still: the session lives on. */
  readonly areNamed: boolean;
  readonly done: (() => void) | undefined;
}

export class Departures {
  readonly #subscriptions: Subscriptions;
  readonly #callSoon: () => void;
  /** In the order in which they began. Each once: a session gets new ones when the last one is out. */
  readonly #departing = new Map<Leaver, Departing>();
  /** What may go at once until the next step: many clients may end in one pass of the loop. */
  #atOnce = SLICE;

  /** `callSoon`: `step` is to be called in another pass of the loop. */
  constructor(subscriptions: Subscriptions, callSoon: () => void) {
    this.#subscriptions = subscriptions;
    this.#callSoon = callSoon;
  }

  /** True while subscriptions of this session depart. */
  holds(session: Leaver): boolean {
    return this.#departing.has(session);
  }

  /**
   * All subscriptions of a session begin to leave. True if they are gone when this returns; else
   * `done` is called in a later turn.
   */
  begin(session: Leaver, done?: (() => void) | undefined): boolean {
    const { subscriptions } = session;
    session.subscriptions = undefined;
    if (subscriptions === undefined || subscriptions.size === 0) return true;
    this.#subscriptions.count -= subscriptions.size;
    const left = subscriptions.values();
    this.#callSoon();
    const cost = costOfAll(subscriptions.values(), this.#atOnce);
    if (cost <= this.#atOnce) {
      this.#atOnce -= cost;
      this.#takeOut(session, { left, areNamed: true, done }, Number.POSITIVE_INFINITY);
      return true;
    }
    const areNamed = session.closedReason === undefined;
    if (!areNamed) this.#subscriptions.allChanged(subscriptions.values());
    this.#departing.set(session, { left, areNamed, done });
    return false;
  }

  /** One slice. */
  step(): void {
    this.#atOnce = SLICE;
    let allowance = SLICE;
    for (const [session, departing] of this.#departing) {
      allowance = this.#takeOut(session, departing, allowance);
      if (allowance <= 0) break;
      this.#departing.delete(session);
      departing.done?.();
    }
    if (this.#departing.size > 0) this.#callSoon();
  }

  /** Returns what is left of `allowance`: more than 0 if these were all. The last one may exceed it. */
  #takeOut(session: Leaver, { left, areNamed }: Departing, allowance: number): number {
    let rest = allowance;
    while (rest > 0) {
      const { done, value } = left.next();
      if (done === true) return rest;
      session.trace?.unsubscribed(value.sid);
      this.#subscriptions.takeOut(value, areNamed);
      rest -= costOf(value);
    }
    return rest;
  }
}
