// Finding things in a segment: the part of reading that the writer and all readers share. Any
// thread. Pointers that can change are followed with atomic loads; everything else read here is
// constant while its record is published. A reader calls this inside a read section only.
import {
  HASH,
  KIND_BITS,
  KIND_LITERAL,
  KIND_MASK,
  KIND_QUEUE,
  KIND_ROOT,
  NEXT,
  PARENT,
  PIECE_BYTES,
  PIECE_TEXT,
  PLAIN,
  QUEUE,
  RECORD_WORDS_SHIFT,
  readSegmentLayout,
  type SegmentLayout,
  SHAPE,
  TEXT,
  TEXT_INLINE_BYTES,
} from "./layout.ts";
import type { WordMemory } from "./shared-words.ts";

/** Spreads (parent, hash) over the buckets. */
function mix(parent: number, hash: number): number {
  let bits = Math.imul(hash ^ Math.imul(parent, 0x9e3779b1), 0x85ebca6b);
  bits ^= bits >>> 15;
  bits = Math.imul(bits, 0xc2b2ae35);
  return bits ^ (bits >>> 13);
}

/** A segment as its records and chains. */
export class SegmentView {
  readonly memory: WordMemory;
  readonly layout: SegmentLayout;
  readonly #recordsAt: number;
  readonly #bucketsAt: number;
  readonly #bucketMask: number;

  constructor(memory: WordMemory) {
    this.memory = memory;
    this.layout = readSegmentLayout(memory);
    this.#recordsAt = this.layout.recordsAt;
    this.#bucketsAt = this.layout.bucketsAt;
    this.#bucketMask = this.layout.bucketsCount - 1;
  }

  /** Word position of a record. */
  base(record: number): number {
    return this.#recordsAt + (record << RECORD_WORDS_SHIFT);
  }

  /** Word position of the chain head for a child of `parent`. */
  bucket(parent: number, hash: number): number {
    return this.#bucketsAt + (mix(parent, hash) & this.#bucketMask);
  }

  /** The record that a changeable pointer word leads to, or 0; costs an atomic load only if any. */
  follow(word: number): number {
    return this.memory.peek(word) === 0 ? 0 : this.memory.load(word);
  }

  /** Root node of an account, or 0. */
  findRoot(account: number): number {
    const { memory } = this;
    let record = this.follow(this.bucket(0, account));
    while (record !== 0) {
      const base = this.base(record);
      if (memory.read(base + HASH) === account && memory.read(base + SHAPE) === KIND_ROOT) break;
      record = this.follow(base + NEXT);
    }
    return record;
  }

  /** Child of `parent` for the literal token `[start, end)` of `input`, or 0. */
  findLiteral(parent: number, hash: number, input: Uint8Array, start: number, end: number): number {
    return this.#find(parent, hash, KIND_LITERAL, input, start, end);
  }

  /** Queue record of `node` with this name, or 0. */
  findQueue(node: number, hash: number, name: Uint8Array): number {
    return this.#find(node, hash, KIND_QUEUE, name, 0, name.length);
  }

  /** True if somebody wants what matches exactly up to `node`. */
  hasInterest(node: number): boolean {
    const base = this.base(node);
    return this.memory.peek(base + PLAIN) !== 0 || this.memory.peek(base + QUEUE) !== 0;
  }

  kind(record: number): number {
    return this.memory.read(this.base(record) + SHAPE) & KIND_MASK;
  }

  /** Bytes of the token of a node, or of the name of a queue record. */
  textLength(record: number): number {
    return this.memory.read(this.base(record) + SHAPE) >>> KIND_BITS;
  }

  /** Copies that text to `out` at `outAt`; there must be room for `textLength` bytes. */
  copyText(record: number, out: Uint8Array, outAt: number): void {
    const { memory } = this;
    const base = this.base(record);
    const length = this.textLength(record);
    if (length <= TEXT_INLINE_BYTES) {
      const from = (base + TEXT) * 4;
      for (let at = 0; at < length; at += 1) out[outAt + at] = memory.readByte(from + at);
      return;
    }
    let piece = memory.read(base + TEXT);
    for (let done = 0; done < length; done += PIECE_BYTES) {
      const from = (this.base(piece) + PIECE_TEXT) * 4;
      const part = Math.min(PIECE_BYTES, length - done);
      for (let at = 0; at < part; at += 1) out[outAt + done + at] = memory.readByte(from + at);
      piece = memory.read(this.base(piece) + NEXT);
    }
  }

  /** True if that text, known to have the same length, equals `[start, end)` of `input`. */
  textEquals(record: number, input: Uint8Array, start: number, end: number): boolean {
    const { memory } = this;
    const base = this.base(record);
    const length = end - start;
    if (length > TEXT_INLINE_BYTES) return this.#piecesEqual(base, input, start, end);
    const from = (base + TEXT) * 4;
    for (let at = 0; at < length; at += 1) {
      if (memory.readByte(from + at) !== input[start + at]) return false;
    }
    return true;
  }

  #piecesEqual(base: number, input: Uint8Array, start: number, end: number): boolean {
    const { memory } = this;
    let piece = memory.read(base + TEXT);
    for (let done = start; done < end; done += PIECE_BYTES) {
      const from = (this.base(piece) + PIECE_TEXT) * 4;
      const part = Math.min(PIECE_BYTES, end - done);
      for (let at = 0; at < part; at += 1) {
        if (memory.readByte(from + at) !== input[done + at]) return false;
      }
      piece = memory.read(this.base(piece) + NEXT);
    }
    return true;
  }

  #find(
    parent: number,
    hash: number,
    kind: number,
    input: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { memory } = this;
    const shape = ((end - start) << KIND_BITS) | kind;
    let record = this.follow(this.bucket(parent, hash));
    while (record !== 0) {
      const base = this.base(record);
      if (
        memory.read(base + PARENT) === parent &&
        memory.read(base + HASH) === hash &&
        memory.read(base + SHAPE) === shape &&
        this.textEquals(record, input, start, end)
      ) {
        break;
      }
      record = this.follow(base + NEXT);
    }
    return record;
  }
}
