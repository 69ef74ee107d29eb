// Turns the runs of a row into medians, ratios and verdicts. A ratio is taken within each pair, and
// the median is taken over the pairs: what disturbs the machine disturbs both halves of a pair.
import type { Criterion, CriterionResult, Row, RowMetric, SideRuns } from "./row.ts";
import { median } from "./statistics.ts";

export type Runs = ReadonlyMap<string, SideRuns>;

/** One figure of every pair; NaN where the measurement failed. */
export function series(runs: Runs, side: string, metric: RowMetric): number[] {
  return (runs.get(side) ?? []).map((run) =>
    typeof run === "string" ? Number.NaN : (run[metric] ?? Number.NaN),
  );
}

export function medianOf(runs: Runs, side: string, metric: RowMetric): number {
  return median(series(runs, side, metric));
}

export function judge(row: Row, runs: Runs): CriterionResult[] {
  return row.criteria
    .filter(({ of, over }) => runs.has(of) && (over === undefined || runs.has(over)))
    .map((criterion) => judgeOne(criterion, runs));
}

function judgeOne(criterion: Criterion, runs: Runs): CriterionResult {
  const { metric, of, over, direction, goal, limit } = criterion;
  const own = series(runs, of, metric);
  const base = over === undefined ? undefined : series(runs, over, metric);
  const values = own.map((value, n) =>
    base === undefined ? value : value / (base[n] ?? Number.NaN),
  );
  const value = median(values);
  const meets = (bound: number | undefined): boolean => {
    if (bound === undefined) return true;
    return direction === "atLeast" ? value >= bound : value <= bound;
  };
  const goalMet = goal !== undefined && meets(goal);
  if (limit === undefined) return { criterion, value, verdict: "shown", goalMet };
  if (Number.isNaN(value)) return { criterion, value, verdict: "FAILED", goalMet: false };
  return { criterion, value, verdict: meets(limit) ? "PASS" : "BELOW", goalMet };
}

/** The first failure among a row's runs. */
export function firstFailure(runs: Runs): string | undefined {
  for (const [side, list] of runs) {
    const failed = list.find((run) => typeof run === "string");
    if (typeof failed === "string") return `${side}: ${failed}`;
  }
  return undefined;
}
