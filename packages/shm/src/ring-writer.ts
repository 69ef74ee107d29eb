// The writing end of a ring: owned by one thread, the sole writer of the head and of all frames.
//
// No wake-up is lost because each side stores its news before it looks at the other's wish:
// publish stores the head, then loads "armed"; the reader stores "armed", then loads the head.
// wantSpace stores "waiting", then loads the tail; the reader stores the tail, then loads
// "waiting". The order of these accesses is explored in ring.interleavings.test.ts.
import { assert } from "@weft/base";
import {
  ARMED_WORD,
  DATA_WORD,
  FRAME_HEADER_BYTES,
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

/** Writes frames: `reserve`, fill the bytes, `commit`; once per turn `publish`. */
export class RingWriter {
  /** The ring's frames; offsets given by `reserve` count from its start. */
  readonly bytes: Buffer;
  /** Longest frame. With its header a quarter of the ring: it fits into an empty one anywhere. */
  readonly frameBytesMax: number;
  /** Slab bytes that may wait unread; a single larger slab passes alone. */
  readonly slabBytesMax: number;
  /** Bytes that the last reservation got. */
  room = 0;
  readonly #words: Int32Array;
  readonly #unitsMax: number;
  #head: number;
  #published: number;
  #tailSeen: number;
  #reservedHead: number;
  #reservedSlabBytes = 0;
  #reservedBytes = 0;
  /** Word of the length of the reserved frame. */
  #lengthWord = 0;
  #slabHead = 0;
  #wantedFrameBytes = 0;
  #wantedSlabBytes = 0;

  constructor(region: RingRegion, slabBytesMax = 0) {
    const capacityBytes = ringCapacityBytes(region);
    this.bytes = Buffer.from(region, RING_HEADER_BYTES, capacityBytes);
    this.frameBytesMax = capacityBytes / 4 - FRAME_HEADER_BYTES;
    this.slabBytesMax = slabBytesMax;
    this.#words = new Int32Array(region);
    this.#unitsMax = capacityBytes / 8;
    this.#head = Atomics.load(this.#words, HEAD_WORD);
    this.#published = this.#head;
    this.#reservedHead = this.#head;
    this.#tailSeen = Atomics.load(this.#words, TAIL_WORD);
    this.#slabHead = Atomics.load(this.#words, SLAB_TAIL_WORD);
  }

  /**
   * Offset in `bytes` of room for a frame of `frameBytes` bytes, or -1 when there is none now. Up to
   * `mostBytes` are given where they lie free behind; `room` tells. The room is the caller's until
   * `commit`, or until the next `reserve`, which abandons it.
   */
  reserve(frameBytes: number, mostBytes = frameBytes): number {
    const start = this.#place(frameBytes, KIND_FRAME);
    this.room = frameBytes;
    if (start >= 0 && mostBytes > frameBytes) this.#widen(start, mostBytes);
    return start;
  }

  /**
   * Like `reserve`, for a frame that lies in a slab: writes the reference itself. False when the
   * ring or the slab allowance is full. The slab must be posted before `publish`.
   */
  reserveReference(frameBytes: number, slabBytes: number): boolean {
    if (!this.#slabFits(slabBytes)) {
      this.#wantedFrameBytes = REFERENCE_BYTES;
      this.#wantedSlabBytes = slabBytes;
      return false;
    }
    const start = this.#place(REFERENCE_BYTES, KIND_SLAB);
    if (start < 0) {
      this.#wantedSlabBytes = slabBytes;
      return false;
    }
    const word = DATA_WORD + (start >>> 2);
    this.#words[word] = frameBytes;
    this.#words[word + 1] = slabBytes;
    this.#reservedSlabBytes = slabBytes;
    return true;
  }

  /**
   * The reserved frame is complete: the first `frameBytes` of its room, all of it if not said
   * otherwise. It is visible after the next `publish`.
   */
  commit(frameBytes = -1): void {
    if (frameBytes >= 0 && frameBytes !== this.#reservedBytes) {
      assert(frameBytes > 0 && frameBytes <= this.room, "a frame is within its reservation");
      this.#words[this.#lengthWord] = frameBytes;
      const before = (this.#reservedBytes + FRAME_HEADER_BYTES + 7) >>> 3;
      const after = (frameBytes + FRAME_HEADER_BYTES + 7) >>> 3;
      this.#reservedHead = (this.#reservedHead + after - before) | 0;
    }
    this.#head = this.#reservedHead;
    if (this.#reservedSlabBytes !== 0) {
      this.#slabHead = (this.#slabHead + this.#reservedSlabBytes) | 0;
      this.#reservedSlabBytes = 0;
    }
  }

  /** True when frames are committed and not yet published. */
  get dirty(): boolean {
    return this.#head !== this.#published;
  }

  /** Makes all committed frames visible. True when the reader sleeps: ring its doorbell. */
  publish(): boolean {
    const head = this.#head;
    if (head === this.#published) return false;
    this.#published = head;
    const words = this.#words;
    Atomics.store(words, HEAD_WORD, head);
    return (
      Atomics.load(words, ARMED_WORD) === 1 &&
      Atomics.compareExchange(words, ARMED_WORD, 1, 0) === 1
    );
  }

  /**
   * After a refused reservation: asks the reader for a wake-up when it has freed something. True
   * when the room is already there; then a wake-up may still arrive and means nothing.
   */
  wantSpace(): boolean {
    const words = this.#words;
    Atomics.store(words, WAITING_WORD, 1);
    if (!this.spaceIsThere()) return false;
    Atomics.compareExchange(words, WAITING_WORD, 1, 0);
    return true;
  }

  /** True when what was refused last would be accepted now. */
  spaceIsThere(): boolean {
    this.#tailSeen = Atomics.load(this.#words, TAIL_WORD);
    if (this.#wantedSlabBytes !== 0 && !this.#slabFits(this.#wantedSlabBytes)) return false;
    const units = (this.#wantedFrameBytes + FRAME_HEADER_BYTES + 7) >>> 3;
    return this.#unitsWithSkip(units) <= this.#unitsFree();
  }

  /** Slab bytes that the reader is done with, a wrapping int32 count. */
  slabBytesReturned(): number {
    return Atomics.load(this.#words, SLAB_TAIL_WORD);
  }

  /** Slab bytes committed so far, a wrapping int32 count. */
  get slabBytesSent(): number {
    return this.#slabHead;
  }

  #place(frameBytes: number, kind: number): number {
    if (frameBytes <= 0 || frameBytes > this.frameBytesMax) this.#failFrameBytes(frameBytes);
    const units = (frameBytes + FRAME_HEADER_BYTES + 7) >>> 3;
    const needed = this.#unitsWithSkip(units);
    if (needed > this.#unitsFree()) {
      this.#tailSeen = Atomics.load(this.#words, TAIL_WORD);
      if (needed > this.#unitsFree()) {
        this.#wantedFrameBytes = frameBytes;
        this.#wantedSlabBytes = 0;
        return -1;
      }
    }
    const words = this.#words;
    let head = this.#head;
    let unit = head & (this.#unitsMax - 1);
    if (needed !== units) {
      words[DATA_WORD + unit * 2] = 0;
      words[DATA_WORD + unit * 2 + 1] = (head << 2) | KIND_WRAP;
      head = (head + needed - units) | 0;
      unit = 0;
    }
    words[DATA_WORD + unit * 2] = frameBytes;
    words[DATA_WORD + unit * 2 + 1] = (head << 2) | kind;
    this.#reservedHead = (head + units) | 0;
    this.#reservedSlabBytes = 0;
    this.#reservedBytes = frameBytes;
    this.#lengthWord = DATA_WORD + unit * 2;
    return unit * 8 + FRAME_HEADER_BYTES;
  }

  /** Gives the reservation at `start` what lies free behind it, up to the end of the ring. */
  #widen(start: number, mostBytes: number): void {
    const unit = (start - FRAME_HEADER_BYTES) >>> 3;
    const units = (this.room + FRAME_HEADER_BYTES + 7) >>> 3;
    const taken = ((this.#reservedHead - this.#head) | 0) - units;
    if ((this.#unitsFree() - taken) * 8 < mostBytes + FRAME_HEADER_BYTES) {
      this.#tailSeen = Atomics.load(this.#words, TAIL_WORD);
    }
    const free = Math.min(this.#unitsFree() - taken, this.#unitsMax - unit);
    this.room = Math.min(mostBytes, this.frameBytesMax, free * 8 - FRAME_HEADER_BYTES);
  }

  /** Units that a frame of `units` takes from here: more when the end of the ring is skipped. */
  #unitsWithSkip(units: number): number {
    const toEnd = this.#unitsMax - (this.#head & (this.#unitsMax - 1));
    return toEnd < units ? toEnd + units : units;
  }

  #unitsFree(): number {
    return this.#unitsMax - ((this.#head - this.#tailSeen) | 0);
  }

  #slabFits(slabBytes: number): boolean {
    const waiting = (this.#slabHead - Atomics.load(this.#words, SLAB_TAIL_WORD)) | 0;
    return waiting === 0 || waiting + slabBytes <= this.slabBytesMax;
  }

  #failFrameBytes(frameBytes: number): never {
    assert(false, `a frame of ${frameBytes} bytes in a ring for at most ${this.frameBytesMax}`);
  }
}
