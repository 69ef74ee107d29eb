// Lets a few pages be made at the same time and the others wait: a line for each kind of
// asker, served in turn. In a line the addresses are served in turn as well, those of one address
// first come first served. Control thread. Must stay true: no line and no address keeps another from
// its turn or from a place in the line, and each line is bounded.

/** HTTP requests, requests to the system account by its own users, and those by others. */
export type Asker = "http" | "system" | "account";

export interface TurnBounds {
  /** Pages of both kinds that are made at the same time. */
  readonly atOnce: number;
  /** Requests of one kind that wait; more are refused. */
  readonly waitingMax: Readonly<Record<Asker, number>>;
}

/** Addresses whose last turn is known; then all begin anew. */
const ADDRESSES_MAX = 1_024;

/** Whose turn it is behind whom. */
const BEHIND: Readonly<Record<Asker, Asker>> = {
  http: "system",
  system: "account",
  account: "http",
};

interface Waiting {
  readonly address: string;
  begin(): void;
}

export class RenderTurns {
  readonly #bounds: TurnBounds;
  readonly #waiting: Readonly<Record<Asker, Waiting[]>> = {
    http: [],
    system: [],
    account: [],
  };
  /** Of addresses in the lines: the number of their last turn. */
  readonly #lastTurns = new Map<string, number>();
  #turns = 0;
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

  /**
   * Runs `task` when it is its turn; undefined = too many wait already. An `address` may have as many
   * waiting as there are places free: alone half of them. Without one nobody is told apart.
   */
  take<Result>(
    asker: Asker,
    task: () => Promise<Result>,
    address?: string | undefined,
  ): Promise<Result> | undefined {
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#run(task);
    }
    const line = this.#waiting[asker];
    const room = this.#bounds.waitingMax[asker] - line.length;
    if (room <= 0 || (address !== undefined && waitingOf(line, address) >= room)) return undefined;
    return new Promise<void>((resolve) =>
      line.push({ address: address ?? "", begin: resolve }),
    ).then(() => this.#run(task));
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
      const next = this.#takeNext(this.#waiting[this.#next]);
      this.#next = BEHIND[this.#next];
      if (next !== undefined) {
        next.begin();
        return;
      }
    }
    this.#free += 1;
    this.#lastTurns.clear();
  }

  /** Whose address had its last turn longest ago. */
  #takeNext(line: Waiting[]): Waiting | undefined {
    let at = 0;
    for (let index = 1; index < line.length; index += 1) {
      if (this.#lastTurnOf(line[index]) < this.#lastTurnOf(line[at])) at = index;
    }
    const [next] = line.splice(at, 1);
    if (next === undefined) return undefined;
    if (this.#lastTurns.size >= ADDRESSES_MAX) this.#lastTurns.clear();
    this.#turns += 1;
    this.#lastTurns.set(next.address, this.#turns);
    return next;
  }

  #lastTurnOf(waiting: Waiting | undefined): number {
    return this.#lastTurns.get(waiting?.address ?? "") ?? 0;
  }
}

function waitingOf(line: readonly Waiting[], address: string): number {
  let count = 0;
  for (const waiting of line) if (waiting.address === address) count += 1;
  return count;
}
