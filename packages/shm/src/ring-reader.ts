// The reading end of a ring: owned by one thread, the sole writer of the tail. It sleeps by arming:
// it stores "armed" and looks at the head once more, so that no frame is published unseen. Each
// store of the tail is followed by a look at "waiting", so that no writer waits for room it has.
import { assert } from "@weft/base";
import {
  ARMED_WORD,
  DATA_WORD,
  DRAIN_BUDGET,
  DRAIN_EMPTIED,
  DRAIN_STOPPED,
  type DrainResult,
  FRAME_HEADER_BYTES,
  type FrameHandler,
  HEAD_WORD,
  KIND_FRAME,
  KIND_SLAB,
  KIND_WRAP,
  REFERENCE_BYTES,
  RING_HEADER_BYTES,
  type RingRegion,
  ringCapacityBytes,
  SLAB_TAIL_WORD,
  TAIL_WORD,
  WAITING_WORD,
} from "./ring.ts";

/** Reads frames in order, each exactly once. A frame that cannot be real fails an assert. */
export class RingReader {
  /** Set by `drain`: the writer waits for space and must be woken. */
  writerWaits = false;
  readonly #bytes: Buffer;
  readonly #frameBytesMax: number;
  readonly #words: Int32Array;
  readonly #unitsMax: number;
  #tail: number;
  #released: number;
  #slabTail: number;
  #slabReleased: number;

  constructor(region: RingRegion) {
    const capacityBytes = ringCapacityBytes(region);
    this.#bytes = Buffer.from(region, RING_HEADER_BYTES, capacityBytes);
    this.#frameBytesMax = capacityBytes / 4 - FRAME_HEADER_BYTES;
    this.#words = new Int32Array(region);
    this.#unitsMax = capacityBytes / 8;
    this.#tail = Atomics.load(this.#words, TAIL_WORD);
    this.#released = this.#tail;
    this.#slabTail = Atomics.load(this.#words, SLAB_TAIL_WORD);
    this.#slabReleased = this.#slabTail;
  }

  /**
   * Hands frames to `frames` until all that are visible now are handled, `budgetBytes` of the ring
   * are used up (by at most one frame more), or the handler stops. Sets `writerWaits`. A handler
   * that throws leaves the ring unusable.
   */
  drain(frames: FrameHandler, budgetBytes: number): DrainResult {
    this.writerWaits = false;
    const words = this.#words;
    const head = Atomics.load(words, HEAD_WORD);
    const releaseUnits = this.#unitsMax >>> 3;
    const first = this.#tail;
    const budgetUnits = budgetBytes >>> 3;
    let result: DrainResult = DRAIN_EMPTIED;
    let tail = first;
    while (tail !== head) {
      if (((tail - first) | 0) >= budgetUnits) {
        result = DRAIN_BUDGET;
        break;
      }
      const unit = tail & (this.#unitsMax - 1);
      const frameBytes = words[DATA_WORD + unit * 2]!;
      const stamp = words[DATA_WORD + unit * 2 + 1]!;
      if (stamp === ((tail << 2) | KIND_FRAME)) {
        if (frameBytes <= 0 || frameBytes > this.#frameBytesMax) this.#failFrame(frameBytes, stamp);
        const start = unit * 8 + FRAME_HEADER_BYTES;
        if (!frames.onFrame(this.#bytes, start, start + frameBytes)) {
          result = DRAIN_STOPPED;
          break;
        }
        tail = (tail + ((frameBytes + FRAME_HEADER_BYTES + 7) >>> 3)) | 0;
      } else {
        const units = this.#passMarker(frames, tail, frameBytes, stamp);
        if (units === 0) {
          result = DRAIN_STOPPED;
          break;
        }
        tail = (tail + units) | 0;
      }
      if (((head - tail) | 0) < 0) this.#failFrame(frameBytes, stamp);
      if (((tail - this.#released) | 0) >= releaseUnits) this.#release(tail);
    }
    this.#tail = tail;
    if (tail !== this.#released) this.#release(tail);
    return result;
  }

  /**
   * Goes to sleep: after this the writer rings the doorbell once. False when frames came in
   * meanwhile: the reader is awake and must drain on. Only after a drain that emptied the ring.
   */
  arm(): boolean {
    const words = this.#words;
    Atomics.store(words, ARMED_WORD, 1);
    if (Atomics.load(words, HEAD_WORD) === this.#tail) return true;
    Atomics.store(words, ARMED_WORD, 0);
    return false;
  }

  /** Awake for another reason than the doorbell: spares the writer ringing it. */
  disarm(): void {
    Atomics.store(this.#words, ARMED_WORD, 0);
  }

  /** Units that a frame which is none takes, or 0 when the handler stopped. */
  #passMarker(frames: FrameHandler, tail: number, frameBytes: number, stamp: number): number {
    const unit = tail & (this.#unitsMax - 1);
    if (stamp === ((tail << 2) | KIND_WRAP)) {
      if (frameBytes !== 0 || unit === 0) this.#failFrame(frameBytes, stamp);
      return this.#unitsMax - unit;
    }
    if (stamp !== ((tail << 2) | KIND_SLAB) || frameBytes !== REFERENCE_BYTES) {
      this.#failFrame(frameBytes, stamp);
    }
    const word = DATA_WORD + unit * 2 + FRAME_HEADER_BYTES / 4;
    const slabFrameBytes = this.#words[word]!;
    const slabBytes = this.#words[word + 1]!;
    if (slabFrameBytes <= 0 || slabBytes < slabFrameBytes) this.#failFrame(slabFrameBytes, stamp);
    if (!frames.onSlabReference(slabFrameBytes, slabBytes)) return 0;
    this.#slabTail = (this.#slabTail + slabBytes) | 0;
    return (REFERENCE_BYTES + FRAME_HEADER_BYTES) / 8;
  }

  #release(tail: number): void {
    const words = this.#words;
    this.#released = tail;
    if (this.#slabTail !== this.#slabReleased) {
      this.#slabReleased = this.#slabTail;
      Atomics.store(words, SLAB_TAIL_WORD, this.#slabTail);
    }
    Atomics.store(words, TAIL_WORD, tail);
    if (
      Atomics.load(words, WAITING_WORD) === 1 &&
      Atomics.compareExchange(words, WAITING_WORD, 1, 0) === 1
    ) {
      this.writerWaits = true;
    }
  }

  #failFrame(frameBytes: number, stamp: number): never {
    assert(false, `corrupt ring: length ${frameBytes}, stamp ${stamp}, tail ${this.#tail}`);
  }
}
