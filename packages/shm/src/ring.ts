// The layout of a ring: a queue of frames from one writing thread to one reading thread. The full
// description is docs/formats/ring.md; RingWriter and RingReader are its two ends.
//
//   ring   = header(256 bytes) unit{capacity / 8}
//   frame  = length:int32 stamp:int32 byte{length} padding to 8 bytes
//   stamp  = (position << 2) | kind        kind: 1 frame, 2 wrap, 3 slab reference
//
// Positions count units of 8 bytes and wrap as int32; they are never reduced to the capacity, so
// that a full ring and an empty one differ. A frame never wraps: a wrap marker skips the end.
import { assert } from "@weft/base";

/** Position after the last published frame. Stored by the writer. */
export const HEAD_WORD = 0;
/** 1 while the reader sleeps and wants a doorbell. Beside the head: the writer touches one line. */
export const ARMED_WORD = 1;
/** Position of the first unread frame. Stored by the reader; two cache lines away from the head. */
export const TAIL_WORD = 32;
/** 1 while the writer wants to be told of space. Beside the tail: the reader touches one line. */
export const WAITING_WORD = 33;
/** Bytes of slabs that the reader is done with, a wrapping count. Stored before the tail. */
export const SLAB_TAIL_WORD = 34;

export const RING_HEADER_BYTES = 256;
/** First data word, seen from the start of the region. */
export const DATA_WORD = RING_HEADER_BYTES / 4;
export const FRAME_HEADER_BYTES = 8;

export const KIND_FRAME = 1;
export const KIND_WRAP = 2;
export const KIND_SLAB = 3;

/** Length of a slab reference: frame bytes and slab bytes, an int32 each. */
export const REFERENCE_BYTES = 8;

export const RING_BYTES_MIN = 64 * 1024;
export const RING_BYTES_MAX = 4 * 1024 * 1024;

/** The memory of one ring. Plain memory works as well, for tests and simulation. */
export type RingRegion = ArrayBuffer | SharedArrayBuffer;

/** Where a reader delivers frames. One implementation per program keeps the call monomorphic. */
export interface FrameHandler {
  /**
   * One frame: bytes `[start, end)`, valid for this call only. False stops the drain, and the
   * frame stays the next one.
   */
  onFrame(bytes: Buffer, start: number, end: number): boolean;
  /** A frame that is too large for the ring: `frameBytes` bytes wait in the oldest posted slab. */
  onSlabReference(frameBytes: number, slabBytes: number): boolean;
}

/** Every frame that was visible when the drain began is handled. */
export const DRAIN_EMPTIED = 0;
/** There may be more, but the budget is used up. */
export const DRAIN_BUDGET = 1;
/** The handler refused the next frame. */
export const DRAIN_STOPPED = 2;
export type DrainResult = typeof DRAIN_EMPTIED | typeof DRAIN_BUDGET | typeof DRAIN_STOPPED;

/** Bytes that a ring of this capacity takes, with its header. */
export function ringRegionBytes(capacityBytes: number): number {
  assert(
    capacityBytes >= RING_BYTES_MIN && capacityBytes <= RING_BYTES_MAX,
    "a ring holds 64 KiB to 4 MiB",
  );
  assert((capacityBytes & (capacityBytes - 1)) === 0, "a ring's capacity is a power of two");
  return RING_HEADER_BYTES + capacityBytes;
}

/** Capacity in bytes of the ring in `region`. Tests use smaller rings than the product. */
export function ringCapacityBytes(region: RingRegion): number {
  const capacityBytes = region.byteLength - RING_HEADER_BYTES;
  assert(
    capacityBytes >= 64 && (capacityBytes & (capacityBytes - 1)) === 0,
    "a ring's capacity is a power of two",
  );
  return capacityBytes;
}
