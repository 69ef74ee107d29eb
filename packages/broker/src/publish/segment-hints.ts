// Which threads may have interest in subjects that begin with the same two tokens, remembered while
// nobody's interest changes. Every request brings a new reply subject, but they begin alike: this
// spares asking the sketch of every segment again. Owned by the worker's core.
//
// Must stay true: an entry is good only under the generations that were read before it was made,
// as a plan is (packages/subjects/src/interest/generations.ts).
import type { InterestIndex, SubjectTokens } from "@weft/subjects";

/** A power of two; entries that share a place push each other out. */
const ENTRIES = 1024;

export class SegmentHints {
  /** The threads of the entry looked at last, a bit each: 0 to 31, and 32 to 63. */
  low = 0;
  high = 0;
  readonly #index: InterestIndex;
  /** Per entry: account, tokens (1 or 2), first, second, two generations, low, high. */
  readonly #words = new Int32Array(ENTRIES * 8).fill(-1);

  constructor(index: InterestIndex) {
    this.#index = index;
  }

  /**
   * Sets `low` and `high` for the beginning of `tokens`. `generation` and `wildcardGeneration` are
   * the values of its two slots, read just now.
   */
  look(
    account: number,
    tokens: SubjectTokens,
    generation: number,
    wildcardGeneration: number,
  ): void {
    const first = tokens.hashes[0] as number;
    const isPair = tokens.count > 1;
    const second = isPair ? (tokens.hashes[1] as number) : 0;
    const bits = Math.imul(first ^ Math.imul(second, 0x85ebca6b) ^ account, 0x9e3779b1);
    const at = ((bits ^ (bits >>> 15)) & (ENTRIES - 1)) << 3;
    const words = this.#words;
    const kind = isPair ? 2 : 1;
    if (
      words[at] === account &&
      words[at + 1] === kind &&
      words[at + 2] === first &&
      words[at + 3] === second &&
      words[at + 4] === generation &&
      words[at + 5] === wildcardGeneration
    ) {
      this.low = words[at + 6] as number;
      this.high = words[at + 7] as number;
      return;
    }
    this.#ask(account, tokens);
    words[at] = account;
    words[at + 1] = kind;
    words[at + 2] = first;
    words[at + 3] = second;
    words[at + 4] = generation;
    words[at + 5] = wildcardGeneration;
    words[at + 6] = this.low;
    words[at + 7] = this.high;
  }

  #ask(account: number, tokens: SubjectTokens): void {
    let low = 0;
    let high = 0;
    for (let thread = 0; thread < this.#index.segmentsCount; thread += 1) {
      if (this.#index.reader(thread)?.mayMatch(account, tokens) !== true) continue;
      if (thread < 32) low |= 1 << thread;
      else high |= 1 << (thread - 32);
    }
    this.low = low;
    this.high = high;
  }
}
