// Lets a few pages be made at the same time and the others wait: a line for each kind of
// asker, served in turn, each first come first served. Control thread. Must stay true: no line keeps
// another from its turn, and each is bounded.

/** HTTP requests, requests to the system account by its own users, and those by others. */
export type Asker = "http" | "system" | "account";

export interface TurnBounds {
  /** Pages of both kinds that are made at the same time. */
  readonly atOnce: number;
  /** Requests of one kind that wait; more are refused. */
  readonly waitingMax: Readonly<Record<Asker, number>>;
}

/** Whose turn it is behind whom. */
const BEHIND: Readonly<Record<Asker, Asker>> = {
  http: "system",
  system: "account",
  account: "http",
};

export class RenderTurns {
  readonly #bounds: TurnBounds;
  readonly #waiting: Readonly<Record<Asker, (() => void)[]>> = {
    http: [],
    system: [],
    account: [],
  };
  #free: number;
  /** Whose line is looked at first. */
  #next: Asker = "system";

  constructor(bounds: TurnBounds) {
    this.#bounds = bounds;
    this.#free = bounds.atOnce;
  }

  /** Requests that wait for a turn. */
  get waiting(): number {
    const { http, system, account } = this.#waiting;
    return http.length + system.length + account.length;
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

  /** The turn goes to the next line in which anybody stands. */
  #pass(): void {
    for (let looked = 0; looked < 3; looked += 1) {
      const resolve = this.#waiting[this.#next].shift();
      this.#next = BEHIND[this.#next];
      if (resolve !== undefined) {
        resolve();
        return;
      }
    }
    this.#free += 1;
  }
}
