// Requests that went to plain subscriptions on several other threads: each thread where nobody took
// the request says so, and when all have, the requester gets its 503 (CP-64). Kept in the thread of
// the requester, and only for requests that somebody refused. Owned by the worker's core.

/** Ballots that are incomplete, mostly for ever, as somebody took the request; the oldest goes. */
const BALLOTS_MAX = 4_096;

export class Ballots {
  #last = 0;
  /** Votes that are missing, by number. */
  readonly #open = new Map<number, number>();

  /** A number for the next request; never 0. */
  next(): number {
    this.#last = this.#last >= 0xffff_ffff ? 1 : this.#last + 1;
    return this.#last;
  }

  /** One of `frames` threads says "nobody here". True when all of them have. */
  vote(ballot: number, frames: number): boolean {
    const missing = (this.#open.get(ballot) ?? frames) - 1;
    if (missing <= 0) {
      this.#open.delete(ballot);
      return true;
    }
    if (!this.#open.has(ballot) && this.#open.size >= BALLOTS_MAX) {
      for (const oldest of this.#open.keys()) {
        this.#open.delete(oldest);
        break;
      }
    }
    this.#open.set(ballot, missing);
    return false;
  }
}
