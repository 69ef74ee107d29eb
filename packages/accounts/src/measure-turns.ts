// What it may cost in one change to find out whether measurements of services are measured themselves
// (AC-60, attack 45). Control thread; pure. Must stay true: however many accounts a change compiles, they
// share the steps of one; who found too little is compiled again with the changes that follow, and has
// all of it when it comes first.
import type { SearchBudget } from "@weft/subjects";
import { Allowance } from "./allowance.ts";

/** Steps for the measurements of one account, and of one change: some 100 ms. */
export const MEASURED_STEPS_MAX = 1_000_000;

export class MeasureTurns {
  readonly #allowance = new Allowance(MEASURED_STEPS_MAX);
  /** The first has waited for longest. */
  readonly #starved = new Set<string>();

  /** There is work for a change that changes nothing. */
  get isUnfinished(): boolean {
    return this.#starved.size > 0;
  }

  beginChange(): void {
    this.#allowance.begin(MEASURED_STEPS_MAX);
  }

  /** Accounts that wait; whoever takes one has `compile` called for it. */
  *waiting(): Iterable<string> {
    for (const name of [...this.#starved]) {
      if (this.#allowance.isUsedUp) return;
      yield name;
    }
  }

  /** Calls `work`, which compiles the exports of the account with so many steps. */
  compile(name: string, work: (budget: SearchBudget) => void): void {
    const { budget } = this.#allowance;
    this.#allowance.grant();
    work(budget);
    budget.isShort = budget.stepsLeft < 0;
    // Who waits already keeps its place.
    if (this.#allowance.settle()) this.#starved.add(name);
    else this.#starved.delete(name);
  }

  forget(name: string): void {
    this.#starved.delete(name);
  }
}
