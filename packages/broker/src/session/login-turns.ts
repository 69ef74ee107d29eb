// How much of one pass of the worker's loop logins may take, and judgements of those who do not wait for
// theirs (A57): a token may be dear to judge, tens of milliseconds where an account has a large template,
// and any number of its users may say something at the same time. Owned by the worker's core.
//
// Must stay true: while there is time left nobody waits; who has to goes on in one of the next passes,
// addresses in turn, those of one in the order in which they came.
import { type Clock, type Millis, networkOf } from "@weft/base";

/** What is begun before this is finished. Counted until it is used up, then from the next pass on. */
const PASS_MS: Millis = 10;

/** Bounded by the connections there are: each waits for one thing. */
export class LoginTurns {
  readonly #clock: Clock;
  readonly #callSoon: () => void;
  /** By network; whose turn is next stands first. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #spentMs: Millis = 0;

  /** `callSoon`: `step` is to be called in another pass of the loop. */
  constructor(clock: Clock, callSoon: () => void) {
    this.#clock = clock;
    this.#callSoon = callSoon;
  }

  /** Whoever comes now has to wait. */
  get isSpent(): boolean {
    return this.#spentMs >= PASS_MS;
  }

  /** Does `work`, which counts against the pass. */
  spend<Result>(work: () => Result): Result {
    const begun = this.#clock.monotonicMs();
    try {
      return work();
    } finally {
      this.#spentMs += this.#clock.monotonicMs() - begun;
      if (this.isSpent) this.#callSoon();
    }
  }

  /** `task`, for somebody at `address`, is carried out in another pass. */
  later(address: string, task: () => void): void {
    const network = networkOf(address);
    const tasks = this.#waiting.get(network) ?? new Set();
    this.#waiting.set(network, tasks.add(task));
  }

  /** Another pass. */
  step(): void {
    this.#spentMs = 0;
    while (!this.isSpent) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [network, tasks] = next;
      const [task] = tasks;
      this.#waiting.delete(network);
      if (task === undefined) continue;
      tasks.delete(task);
      if (tasks.size > 0) this.#waiting.set(network, tasks);
      task();
    }
  }
}
