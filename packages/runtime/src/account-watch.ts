// When an account's connection count is told to the system account (SY-03): when it has changed, and
// every 30 seconds while it is above 0. Control thread. Changes within one look are one, and looks rest
// the longer the more the last telling took: it reads every connection of the server.

/** SY-03. */
const HEARTBEAT_MS = 30_000;
/** A telling of 5 ms is followed by none for 160: a 32nd of the thread's time, up to this rest. */
const REST_PER_TELLING = 32;
/** More than that nobody waits: a telling of a second, of very many, is a third of the thread's time. */
const REST_MAX_MS = 2_000;

export class AccountWatch {
  readonly #count: (account: number) => number;
  #last: Int32Array;
  /** Accounts with connections, and when they are to be told of again. */
  readonly #due = new Map<number, number>();

  /** `first`: accounts below this index are not told of. */
  readonly #first: number;
  #isTelling = false;
  #restUntilMs = Number.NEGATIVE_INFINITY;

  constructor(accountsCount: number, first: number, count: (account: number) => number) {
    this.#count = count;
    this.#first = first;
    this.#last = new Int32Array(accountsCount);
  }

  /** There are more accounts now; what is known of the others stays. */
  follow(accountsCount: number): void {
    if (accountsCount <= this.#last.length) return;
    const grown = new Int32Array(accountsCount);
    grown.set(this.#last);
    this.#last = grown;
  }

  /** Accounts with a connection now. */
  get active(): number {
    let active = 0;
    for (let account = 0; account < this.#last.length; account += 1) {
      if (this.#count(account) > 0) active += 1;
    }
    return active;
  }

  /** Accounts that are to be told of now. Where there are any, the next look waits for `told`. */
  look(nowMs: number): number[] {
    if (this.#isTelling || nowMs < this.#restUntilMs) return [];
    const told: number[] = [];
    for (let account = this.#first; account < this.#last.length; account += 1) {
      const count = this.#count(account);
      if (count === this.#last[account]) continue;
      this.#last[account] = count;
      told.push(account);
      if (count === 0) this.#due.delete(account);
      else this.#due.set(account, nowMs + HEARTBEAT_MS);
    }
    for (const [account, dueMs] of this.#due) {
      if (dueMs > nowMs) continue;
      told.push(account);
      this.#due.set(account, nowMs + HEARTBEAT_MS);
    }
    this.#isTelling = told.length > 0;
    return told;
  }

  /** What the last look found has been told, or nobody wanted to know; it took `tookMs`. */
  told(nowMs: number, tookMs: number): void {
    this.#isTelling = false;
    this.#restUntilMs = nowMs + Math.min(REST_MAX_MS, tookMs * REST_PER_TELLING);
  }
}
