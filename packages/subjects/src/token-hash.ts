// The hash by which tokens and queue names are found in the interest index: keyed, so that who does
// not know the key cannot choose tokens that share a chain. Any thread; each thread has one key for
// all that it hashes. What must stay true: threads that share an index use the same seed, which the
// segments carry (`interest/layout.ts`), and a thread does not change its seed while it has one open.
import { createPrng } from "@weft/base";

/** 64 secret bits, as two 32-bit integers. */
export interface TokenHashSeed {
  readonly low: number;
  readonly high: number;
}

/** Bytes that are hashed between two mixings, each with a table of its own. */
const GROUP_BYTES = 4;
const BYTE_VALUES = 256;

/** Odd, with bits all over: the golden ratio. */
const MULTIPLIER = 0x9e3779b1;

/**
 * One random word for each byte value at each place of a group. A secret word for every byte, and
 * not a secret start value alone: bytes that differ then differ by something unknown, so that no
 * second difference can be chosen that takes it back, whatever the seed.
 */
export const TOKEN_HASH_TABLE = new Int32Array(GROUP_BYTES * BYTE_VALUES);

const NO_SECRET: TokenHashSeed = { low: 0, high: 0 };
let current = NO_SECRET;
seedTokenHash(NO_SECRET);

/** Sets the key of this thread: first of all, before it opens an index or hashes a token. */
export function seedTokenHash(seed: TokenHashSeed): void {
  const [first, second] = [createPrng(seed.low), createPrng(seed.high)];
  // One step ahead, or equal halves of a seed would cancel each other.
  second.nextUint32();
  for (let at = 0; at < TOKEN_HASH_TABLE.length; at += 1) {
    TOKEN_HASH_TABLE[at] = first.nextUint32() ^ second.nextUint32();
  }
  current = { low: seed.low | 0, high: seed.high | 0 };
}

/** Seed of this thread, as signed integers; zeros until it is set. */
export function tokenHashSeed(): TokenHashSeed {
  return current;
}

/** What the state goes through after each whole group: a bijection that is not linear. */
export function mixTokenHash(state: number): number {
  const product = Math.imul(state, MULTIPLIER);
  return product ^ (product >>> 15);
}

/** Hash of the bytes `[start, end)`, a signed 32-bit integer; agrees with `SubjectTokens`. */
export function hashToken(input: Uint8Array, start: number, end: number): number {
  let hash = 0;
  let place = 0;
  for (let at = start; at < end; at += 1) {
    hash ^= TOKEN_HASH_TABLE[place | (input[at] as number)] as number;
    place += BYTE_VALUES;
    if (place < TOKEN_HASH_TABLE.length) continue;
    hash = mixTokenHash(hash);
    place = 0;
  }
  return hash;
}
