// Prints a row when it is done, for people.
import { firstFailure, medianOf } from "./judge.ts";
import type { Criterion, CriterionResult, RowMetric, RowResult } from "./row.ts";
import { shortDuration, shortNumber } from "./statistics.ts";

/** A load process this busy may be what holds the server back. */
const BOUND_CORES = 0.92;
const LABEL_WIDTH = 12;

export function showMetric(metric: RowMetric, value: number): string {
  if (!Number.isFinite(value)) return "-";
  switch (metric) {
    case "throughput":
    case "freshPerSecond":
    case "besidePerSecond":
      return `${shortNumber(value)}/s`;
    case "cpuNs":
      return shortDuration(value);
    case "p50Us":
    case "p99Us":
      return shortDuration(value * 1000);
    case "startMs":
    case "effectMs":
    case "firstPageMs":
    case "pageMs":
    case "longestPageMs":
    case "pauseMs":
    case "longestPauseMs":
    case "quietMs":
    case "longestQuietMs":
      return shortDuration(value * 1e6);
    case "bytesPerConnection":
      return `${(value / 1024).toFixed(1)} KiB`;
    case "idleBytes":
      return `${(value / 1024 / 1024).toFixed(0)} MiB`;
    case "generatorCores":
    case "serverCores":
      return value.toFixed(2);
  }
}

function bound(criterion: Criterion, value: number | undefined): string {
  if (value === undefined) return "-";
  const shown =
    criterion.over === undefined ? showMetric(criterion.metric, value) : value.toFixed(2);
  return `${criterion.direction === "atLeast" ? "≥" : "≤"} ${shown}`;
}

function verdict(result: CriterionResult): string {
  if (result.verdict === "shown") return "";
  if (result.verdict === "PASS" && result.goalMet) return "PASS, goal met";
  return result.verdict;
}

function criterionLine(result: CriterionResult, row: RowResult): string {
  const { criterion, value } = result;
  const { metric, of, over, label } = criterion;
  const own = `${of} ${showMetric(metric, medianOf(row.runs, of, metric))}`;
  const name = `  ${label.padEnd(LABEL_WIDTH)}`;
  const judged = criterion.limit !== undefined;
  const asked = judged
    ? `  goal ${bound(criterion, criterion.goal)}, to resolve ${bound(criterion, criterion.limit)}  `
    : "";
  if (over === undefined) return `${name} ${own}${asked}${verdict(result)}`;
  const base = `${over} ${showMetric(metric, medianOf(row.runs, over, metric))}`;
  const ratio = Number.isNaN(value) ? "-" : value.toFixed(2);
  return `${name} ${base} | ${own} | ratio ${ratio}${asked}${verdict(result)}`;
}

/** Figures of each side, for rows that have nothing to be held against. */
function sideLines(row: RowResult): string[] {
  const shown: RowMetric[] = [
    "throughput",
    "cpuNs",
    "p50Us",
    "p99Us",
    "bytesPerConnection",
    "freshPerSecond",
    "besidePerSecond",
    "effectMs",
    "firstPageMs",
    "pageMs",
    "pauseMs",
    "quietMs",
    "startMs",
    "idleBytes",
  ];
  return [...row.runs.keys()].map((side) => {
    const parts = shown
      .map((metric) => [metric, medianOf(row.runs, side, metric)] as const)
      .filter(([, value]) => Number.isFinite(value))
      .map(([metric, value]) => `${metric} ${showMetric(metric, value)}`);
    return `  ${side}: ${parts.join(", ")}`;
  });
}

function loadLines(row: RowResult): string[] {
  const lines: string[] = [];
  for (const side of row.runs.keys()) {
    const generator = medianOf(row.runs, side, "generatorCores");
    if (!Number.isFinite(generator)) continue;
    const server = medianOf(row.runs, side, "serverCores");
    const note = generator >= BOUND_CORES ? " (the load process is the bottleneck)" : "";
    lines.push(`${side} load ${generator.toFixed(2)} server ${server.toFixed(2)}${note}`);
  }
  return lines.length === 0 ? [] : [`  ${"cores".padEnd(LABEL_WIDTH)} ${lines.join(" | ")}`];
}

export function describeRow(row: RowResult): string {
  const lines = [`${row.row.name}: ${row.row.title}`];
  if (row.skipped !== undefined) return `${lines[0]}\n  SKIPPED: ${row.skipped}`;
  lines.push(...row.criteria.map((result) => criterionLine(result, row)));
  if (row.criteria.every((result) => result.criterion.over === undefined)) {
    lines.push(...sideLines(row));
  }
  lines.push(...loadLines(row));
  const failure = firstFailure(row.runs);
  if (failure !== undefined) lines.push(`  a measurement failed: ${failure}`);
  return lines.join("\n");
}
