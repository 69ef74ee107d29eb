// Indexes of accounts that are gone, until they may be given to others. Control thread. Must stay
// true: an index rests for a minute and while a connection counts for it: no frame names it then.
import { SharedGauge } from "@weft/shm";
import { processMs } from "./clocks.ts";

export const REST_MS = 60_000;

export class AccountRests {
  readonly #connections: SharedGauge;
  /** When each was given up; the oldest first. */
  readonly #since = new Map<number, number>();

  /** `accountConnections`: the gauge of connections by account. */
  constructor(accountConnections: SharedArrayBuffer) {
    this.#connections = new SharedGauge(accountConnections);
  }

  retire(index: number): void {
    this.#since.delete(index);
    this.#since.set(index, processMs());
  }

  /** An index that nobody can mean any more. */
  take(): number | undefined {
    const now = processMs();
    for (const [index, since] of this.#since) {
      if (now - since < REST_MS) return undefined;
      if (this.#connections.count(index) > 0) continue;
      this.#since.delete(index);
      return index;
    }
    return undefined;
  }
}
