// The ring of finished connections (CP-110). Control thread; for those that were refused, also the
// acceptor, on their way to control.
import type { FinishedConnection } from "@weft/broker";

export class ClosedConnections {
  readonly #max: number;
  #ring: FinishedConnection[] = [];
  #next = 0;

  /** Keeps the last `max`. */
  constructor(max: number) {
    this.#max = Math.max(0, max);
  }

  add(records: readonly FinishedConnection[]): void {
    if (this.#max === 0) return;
    for (const record of records) {
      if (this.#ring.length < this.#max) this.#ring.push(record);
      else this.#ring[this.#next] = record;
      this.#next = (this.#next + 1) % this.#max;
    }
  }

  /** Oldest first. */
  list(): FinishedConnection[] {
    const split = this.#ring.length < this.#max ? 0 : this.#next;
    return [...this.#ring.slice(split), ...this.#ring.slice(0, split)];
  }

  /** The same, and forgets them. */
  take(): FinishedConnection[] {
    const list = this.list();
    this.#ring = [];
    this.#next = 0;
    return list;
  }
}
