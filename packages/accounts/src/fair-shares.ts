// How what the imports of one account may cost is shared by the accounts that it imports from (attack
// 45). Any thread; pure. Must stay true: together they never cost more than there is; none of them, nor
// all that are dear together, can use up what the others need.
import type { SearchBudget } from "@weft/subjects";

export interface SharedBudget extends SearchBudget {
  /** Something was not done for want of steps. */
  isShort: boolean;
}

/** What each owner has at first, as long as there is so much, however many there are. */
const FIRST_STEPS_MIN = 1_000;

/**
 * Does `work` for each item. It returns false, and has done nothing, where the steps in `budget` did not
 * do. Each owner of items has the same share of one half at first; whoever needs more has its turn when
 * all the others had theirs, with no more than half of what is left then. One alone has all at once.
 * Returns the items that found too little.
 */
export function inFairShares<T>(
  items: readonly T[],
  ownerOf: (item: T) => unknown,
  budget: SharedBudget,
  work: (item: T) => boolean,
): T[] {
  const ownersCount = new Set(items.map(ownerOf)).size;
  const second = ownersCount > 1 ? Math.ceil(budget.stepsLeft / 2) : 0;
  const equal = Math.floor((budget.stepsLeft - second) / Math.max(1, ownersCount));
  const first = Math.max(FIRST_STEPS_MIN, equal);
  const shares = new Map<unknown, number>();
  const dear = new Map<unknown, T[]>();
  for (const item of items) {
    const owner = ownerOf(item);
    const share = shares.get(owner) ?? first;
    const before = budget.stepsLeft;
    const isDone = spend(budget, Math.min(share, Math.max(0, before - second)), () => work(item));
    shares.set(owner, share - (before - budget.stepsLeft));
    if (isDone) continue;
    const waiting = dear.get(owner);
    if (waiting === undefined) dear.set(owner, [item]);
    else waiting.push(item);
  }
  const missed = second === 0 ? [...dear.values()].flat() : doLast(dear, budget, work);
  if (missed.length > 0) budget.isShort = true;
  return missed;
}

/** One owner after the other, each with half of what is left; the last one has no need to spare. */
function doLast<T>(
  dear: ReadonlyMap<unknown, readonly T[]>,
  budget: SharedBudget,
  work: (item: T) => boolean,
): T[] {
  const missed: T[] = [];
  let waiting = dear.size;
  for (const items of dear.values()) {
    waiting -= 1;
    let share = waiting === 0 ? budget.stepsLeft : Math.floor(budget.stepsLeft / 2);
    for (const item of items) {
      const before = budget.stepsLeft;
      if (!spend(budget, share, () => work(item))) missed.push(item);
      share -= before - budget.stepsLeft;
    }
  }
  return missed;
}

/** `work` sees so much in `budget` and no more. */
function spend(budget: SharedBudget, steps: number, work: () => boolean): boolean {
  const kept = budget.stepsLeft - steps;
  budget.stepsLeft = steps;
  const isDone = work();
  budget.stepsLeft = kept + Math.max(0, budget.stepsLeft);
  return isDone;
}

/** Sets half of what is left aside; what is returned puts it back. */
export function setHalfAside(budget: SharedBudget): () => void {
  const aside = Math.ceil(budget.stepsLeft / 2);
  budget.stepsLeft -= aside;
  return () => {
    budget.stepsLeft += aside;
  };
}
