// Hands out the records of a segment and takes them back. Owned by the segment's writer. Must stay
// true: a retired record keeps all its words, so that a reader that still stands on it walks on,
// and is handed out again only after every read section open since its unlinking has ended.
import { assert } from "@weft/base";
import { KIND_FREE, NEXT, RECORD_WORDS_SHIFT, type SegmentLayout, SHAPE } from "./layout.ts";
import { NodeList } from "./node-list.ts";
import type { Quiescence } from "./quiescence.ts";
import type { WordMemory } from "./shared-words.ts";

/** Retired records that are worth a look at all threads' sections. */
const RECLAIM_BATCH = 64;

/** Allocator of fixed records with deferred reuse. */
export class RecordPool {
  readonly #memory: WordMemory;
  readonly #recordsAt: number;
  readonly #recordsMax: number;
  readonly #quiescence: Quiescence;
  readonly #sections: Int32Array;
  readonly #reclaimBatch: number;
  /** Unlinked after the last capture, and before it. */
  #retired = new NodeList();
  #waiting = new NodeList();
  #freeHead = 0;
  #freeCount = 0;
  /** Records from here on were never used, and their pages never touched. */
  #freshFrom = 1;

  constructor(
    memory: WordMemory,
    layout: SegmentLayout,
    quiescence: Quiescence,
    reclaimBatch: number = RECLAIM_BATCH,
  ) {
    this.#memory = memory;
    this.#recordsAt = layout.recordsAt;
    this.#recordsMax = layout.recordsMax;
    this.#quiescence = quiescence;
    this.#sections = new Int32Array(quiescence.threadsCount);
    this.#reclaimBatch = reclaimBatch;
  }

  /** Records that could be taken right now. */
  get available(): number {
    return this.#freeCount + this.#recordsMax + 1 - this.#freshFrom;
  }

  /** Records that wait for the readers. */
  get pending(): number {
    return this.#retired.count + this.#waiting.count;
  }

  /** Records in use. */
  get used(): number {
    return this.#recordsMax - this.available - this.pending;
  }

  /** Highest record ever used. */
  get highest(): number {
    return this.#freshFrom - 1;
  }

  /** True if the next `count` calls of `take` will succeed; collects what may be reused. */
  reserve(count: number): boolean {
    if (this.available >= count) return true;
    this.reclaim();
    if (this.available < count) this.reclaim();
    return this.available >= count;
  }

  /** A record whose words are arbitrary. To be called only within what `reserve` granted. */
  take(): number {
    const record = this.#freeHead;
    if (record !== 0) {
      this.#freeHead = this.#memory.read(this.#base(record) + NEXT);
      this.#freeCount -= 1;
      return record;
    }
    assert(this.#freshFrom <= this.#recordsMax, "record pool: taken only what was reserved");
    this.#freshFrom += 1;
    return this.#freshFrom - 1;
  }

  /** Gives back a record that is unlinked already. */
  retire(record: number): void {
    this.#retired.push(record);
    if (this.#retired.count >= this.#reclaimBatch) this.reclaim();
  }

  /** Frees what no open section can reach any more, and lines up the next batch. */
  reclaim(): void {
    if (this.#waiting.count > 0) {
      if (!this.#quiescence.passed(this.#sections)) return;
      this.#freeWaiting();
    }
    if (this.#retired.count === 0) return;
    const emptied = this.#waiting;
    this.#waiting = this.#retired;
    this.#retired = emptied;
    this.#quiescence.capture(this.#sections);
    if (this.#quiescence.passed(this.#sections)) this.#freeWaiting();
  }

  #freeWaiting(): void {
    const { count } = this.#waiting;
    for (let index = 0; index < count; index += 1) {
      const record = this.#waiting.at(index);
      const base = this.#base(record);
      this.#memory.write(base + SHAPE, KIND_FREE);
      this.#memory.write(base + NEXT, this.#freeHead);
      this.#freeHead = record;
    }
    this.#freeCount += count;
    this.#waiting.clear();
  }

  #base(record: number): number {
    return this.#recordsAt + (record << RECORD_WORDS_SHIFT);
  }
}
