// Limits that span threads: how many of a thing exist now, per slot (an account, the server). Any
// thread reserves and gives back; the bound is exact at every moment.
import { assert } from "@weft/base";
import { sharedRegion } from "./region.ts";
import type { RingRegion } from "./ring.ts";

export class SharedGauge {
  readonly #slots: Int32Array;

  constructor(region: RingRegion) {
    this.#slots = new Int32Array(region);
  }

  /** Shared memory for `slotsCount` slots, all at 0; `LIMITS.accountsMax` for one per account. */
  static createRegion(slotsCount: number): SharedArrayBuffer {
    return sharedRegion(slotsCount * 4);
  }

  /** Takes one of at most `max`. False when all are taken. */
  tryAcquire(slot: number, max: number): boolean {
    this.#check(slot);
    // Add-then-undo would let one over the bound make a rightful one fail: compare and exchange.
    let seen = Atomics.load(this.#slots, slot);
    for (;;) {
      if (seen >= max) return false;
      const found = Atomics.compareExchange(this.#slots, slot, seen, seen + 1);
      if (found === seen) return true;
      seen = found;
    }
  }

  /** Gives back one that was taken. */
  release(slot: number): void {
    this.#check(slot);
    assert(Atomics.sub(this.#slots, slot, 1) > 0, "what is given back was taken");
  }

  /** Gives one back if more than `max` are taken. False when they are not. */
  tryReleaseAbove(slot: number, max: number): boolean {
    this.#check(slot);
    let seen = Atomics.load(this.#slots, slot);
    for (;;) {
      if (seen <= max) return false;
      const found = Atomics.compareExchange(this.#slots, slot, seen, seen - 1);
      if (found === seen) return true;
      seen = found;
    }
  }

  /** How many are taken now. */
  count(slot: number): number {
    this.#check(slot);
    return Atomics.load(this.#slots, slot);
  }

  #check(slot: number): void {
    assert(slot >= 0 && slot < this.#slots.length, "a slot of the gauge");
  }
}
