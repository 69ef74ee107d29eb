// A counting filter in front of the trie: three words tell most subjects that a segment has nothing
// for them. The segment's writer counts, every thread asks. Must stay true: an interest is counted
// before it is published and until after it is taken back, so "no" is always right; "yes" may be
// wrong (collisions, or a first pair of tokens that is shared).
import type { SegmentLayout } from "./layout.ts";
import type { WordMemory } from "./shared-words.ts";

function mixFirst(account: number, first: number): number {
  const bits = Math.imul(first ^ Math.imul(account, 0x9e3779b1), 0x85ebca6b);
  return bits ^ (bits >>> 15);
}

function mixSecond(bits: number, second: number): number {
  const both = Math.imul(bits ^ Math.imul(second, 0xc2b2ae35), 0x27d4eb2f);
  return both ^ (both >>> 15);
}

/** Counters of a segment by the beginning of its filters. */
export class Sketch {
  readonly #memory: WordMemory;
  readonly #wildAt: number;
  readonly #accountMask: number;
  readonly #sketchAt: number;
  readonly #sketchMask: number;

  constructor(memory: WordMemory, layout: SegmentLayout) {
    this.#memory = memory;
    this.#wildAt = layout.wildAt;
    this.#accountMask = layout.accountsCount - 1;
    this.#sketchAt = layout.sketchAt;
    this.#sketchMask = layout.sketchCount - 1;
  }

  /** Word that counts filters beginning with a wildcard. */
  wild(account: number): number {
    return this.#wildAt + (account & this.#accountMask);
  }

  /** Word that counts filters with this literal first token and no literal second one. */
  first(account: number, first: number): number {
    return this.#sketchAt + (mixFirst(account, first) & this.#sketchMask);
  }

  /** Word that counts filters with these two literal first tokens. */
  pair(account: number, first: number, second: number): number {
    return this.#sketchAt + (mixSecond(mixFirst(account, first), second) & this.#sketchMask);
  }

  /** Adds to a counter; only for the segment's writer. */
  count(word: number, amount: number): void {
    this.#memory.store(word, this.#memory.read(word) + amount);
  }

  /** False if no filter can match a subject with these first tokens (`second` if `tokens` > 1). */
  mayMatch(account: number, tokens: number, first: number, second: number): boolean {
    const memory = this.#memory;
    if (memory.peek(this.wild(account)) !== 0) return true;
    if (memory.peek(this.first(account, first)) !== 0) return true;
    return tokens > 1 && memory.peek(this.pair(account, first, second)) !== 0;
  }
}
