// Counters that every thread can read without asking: per thread a block of Float64 slots with one
// writer, so that counting is a plain add. Readers sum the blocks; what they see may be a moment
// old, and two counters may be of different moments. A Float64 counts exactly to 2^53, and an
// aligned one is never read half-written on the machines that Node runs on.
import { assert } from "@weft/base";
import { sharedRegion } from "./region.ts";
import type { RingRegion } from "./ring.ts";

/** Blocks start on their own pair of cache lines, so that writers do not slow each other. */
const BLOCK_ALIGN_BYTES = 128;

/** The counters of one thread. In hot code: `block.slots[COUNTERS.index.x]! += n`. */
export class CounterBlock {
  readonly slots: Float64Array;

  constructor(slots: Float64Array) {
    this.slots = slots;
  }

  add(index: number, count: number): void {
    assert(index >= 0 && index < this.slots.length, "a counter of the table");
    this.slots[index]! += count;
  }

  /** For gauges: values that are set and not counted. */
  set(index: number, value: number): void {
    assert(index >= 0 && index < this.slots.length, "a counter of the table");
    this.slots[index] = value;
  }
}

/** The names and places of counters; the same in all threads. */
export class CounterTable<Name extends string> {
  readonly names: readonly Name[];
  readonly index: Readonly<Record<Name, number>>;
  readonly #blockBytes: number;

  constructor(names: readonly Name[]) {
    assert(names.length > 0 && new Set(names).size === names.length, "counter names are unique");
    this.names = names;
    const entries = names.map((name, index) => [name, index] as const);
    this.index = Object.freeze(Object.fromEntries(entries)) as Readonly<Record<Name, number>>;
    this.#blockBytes = Math.ceil((names.length * 8) / BLOCK_ALIGN_BYTES) * BLOCK_ALIGN_BYTES;
  }

  /** Shared memory for `threadsCount` blocks. */
  createRegion(threadsCount: number): SharedArrayBuffer {
    return sharedRegion(this.#blockBytes * threadsCount);
  }

  threadsCount(region: RingRegion): number {
    assert(region.byteLength % this.#blockBytes === 0, "a region of this counter table");
    return region.byteLength / this.#blockBytes;
  }

  /** The block of one thread. Only that thread may write it. */
  block(region: RingRegion, threadIndex: number): CounterBlock {
    assert(threadIndex >= 0 && threadIndex < this.threadsCount(region), "a thread of the region");
    const start = threadIndex * this.#blockBytes;
    return new CounterBlock(new Float64Array(region, start, this.names.length));
  }

  /** One counter over all threads. */
  sum(region: RingRegion, index: number): number {
    assert(index >= 0 && index < this.names.length, "a counter of the table");
    const slots = new Float64Array(region);
    let total = 0;
    for (let at = index; at < slots.length; at += this.#blockBytes / 8) total += slots[at]!;
    return total;
  }

  /** All counters over all threads. */
  totals(region: RingRegion): Record<Name, number> {
    const totals = {} as Record<Name, number>;
    for (const name of this.names) totals[name] = this.sum(region, this.index[name]);
    return totals;
  }
}

/** A table of these counters, in this order. */
export function defineCounters<const Names extends readonly string[]>(
  names: Names,
): CounterTable<Names[number]> {
  return new CounterTable<Names[number]>(names);
}
