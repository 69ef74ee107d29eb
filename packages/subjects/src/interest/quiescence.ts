// Who is reading right now: one counter per thread, odd while the thread is inside a read section.
// Each thread writes only its own counter; writers read all of them. Must stay true: a record that
// was unlinked before `capture` is not reachable for a reader that enters after `capture`, so it
// may be reused once `passed` is true. That needs sequential consistency on both sides (the
// entering store must not pass the reader's first load, nor the unlinking store the writer's
// capture), which is why every access to another's slot and every unlink is atomic.
import { assert } from "@weft/base";
import type { WordMemory } from "./shared-words.ts";

/** Two cache lines a thread: neighbouring lines are fetched in pairs. */
const SLOT_WORDS = 32;

/** Bytes of the shared buffer for `threadsCount` threads. */
export function quiescenceBytes(threadsCount: number): number {
  return threadsCount * SLOT_WORDS * 4;
}

/** Read sections of all threads. */
export class Quiescence {
  readonly threadsCount: number;
  readonly #memory: WordMemory;

  constructor(memory: WordMemory, threadsCount: number) {
    assert(memory.wordsCount >= threadsCount * SLOT_WORDS, "quiescence: a slot for each thread");
    this.threadsCount = threadsCount;
    this.#memory = memory;
  }

  /** Starts the read section of `thread`, called by that thread. Sections do not nest. */
  enter(thread: number): void {
    const slot = thread * SLOT_WORDS;
    const turns = this.#memory.read(slot);
    assert((turns & 1) === 0, "quiescence: read sections do not nest");
    this.#memory.store(slot, (turns + 1) | 0);
  }

  /** Ends the section: no node or queue id seen inside may be used any more. */
  exit(thread: number): void {
    const slot = thread * SLOT_WORDS;
    const turns = this.#memory.read(slot);
    assert((turns & 1) === 1, "quiescence: exit follows enter");
    this.#memory.store(slot, (turns + 1) | 0);
  }

  /** True while `thread` is inside; exact only when asked by that thread. */
  isInside(thread: number): boolean {
    return (this.#memory.load(thread * SLOT_WORDS) & 1) === 1;
  }

  /** Notes the sections that are open now. `slots` has `threadsCount` entries. */
  capture(slots: Int32Array): void {
    for (let thread = 0; thread < this.threadsCount; thread += 1) {
      slots[thread] = this.#memory.load(thread * SLOT_WORDS);
    }
  }

  /** True once every section that was open at `capture` has ended. */
  passed(slots: Int32Array): boolean {
    for (let thread = 0; thread < this.threadsCount; thread += 1) {
      const seen = slots[thread] as number;
      if ((seen & 1) === 1 && this.#memory.load(thread * SLOT_WORDS) === seen) return false;
    }
    return true;
  }

  /** Ends the section of a thread that is known to be dead, so that it blocks nobody's reuse. */
  release(thread: number): void {
    const slot = thread * SLOT_WORDS;
    const turns = this.#memory.load(slot);
    if ((turns & 1) === 1) this.#memory.store(slot, (turns + 1) | 0);
  }
}
