// Lets a few pages be made at the same time and the others wait: two lines, one for each kind of
// asker, served in turn, each first come first served. Control thread. Must stay true: neither line
// keeps the other from its turn, and each is bounded.

/** HTTP requests, and requests to the system account. */
export type Asker = "http" | "system";

export interface TurnBounds {
  /** Pages of both kinds that are made at the same time. */
  readonly atOnce: number;
  /** Requests of one kind that wait; more are refused. */
  readonly waitingMax: Readonly<Record<Asker, number>>;
}

const OTHER: Readonly<Record<Asker, Asker>> = { http: "system", system: "http" };

export class RenderTurns {
  readonly #bounds: TurnBounds;
  readonly #waiting: Readonly<Record<Asker, (() => void)[]>> = { http: [], system: [] };
  #free: number;
  /** Whose line is looked at first. */
  #next: Asker = "system";

  constructor(bounds: TurnBounds) {
    this.#bounds = bounds;
    this.#free = bounds.atOnce;
  }

  /** Requests that wait for a turn. */
  get waiting(): number {
    return this.#waiting.http.length + this.#waiting.system.length;
  }

  /** Pages being made. */
  get running(): number {
    return this.#bounds.atOnce - this.#free;
  }

  /** Runs `task` when it is its turn; undefined = too many wait already. */
  take<Result>(asker: Asker, task: () => Promise<Result>): Promise<Result> | undefined {
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#run(task);
    }
    const line = this.#waiting[asker];
    if (line.length >= this.#bounds.waitingMax[asker]) return undefined;
    return new Promise<void>((resolve) => line.push(resolve)).then(() => this.#run(task));
  }

  async #run<Result>(task: () => Promise<Result>): Promise<Result> {
    try {
      return await task();
    } finally {
      this.#pass();
    }
  }

  /** The turn goes to the line that had none last, if anybody stands there. */
  #pass(): void {
    const first = this.#waiting[this.#next].length > 0 ? this.#next : OTHER[this.#next];
    const resolve = this.#waiting[first].shift();
    if (resolve === undefined) {
      this.#free += 1;
      return;
    }
    this.#next = OTHER[first];
    resolve();
  }
}
