// A read of which a part is handled later, so that quiet connections have their turn in between.
// Owned by the thread's driver, lent to one transport at a time. What must stay true: offsets are
// those of the read, so that a session finds the room before each slice that it found in the read.
import { assert, LIMITS } from "@weft/base";

export class RestOfRead {
  readonly bytes = Buffer.allocUnsafeSlow(LIMITS.readBytesBesideQuiet);
  /** `[next, end)` is still to be handled. */
  next = 0;
  end = 0;

  /** Keeps all but the first slice of the read `bytes[start, start + byteCount)`. */
  keep(bytes: Buffer, start: number, byteCount: number): void {
    assert(byteCount <= this.bytes.length, "a read beside quiet connections is small");
    this.next = LIMITS.sliceBytesBesideQuiet;
    this.end = byteCount;
    bytes.copy(this.bytes, this.next, start + this.next, start + byteCount);
  }

  /** Moves behind the next slice, and returns its end. */
  takeSlice(): number {
    this.next = Math.min(this.end, this.next + LIMITS.sliceBytesBesideQuiet);
    return this.next;
  }
}
