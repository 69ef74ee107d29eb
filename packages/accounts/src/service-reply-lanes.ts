// When pending service requests expire: one list for each time to live, linked through typed arrays
// by slot, so that the oldest of each stands first. Owned by one table of one worker. Must stay true:
// nothing is allocated for a request, and every step takes constant time.
import type { Millis } from "@weft/base";

const NONE = -1;
/** Lanes that are looked at for one to be used anew. */
const LOOKS_MAX = 64;

/** Requests with the same time to live, from the oldest to the newest: also in order of expiry. */
interface Lane {
  timeToLiveMs: number;
  oldest: number;
  newest: number;
}

export class ReplyLanes {
  readonly #lanes: Lane[] = [];
  /** Whose exports they are choose the times: there may be thousands. */
  readonly #byTime = new Map<number, number>();
  #hand = 0;
  #deadlineMs = new Float64Array(0);
  #lane = new Int32Array(0);
  #older = new Int32Array(0);
  #newer = new Int32Array(0);

  /** Room for this many slots. */
  grow(slots: number): void {
    this.#deadlineMs = resized(this.#deadlineMs, new Float64Array(slots));
    this.#lane = resized(this.#lane, new Int32Array(slots));
    this.#older = resized(this.#older, new Int32Array(slots));
    this.#newer = resized(this.#newer, new Int32Array(slots));
  }

  deadlineMs(slot: number): Millis {
    return this.#deadlineMs[slot] as number;
  }

  /** When the request of a live slot was made, or answered last. */
  sinceMs(slot: number): Millis {
    const { timeToLiveMs } = this.#lanes[this.#lane[slot] as number] as Lane;
    return (this.#deadlineMs[slot] as number) - timeToLiveMs;
  }

  /** The slot's time begins. */
  add(slot: number, timeToLiveMs: number, now: Millis): void {
    this.#append(slot, this.#laneFor(timeToLiveMs), now);
  }

  /** The slot's time begins anew. */
  renew(slot: number, now: Millis): void {
    const lane = this.#lane[slot] as number;
    this.remove(slot);
    this.#append(slot, lane, now);
  }

  remove(slot: number): void {
    const lane = this.#lanes[this.#lane[slot] as number] as Lane;
    const older = this.#older[slot] as number;
    const newer = this.#newer[slot] as number;
    if (older === NONE) lane.oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) lane.newest = older;
    else this.#older[newer] = older;
  }

  /** Lanes there are, counted from 0. */
  get count(): number {
    return this.#lanes.length;
  }

  /** A slot of `lane` whose time is over; -1 = none. */
  overdue(lane: number, now: Millis): number {
    const oldest = this.#lanes[lane]?.oldest ?? NONE;
    return oldest !== NONE && now >= (this.#deadlineMs[oldest] as number) ? oldest : NONE;
  }

  /** When {@link overdue} has something next; Infinity = never. */
  nextDeadlineMs(): Millis {
    let next = Number.POSITIVE_INFINITY;
    for (const { oldest } of this.#lanes) {
      if (oldest !== NONE) next = Math.min(next, this.#deadlineMs[oldest] as number);
    }
    return next;
  }

  /** Index of the lane for a time to live; there are about as many as are in use at the same time. */
  #laneFor(timeToLiveMs: number): number {
    const known = this.#byTime.get(timeToLiveMs);
    if (known !== undefined) return known;
    let index = this.#findUnused();
    const unused = this.#lanes[index];
    if (unused === undefined) {
      index = this.#lanes.push({ timeToLiveMs, oldest: NONE, newest: NONE }) - 1;
    } else {
      this.#byTime.delete(unused.timeToLiveMs);
      unused.timeToLiveMs = timeToLiveMs;
    }
    this.#byTime.set(timeToLiveMs, index);
    return index;
  }

  /** A lane without requests, if there is one among the next few; else -1. */
  #findUnused(): number {
    const { length } = this.#lanes;
    for (let looks = Math.min(length, LOOKS_MAX); looks > 0; looks -= 1) {
      this.#hand = (this.#hand + 1) % length;
      if (this.#lanes[this.#hand]?.oldest === NONE) return this.#hand;
    }
    return -1;
  }

  #append(slot: number, laneIndex: number, now: Millis): void {
    const lane = this.#lanes[laneIndex] as Lane;
    this.#lane[slot] = laneIndex;
    this.#deadlineMs[slot] = now + lane.timeToLiveMs;
    this.#older[slot] = lane.newest;
    this.#newer[slot] = NONE;
    if (lane.newest === NONE) lane.oldest = slot;
    else this.#newer[lane.newest] = slot;
    lane.newest = slot;
  }
}

/** `to`, beginning with what is in `from`. */
export function resized<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(
  from: T,
  to: T,
): T {
  to.set(from);
  return to;
}
