// A read of which a part is handled later, so that others have their turn in between.
// Owned by the thread's driver, lent to one transport at a time. What must stay true: offsets are
// those of the read, so that what was handled before a slice is room that its session may write into.
import { assert } from "@weft/base";

export class RestOfRead {
  readonly bytes: Buffer;
  /** `[next, end)` is still to be handled. */
  next = 0;
  end = 0;
  #sliceBytes = 0;

  /** For reads of up to `bytesMax`. */
  constructor(bytesMax: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytesMax);
  }

  /**
   * Keeps all but the first `handled` bytes of the read `bytes[start, start + byteCount)`, to be
   * handled in slices of `sliceBytes`.
   */
  keep(bytes: Buffer, start: number, handled: number, byteCount: number, sliceBytes: number): void {
    assert(byteCount <= this.bytes.length, "a rest is of one read");
    this.next = handled;
    this.end = byteCount;
    this.#sliceBytes = sliceBytes;
    bytes.copy(this.bytes, handled, start + handled, start + byteCount);
  }

  /** Moves behind the next slice, and returns its end. */
  takeSlice(): number {
    this.next = Math.min(this.end, this.next + this.#sliceBytes);
    return this.next;
  }

  /** Ends the use of its memory. */
  free(): void {
    (this.bytes.buffer as ArrayBuffer).transfer(0);
  }
}
