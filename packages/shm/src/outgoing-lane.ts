// One lane to another thread, owned by the writing thread: the ring, slabs for frames that are too
// large for it, and, on a control lane, a bounded spill for frames that find the ring full.
//
// Frames arrive in the order of their commits. Once a data lane has refused a frame it refuses all
// others too, until the mailbox tells its handler of space: a small frame cannot overtake a parked
// one. Once a control lane has spilled, all frames spill until the spill is empty.
import { assert } from "@weft/base";
import type { RingRegion } from "./ring.ts";
import { RingWriter } from "./ring-writer.ts";
import { type Slab, SlabStock } from "./slab-stock.ts";
import { CONTROL_LANE, type LaneKind, type MailboxWiring } from "./wiring.ts";

/** Unread slab bytes of one lane; a frame beyond finds the lane full. */
export const SLAB_BYTES_MAX = 64 * 1024 * 1024;
/** Control frames that wait for room; more fail an assert: the reader has stopped for long. */
export const SPILL_BYTES_MAX = 16 * 1024 * 1024;

const IN_RING = 0;
const IN_SLAB = 1;
const IN_SPILL = 2;
const NOWHERE = 3;

/** Writes frames: `reserve`, fill `bytes` from the offset on, `commit`. */
export class OutgoingLane {
  /** Where the frame reserved last is to be written. Changes with `reserve`. */
  bytes: Buffer;
  readonly to: number;
  readonly kind: LaneKind;
  readonly #ring: RingWriter;
  readonly #wiring: MailboxWiring;
  /** The mailbox's lanes with something to publish or to wait for; this one once at most. */
  readonly #listed: OutgoingLane[];
  readonly #stock: SlabStock;
  #isListed = false;
  #place = IN_RING;
  #roomApart = 0;
  #slab: Slab | null = null;
  #direct = true;
  #refused = false;
  #spill: Buffer[] = [];
  #spillBytes = 0;
  #abandoned = false;

  constructor(
    address: { readonly to: number; readonly kind: LaneKind },
    region: RingRegion,
    wiring: MailboxWiring,
    listed: OutgoingLane[],
  ) {
    this.to = address.to;
    this.kind = address.kind;
    this.#ring = new RingWriter(region, SLAB_BYTES_MAX);
    this.#wiring = wiring;
    this.#listed = listed;
    this.#stock = new SlabStock(SLAB_BYTES_MAX, (bytes) => wiring.createSlab(bytes));
    this.bytes = this.#ring.bytes;
  }

  /**
   * Offset in `bytes` where the caller writes `frameBytes` bytes, or up to `room` bytes, which is
   * `mostBytes` where the ring has them. -1 when a data lane is full: park the frame until
   * `onSpace`. A control lane never refuses.
   */
  reserve(frameBytes: number, mostBytes = frameBytes): number {
    if (this.#direct && frameBytes <= this.#ring.frameBytesMax) {
      const start = this.#ring.reserve(frameBytes, mostBytes);
      if (start >= 0) {
        if (this.#place !== IN_RING) {
          this.#place = IN_RING;
          this.bytes = this.#ring.bytes;
        }
        return start;
      }
    }
    this.#roomApart = frameBytes;
    return this.#reserveApart(frameBytes);
  }

  /** Bytes that the last reservation got: more than asked for only in the ring. */
  get room(): number {
    return this.#place === IN_RING ? this.#ring.room : this.#roomApart;
  }

  /**
   * The first `frameBytes` of what was reserved are a complete frame; outside the ring it is always
   * all of it. It leaves with the mailbox's next `publish`.
   */
  commit(frameBytes: number = this.room): void {
    if (this.#place === IN_RING) {
      this.#ring.commit(frameBytes);
      if (!this.#isListed) this.list();
      return;
    }
    this.#commitApart(frameBytes);
  }

  /** Takes part in the mailbox's next `publish`. */
  list(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    this.#listed.push(this);
  }

  /** True when the reader sleeps: ring its doorbell. */
  publish(): boolean {
    if (this.#spill.length > 0) this.flushSpill();
    this.#isListed = false;
    return this.#ring.publish();
  }

  /** True when a frame was refused or spilled and there was no room since. */
  get waits(): boolean {
    return this.#refused || this.#spill.length > 0;
  }

  /** True when the lane waited for nothing: there is room already. Else a wake-up will come. */
  wantSpace(): boolean {
    return this.#ring.wantSpace();
  }

  spaceIsThere(): boolean {
    return this.#ring.spaceIsThere();
  }

  /** Accepts frames again after a refusal. */
  reopen(): void {
    this.#refused = false;
    this.#direct = !this.#abandoned;
  }

  /** Moves spilled frames into the ring, as many as fit. */
  flushSpill(): void {
    let moved = 0;
    for (const frame of this.#spill) {
      const start = this.#reserveNow(frame.length);
      if (start < 0) break;
      frame.copy(this.bytes, start);
      this.#commitPlaced();
      this.#spillBytes -= frame.length;
      moved++;
    }
    this.#spill.splice(0, moved);
    if (this.#spill.length === 0) this.#direct = !this.#abandoned;
    if (moved > 0) this.list();
  }

  /** The reader is gone: what is written from now on is dropped, and nothing is refused. */
  abandon(): void {
    this.#abandoned = true;
    this.#direct = false;
    this.#refused = false;
    this.#spill = [];
    this.#spillBytes = 0;
  }

  /** Now and then: drops memory of large frames that none was sent in since the last call. */
  trimIdle(): void {
    this.#stock.collect(this.#ring.slabBytesReturned());
    this.#stock.trimIdle();
  }

  #reserveApart(frameBytes: number): number {
    if (this.#abandoned) return this.#reserveHeap(frameBytes, NOWHERE);
    if (this.#refused) return -1;
    if (this.#spill.length === 0) {
      const start = this.#reserveNow(frameBytes);
      if (start >= 0) return start;
    }
    if (this.kind === CONTROL_LANE) return this.#reserveHeap(frameBytes, IN_SPILL);
    this.#refused = true;
    this.#direct = false;
    this.list();
    return -1;
  }

  #reserveNow(frameBytes: number): number {
    const isSmall = frameBytes <= this.#ring.frameBytesMax;
    const start = isSmall ? this.#ring.reserve(frameBytes) : this.#reserveSlab(frameBytes);
    if (start < 0) return -1;
    this.#place = isSmall ? IN_RING : IN_SLAB;
    this.bytes = isSmall ? this.#ring.bytes : this.#slab!.bytes;
    return start;
  }

  #reserveSlab(frameBytes: number): number {
    const slabBytes = SlabStock.slabBytesFor(frameBytes);
    if (!this.#ring.reserveReference(frameBytes, slabBytes)) return -1;
    this.#stock.collect(this.#ring.slabBytesReturned());
    if (this.#slab !== null) this.#stock.giveBack(this.#slab);
    this.#slab = this.#stock.take(slabBytes);
    return 0;
  }

  #reserveHeap(frameBytes: number, place: number): number {
    assert(frameBytes > 0, "a frame has at least one byte");
    if (place === IN_SPILL) {
      assert(this.#spillBytes + frameBytes <= SPILL_BYTES_MAX, `thread ${this.to} reads no more`);
    }
    this.bytes = Buffer.allocUnsafeSlow(frameBytes);
    this.#place = place;
    return 0;
  }

  #commitApart(frameBytes: number): void {
    if (this.#place === NOWHERE) return;
    assert(frameBytes === this.#roomApart, "a frame outside the ring is as long as reserved");
    if (this.#place === IN_SPILL) {
      this.#spill.push(this.bytes);
      this.#spillBytes += this.bytes.length;
      this.#direct = false;
    } else {
      this.#commitPlaced();
    }
    this.list();
  }

  #commitPlaced(): void {
    this.#ring.commit();
    if (this.#place !== IN_SLAB) return;
    const slab = this.#slab!;
    this.#slab = null;
    this.#stock.send(slab, this.#ring.slabBytesSent);
    this.#wiring.postSlab(this.to, this.kind, slab.region);
  }
}
