// What `/metrics` has said of each account, so that no counter falls (GP-1). Thread: control. A connection
// that has just ended is in neither sum until its worker's record comes, and a counter that falls is a
// restart to whoever reads it: all of the account would be counted a second time.
import type { AccountTotals } from "./account-totals.ts";

const COUNTERS = ["inMessages", "inBytes", "outMessages", "outBytes", "slowConsumers"] as const;

type Counters = Record<(typeof COUNTERS)[number], number>;

/** What must stay true: it holds no account that is gone, once a page is made without it. */
export class ShownCounters {
  readonly #shown = new Map<string, Counters>();

  /** The totals, with no counter below what was given for the account before. */
  notBelow(account: string, totals: AccountTotals): AccountTotals {
    const shown = this.#shown.get(account);
    const next = { ...totals };
    if (shown !== undefined) {
      for (const name of COUNTERS) next[name] = Math.max(next[name], shown[name]);
    }
    const { inMessages, inBytes, outMessages, outBytes, slowConsumers } = next;
    this.#shown.set(account, { inMessages, inBytes, outMessages, outBytes, slowConsumers });
    return next;
  }

  /** Its totals begin anew. */
  forget(account: string): void {
    this.#shown.delete(account);
  }

  /** Accounts that are gone: one of the same name begins anew. */
  forgetOthers(isThere: (account: string) => boolean): void {
    for (const account of this.#shown.keys()) if (!isThere(account)) this.#shown.delete(account);
  }
}
