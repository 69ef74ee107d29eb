// Connections that the acceptor has placed on this worker, in their order: a few are taken in each
// pass of the loop, so that thousands who come at once (everybody's reconnect) do not keep those
// waiting who are here already. Node itself hands on a thousand messages of a port in one pass.
// Worker threads. Must stay true: who comes alone waits for nothing; order is kept; what waits is
// bounded by the limit of connections, which the acceptor holds, also while nobody ever catches up.

/** A tenth of a millisecond each. */
const TAKEN_PER_PASS = 8;

export class Arrivals<Placed> {
  readonly #take: (placed: Placed) => void;
  /** Who comes now. */
  #waiting: Placed[] = [];
  /** Who came before those, the next one last: whoever is taken is let go of. */
  #earlier: Placed[] = [];
  #takenInPass = 0;
  #isScheduled = false;

  constructor(take: (placed: Placed) => void) {
    this.#take = take;
  }

  get waiting(): number {
    return this.#earlier.length + this.#waiting.length;
  }

  add(placed: Placed): void {
    if (this.waiting === 0 && this.#takenInPass < TAKEN_PER_PASS) this.#takeNow(placed);
    else this.#waiting.push(placed);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(nextPass, this);
  }

  nextPass(): void {
    this.#takenInPass = 0;
    while (this.waiting > 0 && this.#takenInPass < TAKEN_PER_PASS) {
      if (this.#earlier.length === 0) {
        this.#earlier = this.#waiting.reverse();
        this.#waiting = [];
      }
      this.#takeNow(this.#earlier.pop() as Placed);
    }
    this.#isScheduled = this.waiting > 0;
    if (this.#isScheduled) setImmediate(nextPass, this);
  }

  #takeNow(placed: Placed): void {
    this.#takenInPass += 1;
    this.#take(placed);
  }
}

function nextPass<Placed>(arrivals: Arrivals<Placed>): void {
  arrivals.nextPass();
}
