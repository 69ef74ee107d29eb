// How many connections each worker has, for placement and for CP-15. The acceptor counts what it
// hands out, workers count what is gone; the difference is exact and includes sockets on their way.
// One writer per number: the acceptor its own, each worker its slot.

/** The worker's side. */
export class GoneCounter {
  readonly #slots: Int32Array;
  readonly #threadIndex: number;

  constructor(region: SharedArrayBuffer, threadIndex: number) {
    this.#slots = new Int32Array(region);
    this.#threadIndex = threadIndex;
  }

  /** One connection that was placed here is no more. */
  count(): void {
    Atomics.add(this.#slots, this.#threadIndex, 1);
  }
}

/** The acceptor's side. Workers count from 0 here; worker `i` is thread `i + 1`. */
export class Placement {
  readonly #gone: Int32Array;
  readonly #placed: Int32Array;
  readonly #alive: boolean[];
  #next = 0;

  constructor(region: SharedArrayBuffer, workersCount: number) {
    this.#gone = new Int32Array(region);
    this.#placed = new Int32Array(workersCount);
    this.#alive = new Array<boolean>(workersCount).fill(true);
  }

  /** Connections of a worker now. Both counts wrap alike. */
  load(worker: number): number {
    return (this.#placed[worker]! - Atomics.load(this.#gone, worker + 1)) | 0;
  }

  total(): number {
    let total = 0;
    for (let worker = 0; worker < this.#placed.length; worker += 1) total += this.load(worker);
    return total;
  }

  /** Takes the least loaded worker, in turn among equals; -1 when none is alive. */
  take(): number {
    const count = this.#placed.length;
    let best = -1;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (let step = 0; step < count; step += 1) {
      const worker = (this.#next + step) % count;
      if (!this.#alive[worker]) continue;
      const load = this.load(worker);
      if (load < bestLoad) {
        best = worker;
        bestLoad = load;
      }
    }
    if (best < 0) return -1;
    this.#next = (best + 1) % count;
    this.#placed[best]! += 1;
    return best;
  }

  /** What was taken did not go. */
  giveBack(worker: number): void {
    this.#placed[worker]! -= 1;
  }

  /** No more sockets for this worker: a message to a dead thread would leak the descriptor. */
  forget(worker: number): void {
    this.#alive[worker] = false;
  }
}
