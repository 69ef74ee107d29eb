// When an account's connection count is told to the system account (SY-03): when it has changed, and
// every 30 seconds while it is above 0. Control thread. Changes within one look are one.

/** SY-03. */
const HEARTBEAT_MS = 30_000;

export class AccountWatch {
  readonly #count: (account: number) => number;
  #last: Int32Array;
  /** Accounts with connections, and when they are to be told of again. */
  readonly #due = new Map<number, number>();

  /** `first`: accounts below this index are not told of. */
  readonly #first: number;

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

  /** Accounts that are to be told of now. */
  look(nowMs: number): number[] {
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
    return told;
  }
}
