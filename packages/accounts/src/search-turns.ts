// Whose imports are searched for circles, and how much the imports of one change may cost (attack 45).
// Control thread; pure. Must stay true: a change costs a bounded number of steps, whatever accounts
// import and export; an account that found no time is searched again with the changes that follow;
// one that had the time of an account in vain is searched again only when a circle may have opened.
import { Allowance } from "./allowance.ts";
import type { SharedBudget } from "./fair-shares.ts";

/** Steps for the imports of one account: some 40 ms. */
const ACCOUNT_STEPS_MAX = 400_000;
/** Steps of one change for the accounts that it touches ... */
const CHANGE_STEPS_MAX = 3 * ACCOUNT_STEPS_MAX;
/** ... and for those that wait. */
const WAITING_STEPS_MAX = 2 * ACCOUNT_STEPS_MAX;
/** Accounts that wait and are looked at with one change. */
const WAITING_LOOKED_AT = 64;

export class SearchTurns {
  /** For looking up what others export: what was accepted is not lost for others' searches. */
  readonly #lookups = new Allowance(ACCOUNT_STEPS_MAX);
  readonly #searches = new Allowance(ACCOUNT_STEPS_MAX);
  /** Accounts with imports that are left out because they close a circle, or seem to. */
  readonly #circling = new Set<string>();
  /** Those that found no time; the first has waited for longest. */
  readonly #starved = new Set<string>();
  /** Those of the circling that a change may have helped. */
  readonly #retried = new Set<string>();

  /** What the account that is looked at now may cost. */
  get lookups(): SharedBudget {
    return this.#lookups.budget;
  }

  get searches(): SharedBudget {
    return this.#searches.budget;
  }

  /** There is work for a change that changes nothing. */
  get isUnfinished(): boolean {
    return this.#starved.size + this.#retried.size > 0;
  }

  beginChange(): void {
    this.#lookups.begin(CHANGE_STEPS_MAX);
    this.#searches.begin(CHANGE_STEPS_MAX);
  }

  beginAccount(): void {
    this.#lookups.grant();
    this.#searches.grant();
  }

  /** The account was looked at; `isRefused`: something of it was left out for a circle. */
  endAccount(name: string, isRefused: boolean): void {
    const wantsLookups = this.#lookups.settle();
    const wantsSearches = this.#searches.settle();
    this.forget(name);
    if (!isRefused) return;
    if (wantsLookups || wantsSearches) this.#starved.add(name);
    else this.#circling.add(name);
  }

  /** A circle may have opened. */
  retry(): void {
    for (const name of this.#circling) this.#retried.add(name);
  }

  /** Accounts to be looked at with this change beside those that it touches, each with all its time. */
  *waiting(): Iterable<string> {
    this.#lookups.begin(WAITING_STEPS_MAX);
    this.#searches.begin(WAITING_STEPS_MAX);
    for (let count = 0; count < WAITING_LOOKED_AT; count += 1) {
      if (!this.#lookups.isWhole || !this.#searches.isWhole) return;
      // In turn: there may be no end of either.
      const isOdd = count % 2 === 1;
      const [first, second] = isOdd
        ? [this.#retried, this.#starved]
        : [this.#starved, this.#retried];
      const [name] = first.size > 0 ? first : second;
      if (name === undefined) return;
      yield name;
      // Whoever takes it has called `endAccount`; a name that is gone must not come again.
      this.#starved.delete(name);
      this.#retried.delete(name);
    }
  }

  forget(name: string): void {
    this.#circling.delete(name);
    this.#starved.delete(name);
    this.#retried.delete(name);
  }
}
