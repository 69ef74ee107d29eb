// Where the answers of pending service requests go: the requesters' own reply subjects by slot. Owned
// by one table of one worker. Must stay true: a short subject has its place beside the slot and costs
// no object of its own; a long one is charged with all that keeping it takes.
import { assert } from "@weft/base";
import { resized } from "./service-reply-lanes.ts";

/** A subject up to this size has its place beside the slot. */
const PLACE_BYTES = 64;
/** Places are made for so many slots at a time: 64 KiB, which the system takes back. */
const CHUNK_BITS = 10;
const CHUNK_SLOTS = 1 << CHUNK_BITS;
/** What a long one takes beside its bytes: a buffer, its memory's head and an entry of the map. */
const LONG_EXTRA_BYTES = 256;

/** Bytes that a reply subject of this length is charged with; 0 = it has a place. */
export function replyCharge(bytes: number): number {
  return bytes > PLACE_BYTES ? bytes + LONG_EXTRA_BYTES : 0;
}

export class ReplySubjects {
  #bytes = new Int32Array(0);
  /** Places of `CHUNK_SLOTS` slots each; undefined while none of them is in use. */
  readonly #chunks: (Buffer | undefined)[] = [];
  /** Live slots of each chunk. */
  readonly #chunksLive: number[] = [];
  readonly #long = new Map<number, Buffer>();

  /** Room for this many slots. */
  grow(slots: number): void {
    this.#bytes = resized(this.#bytes, new Int32Array(slots));
    while (this.#chunks.length * CHUNK_SLOTS < slots) {
      this.#chunks.push(undefined);
      this.#chunksLive.push(0);
    }
  }

  /** Length of the subject of `slot`. */
  bytes(slot: number): number {
    return this.#bytes[slot] as number;
  }

  /** Copies `subject[start, end)` for `slot`. */
  keep(slot: number, subject: Uint8Array, start: number, end: number): void {
    const bytes = end - start;
    const chunk = slot >>> CHUNK_BITS;
    this.#bytes[slot] = bytes;
    this.#chunksLive[chunk] = (this.#chunksLive[chunk] as number) + 1;
    if (bytes > PLACE_BYTES) {
      const copy = Buffer.allocUnsafeSlow(bytes);
      copy.set(subject.subarray(start, end));
      this.#long.set(slot, copy);
      return;
    }
    let places = this.#chunks[chunk];
    if (places === undefined) {
      places = Buffer.allocUnsafeSlow(CHUNK_SLOTS * PLACE_BYTES);
      this.#chunks[chunk] = places;
    }
    const place = (slot & (CHUNK_SLOTS - 1)) * PLACE_BYTES;
    for (let k = 0; k < bytes; k += 1) places[place + k] = subject[start + k] as number;
  }

  /** Writes the subject of `slot` to `out` at `at`. */
  copy(slot: number, out: Buffer, at: number): void {
    const bytes = this.#bytes[slot] as number;
    if (bytes > PLACE_BYTES) {
      this.#long.get(slot)?.copy(out, at);
      return;
    }
    const places = this.#chunks[slot >>> CHUNK_BITS];
    assert(places !== undefined, "a chunk with a live slot has memory");
    const place = (slot & (CHUNK_SLOTS - 1)) * PLACE_BYTES;
    for (let k = 0; k < bytes; k += 1) out[at + k] = places[place + k] as number;
  }

  drop(slot: number): void {
    if ((this.#bytes[slot] as number) > PLACE_BYTES) this.#long.delete(slot);
    const chunk = slot >>> CHUNK_BITS;
    this.#chunksLive[chunk] = (this.#chunksLive[chunk] as number) - 1;
  }

  /** Gives memory back that a rush of requests left behind. */
  trim(): void {
    for (let chunk = 1; chunk < this.#chunks.length; chunk += 1) {
      if (this.#chunksLive[chunk] === 0) this.#chunks[chunk] = undefined;
    }
  }
}
