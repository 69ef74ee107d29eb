// Memory for what sessions have read and not yet parsed: the beginnings of messages that came in
// pieces. One for a thread. Must stay true: memory that was given back is nobody's, and is written
// anew by the next one; what lies free is bounded, and what is more goes back to the system at once.
// Left to the collector, a stream of large messages would hold tens of megabytes of dead pieces.
import { assert } from "@weft/base";

/** Sizes are powers of two, so that memory fits again. */
const SIZE_BITS_MIN = 11;
const SIZE_BITS_MAX = 18;
/** Free memory that is kept: some messages of 64 KiB in pieces at the same time. */
const FREE_BYTES_MAX = 1024 * 1024;

export class RestPool {
  /** By `SIZE_BITS_MIN` and following. */
  readonly #free: Buffer[][] = Array.from({ length: SIZE_BITS_MAX - SIZE_BITS_MIN + 1 }, () => []);
  #freeBytes = 0;

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** At least `bytes`, less than twice that; beyond the largest size at most `bytesMax`. */
  take(bytes: number, bytesMax: number): Buffer {
    assert(bytes > 0, "a rest has bytes");
    const bits = Math.max(SIZE_BITS_MIN, 32 - Math.clz32(bytes - 1));
    const free = this.#free[bits - SIZE_BITS_MIN];
    if (free === undefined) {
      return Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(2 ** bits, bytesMax)));
    }
    const memory = free.pop();
    if (memory === undefined) return Buffer.allocUnsafeSlow(1 << bits);
    this.#freeBytes -= memory.length;
    return memory;
  }

  /** Ends the use of memory that `take` returned. */
  giveBack(memory: Buffer): void {
    const bits = 31 - Math.clz32(memory.length);
    const free = this.#free[bits - SIZE_BITS_MIN];
    const fits = free !== undefined && memory.length === 1 << bits;
    if (fits && this.#freeBytes + memory.length <= FREE_BYTES_MAX) {
      free.push(memory);
      this.#freeBytes += memory.length;
      return;
    }
    (memory.buffer as ArrayBuffer).transfer(0);
  }
}
