// The exports of one account by subject, for whoever wants to import many of them. Any thread; pure.
// Must stay true: looking for one costs a part of a budget and not all exports, and where the budget
// ends nothing is exported.
import { narrowest, type SharedBudget } from "@weft/accounts";
import { FilterMap, type SearchBudget } from "@weft/subjects";
import type { ExportClaim } from "../claims/claims.ts";

type Kind = "stream" | "service";

export class ExportIndex {
  readonly #bySubject = new Map<string, ExportClaim[]>();
  readonly #byFilter = {
    stream: new FilterMap<ExportClaim>(),
    service: new FilterMap<ExportClaim>(),
  } as const;

  constructor(exports: readonly ExportClaim[]) {
    for (const claim of exports) {
      if (claim.type === "") continue;
      const key = `${claim.type} ${claim.subject}`;
      const known = this.#bySubject.get(key);
      if (known === undefined) this.#bySubject.set(key, [claim]);
      else known.push(claim);
      this.#byFilter[claim.type].add(claim.subject, claim);
    }
  }

  /**
   * The exports of just this subject, else the narrowest that take it in: as the compiler has it.
   * Undefined = the budget is used up.
   */
  deciding(kind: Kind, subject: string, budget: SearchBudget): readonly ExportClaim[] | undefined {
    const exact = this.#bySubject.get(`${kind} ${subject}`);
    if (exact !== undefined) return exact;
    const covering = this.#byFilter[kind].within(budget, "covering", subject);
    return covering && narrowest(covering, subject, budget);
  }
}

/** A list of exports is made once, and asked about in one change after the other. */
const known = new WeakMap<readonly ExportClaim[], ExportIndex>();

function indexOf(exports: readonly ExportClaim[]): ExportIndex {
  const before = known.get(exports);
  if (before !== undefined) return before;
  const index = new ExportIndex(exports);
  known.set(exports, index);
  return index;
}

/** Steps for the imports of one account, some 40 ms ... */
const ACCOUNT_STEPS_MAX = 400_000;
/** ... which are fewer when all that are looked at together had so many ... */
const STEPS_MAX = 3 * ACCOUNT_STEPS_MAX;
/** ... but never so few that they matter beside the rest of its work. */
const ACCOUNT_STEPS_MIN = 1_000;

/** What it may cost to ask for exports while accounts are looked at together. */
export class ExportIndexes {
  /** For the account that is looked at now. */
  readonly budget: SharedBudget = { stepsLeft: 0, isShort: false };
  #granted = 0;
  #left = STEPS_MAX;

  beginAccount(): void {
    this.#left -= this.#granted - Math.max(0, this.budget.stepsLeft);
    this.#granted = Math.max(ACCOUNT_STEPS_MIN, Math.min(ACCOUNT_STEPS_MAX, this.#left));
    this.budget.stepsLeft = this.#granted;
    this.budget.isShort = false;
  }

  /** The account could not be looked at because of those before it. */
  get isStarved(): boolean {
    return this.budget.isShort && this.#granted < ACCOUNT_STEPS_MAX;
  }

  /** As {@link ExportIndex.deciding}. */
  deciding(
    exports: readonly ExportClaim[],
    kind: Kind,
    subject: string,
  ): readonly ExportClaim[] | undefined {
    return indexOf(exports).deciding(kind, subject, this.budget);
  }
}
