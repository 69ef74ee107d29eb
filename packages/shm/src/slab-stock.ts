// The slabs of one outgoing lane: memory for frames that are too large for its ring. Owned by the
// writing thread. Slabs are used again as soon as the reader is done with them, because shared
// memory is invisible to the garbage collector's pressure: dropped slabs could pile up unseen.
import { assert } from "@weft/base";
import type { RingRegion } from "./ring.ts";

const SLAB_BYTES_MIN = 64 * 1024;
const ONE_SLAB_BYTES_MAX = 1024 * 1024 * 1024;

/** A slab and a view of all its bytes. */
export interface Slab {
  readonly region: RingRegion;
  readonly bytes: Buffer;
}

/** Hands out slabs and takes them back in the order in which they were sent. */
export class SlabStock {
  readonly #bytesMax: number;
  readonly #createRegion: (regionBytes: number) => RingRegion;
  #free: Slab[] = [];
  #freeBytes = 0;
  /** Sent and not yet returned, oldest first, each with the count of bytes sent up to its end. */
  #sent: { readonly slab: Slab; readonly sentBytes: number }[] = [];
  #sentBytes = 0;
  /** Since `trimIdle` looked last. */
  #wasUsed = false;

  /** Keeps at most `bytesMax` bytes, free and sent together; a single larger slab passes. */
  constructor(bytesMax: number, createRegion: (regionBytes: number) => RingRegion) {
    this.#bytesMax = bytesMax;
    this.#createRegion = createRegion;
  }

  /** Size of the slab that a frame gets: a power of two, so that slabs fit again. */
  static slabBytesFor(frameBytes: number): number {
    assert(frameBytes > 0 && frameBytes <= ONE_SLAB_BYTES_MAX, "a frame has 1 byte to 1 GiB");
    let slabBytes = SLAB_BYTES_MIN;
    while (slabBytes < frameBytes) slabBytes *= 2;
    return slabBytes;
  }

  take(slabBytes: number): Slab {
    this.#wasUsed = true;
    const at = this.#free.findIndex((slab) => slab.bytes.length === slabBytes);
    if (at >= 0) {
      this.#freeBytes -= slabBytes;
      return this.#free.splice(at, 1)[0]!;
    }
    if (this.#freeBytes + this.#sentBytes + slabBytes > this.#bytesMax) this.trim();
    const region = this.#createRegion(slabBytes);
    return { region, bytes: Buffer.from(region, 0, slabBytes) };
  }

  /** A slab that was taken and not sent. */
  giveBack(slab: Slab): void {
    this.#free.push(slab);
    this.#freeBytes += slab.bytes.length;
  }

  /** `sentBytes` is the lane's count of slab bytes with this slab, a wrapping int32. */
  send(slab: Slab, sentBytes: number): void {
    this.#sent.push({ slab, sentBytes });
    this.#sentBytes += slab.bytes.length;
  }

  /** Takes back what the reader is done with: `returnedBytes` is its wrapping count. */
  collect(returnedBytes: number): void {
    let done = 0;
    for (const { slab, sentBytes } of this.#sent) {
      if (((returnedBytes - sentBytes) | 0) < 0) break;
      this.#sentBytes -= slab.bytes.length;
      this.giveBack(slab);
      done++;
    }
    if (done > 0) this.#sent.splice(0, done);
    if (this.#freeBytes + this.#sentBytes > this.#bytesMax) this.trim();
  }

  /** Drops the slabs that lie free if none was taken since this was called last. */
  trimIdle(): void {
    if (!this.#wasUsed) this.trim();
    this.#wasUsed = false;
  }

  /** Drops the slabs that lie free. */
  trim(): void {
    this.#free = [];
    this.#freeBytes = 0;
  }
}
