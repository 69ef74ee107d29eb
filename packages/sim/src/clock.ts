// Virtual time and the timers that hang on it. Test support, one thread. Must stay true: time moves
// only by `advanceTo` and `spend`, and timers fire in the order of their deadlines.
import type { Clock, Millis, UnixNanos } from "@weft/base";
import type { Task } from "./scheduler.ts";

/** 2026-01-01T00:00:00Z. */
const EPOCH_UNIX_MS = 1_767_225_600_000n;

interface Timer {
  readonly dueMs: Millis;
  readonly task: Task;
}

export class VirtualClock implements Clock {
  #nowMs: Millis = 1;
  readonly #timers: Timer[] = [];

  monotonicMs(): Millis {
    return this.#nowMs;
  }

  unixNanos(): UnixNanos {
    return (EPOCH_UNIX_MS + BigInt(Math.floor(this.#nowMs))) * 1_000_000n;
  }

  /** Runs `task` once, `delayMs` from now. */
  setTimer(delayMs: Millis, task: Task): void {
    const dueMs = this.#nowMs + delayMs;
    let place = this.#timers.length;
    while (place > 0 && (this.#timers[place - 1] as Timer).dueMs > dueMs) place -= 1;
    this.#timers.splice(place, 0, { dueMs, task });
  }

  /** When the next timer is due; Infinity when there is none. */
  nextDueMs(): Millis {
    return this.#timers[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Time that the turn in hand takes: what is due by then fires later. */
  spend(durationMs: Millis): void {
    this.#nowMs += durationMs;
  }

  /** Moves time forward and fires what is due by then. */
  advanceTo(timeMs: Millis): void {
    while (this.nextDueMs() <= timeMs) {
      const timer = this.#timers.shift() as Timer;
      if (timer.dueMs > this.#nowMs) this.#nowMs = timer.dueMs;
      timer.task();
    }
    if (timeMs > this.#nowMs) this.#nowMs = timeMs;
  }
}
