// A small seeded generator for choices that need to be fair but not secret (queue members,
// weighted mappings, jitter). Pure: the driver seeds it, simulations replay it.

/** Source of unbiased choices. */
export interface Prng {
  /** Uniform unsigned 32-bit integer. */
  nextUint32(): number;
  /** Uniform integer in `[0, bound)`, `bound` from 1 to 2^32. */
  below(bound: number): number;
}

class Xoshiro128 implements Prng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    // SplitMix32 spreads the seed, so that small seeds do not start with poor states.
    let state = seed | 0;
    const split = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return z ^ (z >>> 16);
    };
    this.#a = split();
    this.#b = split();
    this.#c = split();
    this.#d = split() | 1;
  }

  nextUint32(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  below(bound: number): number {
    // 2^32 is far above any bound used here; the multiply keeps the bias below bound / 2^32.
    return Math.floor((this.nextUint32() / 0x1_0000_0000) * bound);
  }
}

/** A generator (xoshiro128**) that yields the same sequence for the same 32-bit seed. */
export function createPrng(seed: number): Prng {
  return new Xoshiro128(seed);
}
