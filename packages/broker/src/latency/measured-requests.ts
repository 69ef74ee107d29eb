// Measured requests that are on their way, by the slot that leads their answers back. Owned by one
// tracker. Must stay true: what they weigh together is bounded; an account that holds no more than
// its fair share (the bound, divided by the accounts that hold any) loses nothing to others; who has
// to make room loses its own oldest. A request that weighs more than its account's share is not kept
// where there is no room.
import type { ServiceImportSnapshot } from "@weft/accounts";
import { LIMITS, type Millis, type UnixNanos } from "@weft/base";
import type { ClientSession } from "../session/client-session.ts";

/** Texts of one request that weigh no more than the request itself. */
const TEXT_CHARACTERS = 512;

/** All fields are there from the start, so that all have one shape. */
export interface Measured {
  readonly service: ServiceImportSnapshot;
  readonly requestor: ClientSession;
  /** The headers that asked for it, as JSON: they are pieces of a text that may be very long. */
  readonly header: string | undefined;
  readonly receivedAt: UnixNanos;
  readonly receivedMs: Millis;
  /** Where the requester waits, a byte string; undefined if nobody did when it asked. */
  readonly reply: string | undefined;
  readonly account: number;
  readonly slot: number;
  /** 1 for a usual one: texts count. */
  readonly weight: number;
  /** Of the same account; for `MeasuredRequests`. */
  older: Measured | undefined;
  newer: Measured | undefined;
}

/** What one account has. */
interface Held {
  weight: number;
  oldest: Measured | undefined;
  newest: Measured | undefined;
}

export function weightOf(reply: string | undefined, header: string | undefined): number {
  return 1 + Math.floor(((reply?.length ?? 0) + (header?.length ?? 0)) / TEXT_CHARACTERS);
}

export class MeasuredRequests {
  /** Of all together. */
  weight = 0;
  readonly #weightMax: number;
  readonly #onDropped: (measured: Measured) => void;
  readonly #bySlot = new Map<number, Measured>();
  /** Accounts that hold any. */
  readonly #held = new Map<number, Held>();
  /** Who lost the last one: mostly the same account again. */
  #lastLoser = -1;

  /** `onDropped`: one had to make room; it publishes nothing before it returns. */
  constructor(
    onDropped: (measured: Measured) => void,
    weightMax: number = LIMITS.measuredRequestsMax,
  ) {
    this.#onDropped = onDropped;
    this.#weightMax = weightMax;
  }

  get size(): number {
    return this.#bySlot.size;
  }

  /** Live: what is taken while somebody goes along is left out. */
  values(): Iterator<Measured> {
    return this.#bySlot.values();
  }

  add(measured: Measured): void {
    const { account, slot, weight } = measured;
    while (this.weight + weight > this.#weightMax) {
      const loser = this.#loser(account, weight) ?? measured;
      this.take(loser.slot);
      this.#onDropped(loser);
      if (loser === measured) return;
    }
    let held = this.#held.get(account);
    if (held === undefined) {
      held = { weight: 0, oldest: undefined, newest: undefined };
      this.#held.set(account, held);
    }
    measured.older = held.newest;
    if (held.newest === undefined) held.oldest = measured;
    else held.newest.newer = measured;
    held.newest = measured;
    held.weight += weight;
    this.weight += weight;
    this.#bySlot.set(slot, measured);
  }

  /** Undefined if it is not measured, or had to make room. */
  take(slot: number): Measured | undefined {
    const measured = this.#bySlot.get(slot);
    if (measured === undefined) return undefined;
    this.#bySlot.delete(slot);
    const { account, older, newer, weight } = measured;
    const held = this.#held.get(account) as Held;
    if (older === undefined) held.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) held.newest = older;
    else newer.older = older;
    measured.older = undefined;
    measured.newer = undefined;
    held.weight -= weight;
    if (held.oldest === undefined) this.#held.delete(account);
    this.weight -= weight;
    return measured;
  }

  /** Who makes room when `account` wants `weight` more; undefined = the new one itself. */
  #loser(account: number, weight: number): Measured | undefined {
    const own = this.#held.get(account);
    const share = this.#weightMax / (this.#held.size + (own === undefined ? 1 : 0));
    if ((own?.weight ?? 0) + weight > share) return own?.oldest;
    // It is within its share, so somebody else is above his.
    const last = this.#held.get(this.#lastLoser);
    if (last !== undefined && last.weight > share) return last.oldest;
    for (const [other, held] of this.#held) {
      if (held.weight <= share) continue;
      this.#lastLoser = other;
      return held.oldest;
    }
    return undefined;
  }
}
