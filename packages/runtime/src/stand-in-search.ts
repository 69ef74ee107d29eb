// Looks again for a system account that has a stand-in (AC-82): its own users can bring the token, and
// so can the resolver once it answers. Control thread. Must stay true: one search at a time, each later
// than the last, up to a bound; none after the account is there; what keeps it away is told, once.
import { errorText } from "@weft/base";
import type { LogSink } from "@weft/logging";

const FIRST_MS = 1_000;
const MOST_MS = 60_000;

export interface StandInParts {
  readonly log: Pick<LogSink, "write">;
  isStandIn(): boolean;
  /** Itself, or what stands in for it. */
  isThere(): boolean;
  /** Asks the resolver, and takes what it says; a text says why not. */
  find(): Promise<string | undefined>;
}

export class StandInSearch {
  readonly #parts: StandInParts;
  #waitMs = FIRST_MS;
  #dueMs: number;
  #isLooking = false;
  #told = "";

  /** `problem`: why there is a stand-in. */
  constructor(parts: StandInParts, problem: string, nowMs: number) {
    this.#parts = parts;
    this.#dueMs = nowMs + FIRST_MS;
    parts.log.write("info", "Using bootstrapping system account");
    this.#tell(problem);
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
    const { isStandIn, isThere, find, log } = this.#parts;
    const problem = isStandIn() ? await find().catch(errorText) : undefined;
    if (isStandIn()) {
      this.#isLooking = false;
      if (problem !== undefined) this.#tell(problem);
      return;
    }
    const end = isThere() ? "replaced" : "removed";
    log.write("info", `The bootstrapping system account has been ${end}`);
  }

  #tell(problem: string): void {
    if (problem === this.#told) return;
    this.#told = problem;
    this.#parts.log.write("warn", `The system account cannot be had: ${problem}`);
  }
}
