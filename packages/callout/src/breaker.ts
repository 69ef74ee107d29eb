// When a service that does not answer is left alone for a while. Control thread; pure: the time is an
// argument. What must stay true: while it rests no login waits for the service, but one after each
// rest, which finds out whether it is back; one answer, whatever it says, ends the rest.

/** Questions in a row without an answer after which a service rests. */
const SILENT_MAX = 10;
const REST_FIRST_MS = 1_000;
const REST_MAX_MS = 8_000;

export type BreakerState = "closed" | "open" | "half-open";

export class Breaker {
  #silent = 0;
  #restMs = 0;
  #restsUntilMs = 0;
  #isProbing = false;

  state(nowMs: number): BreakerState {
    if (this.#restMs === 0) return "closed";
    return nowMs < this.#restsUntilMs ? "open" : "half-open";
  }

  /** True if a question may be asked now; after a rest this is so once. */
  mayAsk(nowMs: number): boolean {
    const state = this.state(nowMs);
    if (state === "closed") return true;
    if (state === "open" || this.#isProbing) return false;
    this.#isProbing = true;
    return true;
  }

  /** Something came in time. True if the service had rested. */
  answered(): boolean {
    const wasResting = this.#restMs > 0;
    this.#silent = 0;
    this.#restMs = 0;
    this.#isProbing = false;
    return wasResting;
  }

  /** Nothing came in time. Milliseconds of the rest that begins now; undefined = none does. */
  silent(nowMs: number): number | undefined {
    this.#silent += 1;
    const isBeginning = this.#restMs === 0 && this.#silent >= SILENT_MAX;
    if (!isBeginning && !this.#isProbing) return undefined;
    this.#isProbing = false;
    this.#restMs = Math.min(REST_MAX_MS, Math.max(REST_FIRST_MS, this.#restMs * 2));
    this.#restsUntilMs = nowMs + this.#restMs;
    return this.#restMs;
  }

  /** The question that was to find out could not be asked. */
  notAsked(): void {
    this.#isProbing = false;
  }
}
