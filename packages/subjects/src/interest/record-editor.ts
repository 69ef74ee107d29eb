// Making and unmaking single records: constant words, text, place in a hash chain.
// Owned by the segment's writer. Must stay true: a record is complete before it is published, and
// keeps all its words when it is unlinked and retired.
import { assert } from "@weft/base";
import {
  CHILDREN,
  HASH,
  KIND_PIECE,
  NEXT,
  PARENT,
  PIECE_BYTES,
  PIECE_TEXT,
  SHAPE,
  STAR,
  TEXT,
  TEXT_INLINE_BYTES,
} from "./layout.ts";
import type { RecordPool } from "./record-pool.ts";
import type { SegmentView } from "./segment-view.ts";
import type { WordMemory } from "./shared-words.ts";

/** Records that the text of a token or queue name needs beside its own. */
export function piecesFor(bytes: number): number {
  return bytes <= TEXT_INLINE_BYTES ? 0 : Math.ceil(bytes / PIECE_BYTES);
}

/** The writer's hand on records. */
export class RecordEditor {
  readonly #view: SegmentView;
  readonly #memory: WordMemory;
  readonly #pool: RecordPool;

  constructor(view: SegmentView, pool: RecordPool) {
    this.#view = view;
    this.#memory = view.memory;
    this.#pool = pool;
  }

  /** A record with its constant words set and all others zero. */
  create(parent: number, hash: number, shape: number): number {
    const memory = this.#memory;
    const record = this.#pool.take();
    const base = this.#view.base(record);
    for (let word = STAR; word <= CHILDREN; word += 1) memory.write(base + word, 0);
    memory.write(base + NEXT, 0);
    memory.write(base + PARENT, parent);
    memory.write(base + HASH, hash);
    memory.write(base + SHAPE, shape);
    return record;
  }

  /** Writes a token or name into a record of that length, and into pieces if it is long. */
  writeText(record: number, input: Uint8Array, start: number, end: number): void {
    const memory = this.#memory;
    if (end - start <= TEXT_INLINE_BYTES) {
      const to = (this.#view.base(record) + TEXT) * 4;
      for (let at = start; at < end; at += 1) {
        memory.writeByte(to + at - start, input[at] as number);
      }
      return;
    }
    let link = this.#view.base(record) + TEXT;
    for (let done = start; done < end; done += PIECE_BYTES) {
      const piece = this.#pool.take();
      const base = this.#view.base(piece);
      const to = (base + PIECE_TEXT) * 4;
      const part = Math.min(PIECE_BYTES, end - done);
      for (let at = 0; at < part; at += 1) memory.writeByte(to + at, input[done + at] as number);
      memory.write(base + SHAPE, KIND_PIECE);
      memory.write(base + NEXT, 0);
      memory.write(link, piece);
      link = base + NEXT;
    }
  }

  /** Publishes a complete record as the first of its hash chain. */
  publishInBucket(record: number, parent: number, hash: number): void {
    const bucket = this.#view.bucket(parent, hash);
    this.#memory.write(this.#view.base(record) + NEXT, this.#memory.read(bucket));
    this.#memory.store(bucket, record);
  }

  /** Takes a record out of its hash chain with one store. */
  unlinkFromBucket(record: number): void {
    const memory = this.#memory;
    const base = this.#view.base(record);
    let link = this.#view.bucket(memory.read(base + PARENT), memory.read(base + HASH));
    let at = memory.read(link);
    while (at !== record) {
      assert(at !== 0, "interest: a published record is in its bucket");
      link = this.#view.base(at) + NEXT;
      at = memory.read(link);
    }
    memory.store(link, memory.read(base + NEXT));
  }

  /** Gives an unlinked record back, and the pieces of its text. */
  retire(record: number): void {
    const memory = this.#memory;
    if (this.#view.textLength(record) > TEXT_INLINE_BYTES) {
      let piece = memory.read(this.#view.base(record) + TEXT);
      while (piece !== 0) {
        const next = memory.read(this.#view.base(piece) + NEXT);
        this.#pool.retire(piece);
        piece = next;
      }
    }
    this.#pool.retire(record);
  }
}
