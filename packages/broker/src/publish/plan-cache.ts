// Plans by (context, subject), bounded in bytes. Owned by the worker's core. Every request of
// today's clients brings a new reply subject, so a subject is kept only when it is seen a second
// time, and a slot that is in use is given up only to such a subject.
import { equalWords, LIMITS } from "@weft/base";
import type { Plan } from "./plan.ts";

const SLOTS = 1 << 16;
/** A plan stands in the slot `(hash ^ contextMix(contextId)) & SLOT_MASK` or in the one beside it. */
const SLOT_MASK = SLOTS - 1;
/** Subjects that came once, in rows of so many. */
const SEEN = 1 << 14;
const SEEN_PER_ROW = 4;
/** A larger plan is made anew each time: it would push out everybody's. */
const PLAN_BYTES_MAX = LIMITS.planCacheBytes / 2;

/** Spreads contexts over the slots. */
export function contextMix(contextId: number): number {
  return Math.imul(contextId, 0x9e3779b1);
}

export class PlanCache {
  /** Read by the hit path, which probes the first slot itself: a call costs more than the probe. */
  readonly slots: (Plan | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #seen = new Int32Array(SEEN);
  /** Draws the place in a row; need not be unpredictable. */
  #dice = 1;
  /** Plans kept, valid or not. */
  count = 0;
  #bytes = 0;
  #hand = 0;
  #sweepHand = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** The plan of this subject, valid or not, or undefined. */
  find(
    contextId: number,
    input: DataView,
    start: number,
    end: number,
    hash: number,
  ): Plan | undefined {
    const slot = (hash ^ contextMix(contextId)) & SLOT_MASK;
    const first = this.slots[slot];
    if (first !== undefined && isPlanOf(first, contextId, input, start, end, hash)) return first;
    const second = this.slots[slot ^ 1];
    if (second !== undefined && isPlanOf(second, contextId, input, start, end, hash)) return second;
    return undefined;
  }

  /**
   * True when this subject was missed before, not too long ago: it is worth keeping. Rows, because of two
   * steady subjects that share a single place neither would ever be kept (bench rows `1000-subjects`).
   */
  isSecondSight(contextId: number, hash: number): boolean {
    const seen = this.#seen;
    const mixed = (hash ^ Math.imul(contextId, 0x85ebca6b)) | 1;
    const row = (mixed ^ (mixed >>> 15)) & (SEEN - SEEN_PER_ROW);
    for (let at = row; at < row + SEEN_PER_ROW; at += 1) if (seen[at] === mixed) return true;
    // Any of the row makes room: of five that come in turn the oldest would be the next one each time.
    this.#dice = (Math.imul(this.#dice, 1_664_525) + 1_013_904_223) | 0;
    seen[row + (this.#dice >>> 30)] = mixed;
    return false;
  }

  /** Keeps `plan` unless it is huge, in place of an older plan of the same subject if there is one. */
  insert(plan: Plan): void {
    if (plan.bytesCharged > PLAN_BYTES_MAX) return;
    const slot = (plan.hash ^ contextMix(plan.contextId)) & SLOT_MASK;
    const { contextId, view, subjectStart, subjectLength, hash } = plan;
    const end = subjectStart + subjectLength;
    // The first slot is the one that the hit path probes: it goes to whoever needs it last.
    const second = this.slots[slot ^ 1];
    if (second !== undefined && isPlanOf(second, contextId, view, subjectStart, end, hash)) {
      this.#put(slot ^ 1, undefined);
    }
    const first = this.slots[slot];
    if (first !== undefined && !isPlanOf(first, contextId, view, subjectStart, end, hash)) {
      this.#move(slot, slot ^ 1);
    }
    this.#put(slot, plan);
    this.#evict();
  }

  /**
   * Looks at the next `count` slots and drops the plans that are out of date: they would keep closed
   * sessions, their sockets and all, until somebody publishes on the subject again.
   */
  sweep(count: number, isCurrent: (plan: Plan) => boolean): void {
    for (let i = 0; i < count; i += 1) {
      const plan = this.slots[this.#sweepHand];
      if (plan !== undefined && !isCurrent(plan)) this.#put(this.#sweepHand, undefined);
      this.#sweepHand = (this.#sweepHand + 1) & SLOT_MASK;
    }
  }

  clear(): void {
    this.slots.fill(undefined);
    this.#seen.fill(0);
    this.#bytes = 0;
    this.count = 0;
  }

  #move(from: number, to: number): void {
    const plan = this.slots[from];
    this.#put(from, undefined);
    this.#put(to, plan);
  }

  #put(place: number, plan: Plan | undefined): void {
    const before = this.slots[place];
    if (before !== undefined) {
      this.#bytes -= before.bytesCharged;
      this.count -= 1;
    }
    this.slots[place] = plan;
    if (plan === undefined) return;
    this.#bytes += plan.bytesCharged;
    this.count += 1;
  }

  /** Sweeps from where it last stopped, so that no plan is favoured. */
  #evict(): void {
    while (this.#bytes > LIMITS.planCacheBytes) {
      this.#put(this.#hand, undefined);
      this.#hand = (this.#hand + 1) & SLOT_MASK;
    }
  }
}

function isPlanOf(
  plan: Plan,
  contextId: number,
  input: DataView,
  start: number,
  end: number,
  hash: number,
): boolean {
  if (plan.hash !== hash || plan.contextId !== contextId) return false;
  const bytes = end - start;
  if (plan.subjectLength !== bytes) return false;
  return equalWords(plan.view, plan.subjectStart, input, start, bytes);
}
