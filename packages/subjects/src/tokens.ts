// The tokens of one subject, found in place in the bytes of the protocol line: bounds and hashes,
// no strings. One reusable object per thread; it points into `input`, which the caller must not
// change while it reads the tokens.
import { LIMITS } from "@weft/base";
import { mixTokenHash, TOKEN_HASH_TABLE } from "./token-hash.ts";

const DOT = 0x2e;
const NO_INPUT = new Uint8Array(0);
/** Tables of the second to fourth byte of a group. */
const SECOND = 0x100;
const THIRD = 0x200;
const FOURTH = 0x300;

/**
 * Tokens of the subject parsed last. Token `i` of `count` has the bytes
 * `[starts[i], ends[i])` of `input` and the hash `hashes[i]` of `hashToken` (signed). Empty tokens
 * are kept (`start === end`); an empty subject has one empty token. Entries from `count` on are
 * stale.
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
    const table = TOKEN_HASH_TABLE;
    this.input = input;
    let count = 0;
    let at = start;
    for (;;) {
      const tokenStart = at;
      let hash = 0;
      // One group per round, written out: a loop over places costs as much as the hash itself.
      while (at < end) {
        const first = input[at] as number;
        if (first === DOT) break;
        hash ^= table[first] as number;
        at += 1;
        if (at === end) break;
        const second = input[at] as number;
        if (second === DOT) break;
        hash ^= table[SECOND | second] as number;
        at += 1;
        if (at === end) break;
        const third = input[at] as number;
        if (third === DOT) break;
        hash ^= table[THIRD | third] as number;
        at += 1;
        if (at === end) break;
        const fourth = input[at] as number;
        if (fourth === DOT) break;
        hash = mixTokenHash(hash ^ (table[FOURTH | fourth] as number));
        at += 1;
      }
      starts[count] = tokenStart;
      ends[count] = at;
      hashes[count] = hash;
      count += 1;
      if (at >= end) break;
      if (count === LIMITS.subjectTokensMax) {
        this.count = 0;
        return false;
      }
      at += 1;
    }
    this.count = count;
    return true;
  }
}
