// One lane from another thread, owned by the reading thread: the ring, the slabs it refers to, and
// whether this end is awake, asleep or stopped by the handler.
import { assert } from "@weft/base";
import {
  DRAIN_EMPTIED,
  DRAIN_STOPPED,
  type DrainResult,
  type FrameHandler,
  type RingRegion,
} from "./ring.ts";
import { RingReader } from "./ring-reader.ts";
import { CONTROL_LANE, type LaneKind, type MailboxWiring } from "./wiring.ts";

/** Where the frames of a mailbox go. `bytes` is valid for the call only. */
export interface FrameSink {
  onControlFrame(from: number, bytes: Buffer, start: number, end: number): void;
  /** False: no room for it; the lane rests with this frame first until `Mailbox.resume(from)`. */
  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean;
}

export class IncomingLane implements FrameHandler {
  readonly from: number;
  readonly kind: LaneKind;
  /** Outcome of the last drain; the lane sleeps only after it was emptied. */
  result: DrainResult = DRAIN_EMPTIED;
  readonly #ring: RingReader;
  readonly #sink: FrameSink;
  readonly #wiring: MailboxWiring;
  #asleep = false;
  #slab: Buffer | null = null;

  constructor(
    address: { readonly from: number; readonly kind: LaneKind },
    region: RingRegion,
    sink: FrameSink,
    wiring: MailboxWiring,
  ) {
    this.from = address.from;
    this.kind = address.kind;
    this.#ring = new RingReader(region);
    this.#sink = sink;
    this.#wiring = wiring;
  }

  /** True when there may be frames that a drain would deliver. */
  get ready(): boolean {
    return !this.#asleep && this.result !== DRAIN_STOPPED;
  }

  /** True when the lane was asleep. */
  wake(): boolean {
    if (!this.#asleep) return false;
    this.#asleep = false;
    this.#ring.disarm();
    return true;
  }

  /** False when frames came in meanwhile: the lane stays awake. */
  sleep(): boolean {
    this.#asleep = this.#ring.arm();
    return this.#asleep;
  }

  /** The handler takes frames again after it stopped this lane. */
  resume(): void {
    if (this.result === DRAIN_STOPPED) this.result = DRAIN_EMPTIED;
  }

  /** Delivers up to `budgetBytes`; wakes the writer when it waits for the space this made. */
  drain(budgetBytes: number): void {
    this.result = this.#ring.drain(this, budgetBytes);
    if (this.#ring.writerWaits) this.#wiring.ringSpace(this.from);
  }

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    if (this.kind === CONTROL_LANE) {
      this.#sink.onControlFrame(this.from, bytes, start, end);
      return true;
    }
    return this.#sink.onDataFrame(this.from, bytes, start, end);
  }

  onSlabReference(frameBytes: number, slabBytes: number): boolean {
    if (this.#slab === null) {
      const region = this.#wiring.takeSlab(this.from, this.kind);
      assert(region !== null, "a slab is posted before its reference is published");
      assert(region.byteLength === slabBytes, "slabs arrive in the order of their references");
      this.#slab = Buffer.from(region, 0, slabBytes);
    }
    if (!this.onFrame(this.#slab, 0, frameBytes)) return false;
    this.#slab = null;
    return true;
  }
}
