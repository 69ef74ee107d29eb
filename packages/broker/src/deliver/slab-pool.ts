// Outbound memory of one worker: fixed slabs that are lent to outboxes and come back when their
// bytes were written. Owned by the worker's core; a slab has one owner or is shared by count.
import { assert, LIMITS, makeView } from "@weft/base";

const SMALL_BYTES = 2048;
/** Idle slabs kept for reuse; the memory of more is given back. */
const LARGE_KEPT = 256;
const SMALL_KEPT = 2048;

/** A lent piece of memory. `references` counts the outboxes whose queued bytes lie in it. */
export class Slab {
  readonly bytes: Buffer;
  readonly view: DataView;
  references = 1;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = makeView(bytes);
  }
}

/** Free lists of the two slab sizes. */
export class SlabPool {
  readonly #large: Slab[] = [];
  readonly #small: Slab[] = [];

  /** A slab of `LIMITS.slabBytes`, or of exactly `bytesMin` when that is more. */
  take(bytesMin: number): Slab {
    if (bytesMin > LIMITS.slabBytes) return new Slab(Buffer.allocUnsafeSlow(bytesMin));
    const slab = this.#large.pop();
    if (slab === undefined) return new Slab(Buffer.allocUnsafeSlow(LIMITS.slabBytes));
    slab.references = 1;
    return slab;
  }

  /**
   * A slab of 2 KiB for a connection that last sent little: a broadcast to ten thousand idle
   * connections must not lend each of them 64 KiB.
   */
  takeSmall(): Slab {
    const slab = this.#small.pop();
    if (slab === undefined) return new Slab(Buffer.allocUnsafeSlow(SMALL_BYTES));
    slab.references = 1;
    return slab;
  }

  /** Ends one reference; the last one returns the slab. */
  release(slab: Slab): void {
    slab.references -= 1;
    if (slab.references > 0) return;
    assert(slab.references === 0, "slab released once per reference");
    const size = slab.bytes.length;
    if (size === LIMITS.slabBytes && this.#large.length < LARGE_KEPT) this.#large.push(slab);
    else if (size === SMALL_BYTES && this.#small.length < SMALL_KEPT) this.#small.push(slab);
    else giveBack(slab);
  }
}

/**
 * Frees the memory now. A collector that sees only the small objects around it would let hundreds
 * of megabytes of closed slow consumers stand for as long as the worker is idle.
 */
function giveBack(slab: Slab): void {
  (slab.bytes.buffer as ArrayBuffer).transfer(0);
}

/** Largest write that still starts in a small slab. */
export const smallSlabBytes = SMALL_BYTES;
