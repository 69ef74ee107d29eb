// Looks again for a system account that has a stand-in (AC-82): its own users can bring the token, and
// so can the resolver once it answers. Control thread. Must stay true: one search at a time, each later
// than the last, up to a bound; none after the account is there.
import type { LogSink } from "@weft/logging";

const FIRST_MS = 1_000;
const MOST_MS = 60_000;

export interface StandInParts {
  readonly log: Pick<LogSink, "write">;
  isStandIn(): boolean;
  /** Asks the resolver, and takes what it says. */
  find(): Promise<unknown>;
}

export class StandInSearch {
  readonly #parts: StandInParts;
  #waitMs = FIRST_MS;
  #dueMs: number;
  #isLooking = false;

  constructor(parts: StandInParts, nowMs: number) {
    this.#parts = parts;
    this.#dueMs = nowMs + FIRST_MS;
  }

  /** Now and then, with monotonic milliseconds. */
  tick(nowMs: number): void {
    if (this.#isLooking || nowMs < this.#dueMs) return;
    this.#isLooking = true;
    this.#waitMs = Math.min(MOST_MS, this.#waitMs * 2);
    this.#dueMs = nowMs + this.#waitMs;
    void this.#look();
  }

  async #look(): Promise<void> {
    const { isStandIn, find, log } = this.#parts;
    // What goes wrong is told by who looks.
    if (isStandIn()) await find().catch(() => undefined);
    if (isStandIn()) this.#isLooking = false;
    else log.write("info", "The bootstrapping system account has been replaced");
  }
}
