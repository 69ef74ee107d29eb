// The tokens of one subject, found in place in the bytes of the protocol line: bounds and hashes,
// no strings. One reusable object per thread; it points into `input`, which the caller must not
// change while it reads the tokens.
import { LIMITS } from "@weft/base";

/** Start value of a token's hash: the offset basis of FNV-1a 32. */
export const TOKEN_HASH_SEED = 0x811c9dc5 | 0;

const FNV_PRIME = 0x01000193;
const DOT = 0x2e;
const NO_INPUT = new Uint8Array(0);

/** FNV-1a 32 of the bytes `[start, end)`, as a signed 32-bit integer; agrees with `hashes`. */
export function hashToken(input: Uint8Array, start: number, end: number): number {
  let hash = TOKEN_HASH_SEED;
  for (let at = start; at < end; at += 1) {
    hash = Math.imul(hash ^ (input[at] as number), FNV_PRIME);
  }
  return hash;
}

/**
 * Tokens of the subject parsed last. Token `i` of `count` has the bytes
 * `[starts[i], ends[i])` of `input` and the FNV-1a 32 hash `hashes[i]` (signed). Empty tokens are
 * kept (`start === end`); an empty subject has one empty token. Entries from `count` on are stale.
 */
export class SubjectTokens {
  input: Uint8Array = NO_INPUT;
  count = 0;
  readonly starts = new Int32Array(LIMITS.subjectTokensMax);
  readonly ends = new Int32Array(LIMITS.subjectTokensMax);
  readonly hashes = new Int32Array(LIMITS.subjectTokensMax);

  /** False, and `count` 0, if there are more than `LIMITS.subjectTokensMax` tokens. */
  parse(input: Uint8Array, start: number, end: number): boolean {
    const { starts, ends, hashes } = this;
    this.input = input;
    let count = 0;
    let tokenStart = start;
    let hash = TOKEN_HASH_SEED;
    for (let at = start; at < end; at += 1) {
      const byte = input[at] as number;
      if (byte !== DOT) {
        hash = Math.imul(hash ^ byte, FNV_PRIME);
        continue;
      }
      if (count === LIMITS.subjectTokensMax - 1) {
        this.count = 0;
        return false;
      }
      starts[count] = tokenStart;
      ends[count] = at;
      hashes[count] = hash;
      count += 1;
      tokenStart = at + 1;
      hash = TOKEN_HASH_SEED;
    }
    starts[count] = tokenStart;
    ends[count] = end;
    hashes[count] = hash;
    this.count = count + 1;
    return true;
  }
}
