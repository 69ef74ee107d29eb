// The number of the last message of the system account (SY-11), one for the process. All threads.

export class EventSequence {
  readonly #last: BigInt64Array;

  constructor(region: SharedArrayBuffer) {
    this.#last = new BigInt64Array(region);
  }

  /** From 1 on; no number comes twice. */
  next(): number {
    return Number(Atomics.add(this.#last, 0, 1n)) + 1;
  }
}
