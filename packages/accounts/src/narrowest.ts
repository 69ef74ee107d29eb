// Which of the exports that take in an import decide about it. Any thread; pure. Must stay true: each is
// held against each other, so it is paid for before it is done (attack 45).
import { type SearchBudget, subjectIsSubsetMatch } from "@weft/subjects";

/** Characters of a filter that cost one step more for each comparison. */
const CHARACTERS_PER_STEP = 4;

/**
 * Of `covering`, which take in all of `filter`, those that take in none of the others; those of one
 * subject stand together. Undefined = the budget is used up.
 */
export function narrowest<T extends { readonly subject: string }>(
  covering: readonly T[],
  filter: string,
  budget: SearchBudget,
): readonly T[] | undefined {
  // What takes in a filter is not longer than it.
  const comparisonSteps = 1 + Math.floor(filter.length / CHARACTERS_PER_STEP);
  budget.stepsLeft -= covering.length * (covering.length - 1) * comparisonSteps;
  if (budget.stepsLeft < 0) return undefined;
  return covering.filter(
    ({ subject }) =>
      !covering.some(
        (other) => other.subject !== subject && subjectIsSubsetMatch(other.subject, subject),
      ),
  );
}
