// Steps of one change, given to one account after the other (attack 45). Control thread; pure. Must stay
// true: together the accounts of a change use no more than there is, but for the little that each has
// in any case, which is no more than the rest of its work.
import type { SharedBudget } from "./fair-shares.ts";

/** Steps that every account has, however many there are. */
const ACCOUNT_STEPS_MIN = 1_000;

export class Allowance {
  /** What the account that is looked at now may cost. */
  readonly budget: SharedBudget = { stepsLeft: 0, isShort: false };
  readonly #accountStepsMax: number;
  #granted = 0;
  #left = 0;

  constructor(accountStepsMax: number) {
    this.#accountStepsMax = accountStepsMax;
  }

  begin(steps: number): void {
    this.#left = steps;
  }

  /** There is all that one account may have. */
  get isWhole(): boolean {
    return this.#left >= this.#accountStepsMax;
  }

  /** There is nothing but what every account has. */
  get isUsedUp(): boolean {
    return this.#left < ACCOUNT_STEPS_MIN;
  }

  grant(): void {
    this.#granted = Math.max(ACCOUNT_STEPS_MIN, Math.min(this.#accountStepsMax, this.#left));
    this.budget.stepsLeft = this.#granted;
    this.budget.isShort = false;
  }

  /** True if the account had less than it may have, and needed more. */
  settle(): boolean {
    this.#left -= this.#granted - Math.max(0, this.budget.stepsLeft);
    return this.budget.isShort && this.#granted < this.#accountStepsMax;
  }
}
