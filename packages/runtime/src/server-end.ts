// The end of a server, in order or not, and those who wait for something that it would prevent.
// Control thread. Must stay true: whoever has waited leaves nothing behind. `Promise.race` with a
// promise that lasts as long as the server would keep every loser for as long.

export class ServerEnd {
  /** Resolves after an orderly end, rejects after a death. */
  readonly closed: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  readonly #waiting = new Set<(end: Promise<void>) => void>();
  #isOver = false;

  constructor() {
    this.closed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const tellAll = (): void => {
      this.#isOver = true;
      for (const tell of this.#waiting) tell(this.closed);
      this.#waiting.clear();
    };
    // A host that does not look at `closed` must not fall over its rejection.
    this.closed.then(tellAll, tellAll);
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  reached(): void {
    this.#resolve();
  }

  died(why: string): void {
    this.#reject(new Error(why));
  }

  /** `arrived`, or the end of the server if that comes first. */
  or(arrived: Promise<unknown>): Promise<unknown> {
    if (this.#isOver) return this.closed;
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      const isOver = (): void => void this.#waiting.delete(resolve);
      arrived.then(isOver, isOver);
      arrived.then(resolve, reject);
    });
  }
}
