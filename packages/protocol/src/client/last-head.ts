// The head of the publish that came last, `PUB subject `, kept to be compared instead of parsed: who
// publishes much publishes on few subjects. Owned by the parser of one thread. Must stay true: the
// head counts only where all of its bytes are the same, so nothing depends on who sent it.
import { copyWords, equalWords, makeView } from "@weft/base";

/** `PUB ` and the blank behind the subject. */
export const HEAD_FIXED_BYTES = 5;
/** Longer ones are not remembered. */
const HEAD_BYTES_MAX = 256;

export class LastHead {
  /** 0 = nothing is remembered. */
  bytes = 0;
  /** Hash of its subject. */
  hash = 0;
  readonly #view = makeView(new Uint8Array(HEAD_BYTES_MAX));
  #seenHash = 0;

  /** True when `[position, end)` begins with the head. */
  isAt(view: DataView, position: number, end: number): boolean {
    const { bytes } = this;
    return bytes > 0 && position + bytes <= end && equalWords(this.#view, 0, view, position, bytes);
  }

  /** Another head than the one remembered: it takes its place when it comes twice in a row. */
  see(view: DataView, position: number, subjectEnd: number, hash: number): void {
    const bytes = subjectEnd + 1 - position;
    if (hash === this.#seenHash && bytes <= HEAD_BYTES_MAX) {
      copyWords(view, position, position + bytes, this.#view, 0);
      this.bytes = bytes;
      this.hash = hash;
    }
    this.#seenHash = hash;
  }
}
