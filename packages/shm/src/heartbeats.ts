// When each thread was last seen alive. Each thread writes its own slot, at its turns and at least
// once a second when idle; health checks read all. Times come from one clock for the whole process
// (`process.hrtime`): the origin of `performance.now` differs between threads.
import { assert, type Millis } from "@weft/base";
import { sharedRegion } from "./region.ts";
import type { RingRegion } from "./ring.ts";

/** One slot per pair of cache lines: threads beat often and must not slow each other. */
const SLOT_STRIDE = 16;

export class Heartbeats {
  readonly #beatMs: Float64Array;

  constructor(region: RingRegion) {
    this.#beatMs = new Float64Array(region);
  }

  static createRegion(threadsCount: number): SharedArrayBuffer {
    return sharedRegion(threadsCount * SLOT_STRIDE * 8);
  }

  get threadsCount(): number {
    return this.#beatMs.length / SLOT_STRIDE;
  }

  /** Called by the thread itself only. */
  beat(threadIndex: number, nowMs: Millis): void {
    assert(threadIndex >= 0 && threadIndex < this.threadsCount, "a thread of the region");
    this.#beatMs[threadIndex * SLOT_STRIDE] = nowMs;
  }

  /** Milliseconds since the last beat; Infinity before the first. */
  silenceMs(threadIndex: number, nowMs: Millis): number {
    assert(threadIndex >= 0 && threadIndex < this.threadsCount, "a thread of the region");
    const beatMs = this.#beatMs[threadIndex * SLOT_STRIDE]!;
    return beatMs === 0 ? Number.POSITIVE_INFINITY : Math.max(0, nowMs - beatMs);
  }

  /** Threads that have beaten once and not for more than `silenceMsMax`: blocked, or gone. */
  blocked(nowMs: Millis, silenceMsMax: number): number[] {
    const found: number[] = [];
    for (let index = 0; index < this.threadsCount; index++) {
      const silenceMs = this.silenceMs(index, nowMs);
      if (silenceMs > silenceMsMax && silenceMs !== Number.POSITIVE_INFINITY) found.push(index);
    }
    return found;
  }
}
