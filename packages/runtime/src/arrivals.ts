// Connections that the acceptor has placed on this worker, in their order: a few are taken in each
// pass of the loop, so that thousands who come at once (everybody's reconnect) do not keep those
// waiting who are here already. Node itself hands on a thousand messages of a port in one pass.
// Worker threads. Must stay true: who comes alone waits for nothing; order is kept; what waits is
// bounded by the limit of connections, which the acceptor holds, also while nobody ever catches up;
// once the worker ends nobody is taken any more.

/** A tenth of a millisecond each. */
const TAKEN_PER_PASS = 8;

export class Arrivals<Placed> {
  #take: (placed: Placed) => void;
  /** Who comes now. */
  #waiting: Placed[] = [];
  /** Who came before those, the next one last: whoever is taken is let go of. */
  #earlier: Placed[] = [];
  #takenInPass = 0;
  #isScheduled = false;
  #isRefusing = false;

  constructor(take: (placed: Placed) => void) {
    this.#take = take;
  }

  get waiting(): number {
    return this.#earlier.length + this.#waiting.length;
  }

  add(placed: Placed): void {
    const isTakenNow = this.waiting === 0 && this.#takenInPass < TAKEN_PER_PASS;
    if (isTakenNow || this.#isRefusing) this.#takeNow(placed);
    else this.#waiting.push(placed);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(nextPass, this);
  }

  /** Whoever waits, and whoever comes from now on, goes to `refuse`, at once. */
  refuseAll(refuse: (placed: Placed) => void): void {
    const refused = [...this.#earlier.reverse(), ...this.#waiting];
    this.#earlier = [];
    this.#waiting = [];
    this.#take = refuse;
    this.#isRefusing = true;
    for (const placed of refused) refuse(placed);
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
