// What the documents say of a recorded run: the tables of docs/performance.md, the lines of README.md
// and docs/STATUS.md, and the chart. All are made from one line of `results`, so that none says what
// another does not. Pure.
import { drawChart } from "./chart.ts";
import { judge, medianOf } from "./judge.ts";
import { showMetric } from "./report.ts";
import type { RunRecord } from "./results-file.ts";
import type { CriterionResult, RowResult } from "./row.ts";
import { isValid, rows, VALIDITY_ROW, VALIDITY_THROUGHPUT_MIN } from "./rows/index.ts";
import { REFERENCE, WEFT } from "./rows/versus.ts";
import { shortNumber } from "./statistics.ts";

/** Groups that a run may leave out and still be quoted: they take as long as all others together. */
const EXTRA_GROUPS = ["operated", "logins"];
const PAIRS_MIN = 3;
const SECONDS_MIN = 1;
/** Groups in which a server with one worker stands beside the reference. */
const PLAIN_GROUPS = ["throughput", "requests", "connections", "tls"];

/** Whether the documents may quote it: all core rows, of Weft as it is, beside nats-server. */
export function isQuotable(record: RunRecord): boolean {
  const { peer, isStandardWeft, workers, pairs, seconds } = record;
  if (!isStandardWeft || workers !== undefined || !/nats-server/.test(peer ?? "")) return false;
  if (pairs < PAIRS_MIN || seconds < SECONDS_MIN) return false;
  const measured = new Set(
    record.rows.filter(({ skipped }) => skipped === undefined).map(({ name }) => name),
  );
  return rows.every(({ name, group }) => EXTRA_GROUPS.includes(group) || measured.has(name));
}

/** The rows of the record as they came from the run, judged by the limits of today. */
function resultsOf(record: RunRecord): RowResult[] {
  const recorded = new Map(record.rows.map((row) => [row.name, row]));
  return rows.flatMap((row) => {
    const { sides, skipped } = recorded.get(row.name) ?? {};
    if (sides === undefined || skipped !== undefined) return [];
    const runs = new Map(Object.entries(sides));
    return [{ row, runs, criteria: judge(row, runs) }];
  });
}

interface Run {
  readonly record: RunRecord;
  readonly results: readonly RowResult[];
}

export interface FigureTexts {
  readonly readme: string;
  readonly performance: string;
  readonly status: string;
  readonly chart: string;
}

export function figureTexts(record: RunRecord): FigureTexts {
  const run = { record, results: resultsOf(record) };
  return {
    readme: readmeText(run),
    performance: performanceText(run),
    status: statusText(run),
    chart: drawChart(run.results, chartTitle(record)) ?? "",
  };
}

// ---- the run itself

const dayOf = ({ date }: RunRecord): string => date.slice(0, 10);
const versionOf = ({ peer }: RunRecord): string => /\d+\.\d+\.\d+/.exec(peer ?? "")?.[0] ?? "";

function commitOf({ commit }: RunRecord): string {
  return `commit ${commit.slice(0, 8)}${commit.endsWith("+") ? " with changes" : ""}`;
}

function lengthOf({ pairs, seconds }: RunRecord): string {
  return `${pairs} pairs of ${seconds} s per row`;
}

function chartTitle(record: RunRecord): string {
  const { peer = "", machine } = record;
  return `${peer}, ${machine.class}, ${lengthOf(record)}, ${dayOf(record)}, ${commitOf(record)}`;
}

function validityText({ results }: Run): string {
  const row = results.find(({ row: { name } }) => name === VALIDITY_ROW);
  const reached = medianOf(row?.runs ?? new Map(), REFERENCE, "throughput");
  if (isValid(reached)) return "";
  const asked = `${shortNumber(VALIDITY_THROUGHPUT_MIN)}/s are asked for`;
  return (
    " By the benchmark's own rule the run does not count: nats-server reaches " +
    `${shortNumber(reached)}/s of 1 → 1 with 16 B on that machine, and ${asked}.`
  );
}

// ---- ratios over several rows

function ratiosOf(results: readonly RowResult[], label: string): number[] {
  const found = results.flatMap(({ criteria }) => criteria);
  return found
    .filter(({ criterion, value }) => criterion.label === label && Number.isFinite(value))
    .map(({ value }) => value);
}

function rangeText(values: readonly number[]): string {
  if (values.length === 0) return "-";
  const [low, high] = [Math.min(...values).toFixed(1), Math.max(...values).toFixed(1)];
  return low === high ? low : `${low} to ${high}`;
}

function readmeText(run: Run): string {
  const { record, results } = run;
  const inGroup = (...groups: string[]): RowResult[] =>
    results.filter(({ row }) => groups.includes(row.group));
  const named = (...names: string[]): RowResult[] =>
    results.filter(({ row }) => names.includes(row.name));
  const times = (chosen: RowResult[]): string => rangeText(ratiosOf(chosen, "throughput"));
  const requests = named("requests");
  const cpu = (chosen: RowResult[]): string => rangeText(ratiosOf(chosen, "server CPU"));
  const one = [...inGroup("throughput", "tls"), ...requests];
  const two = inGroup("workers-2");
  return (
    `Against nats-server ${versionOf(record)} on the same ${coresOf(record)}. One worker: ` +
    `publishing ${times(named("pub-16"))} times as many messages per second, ` +
    `1→1 with 16 B ${times(named("1-1-16"))} times, 1→8 ${times(named("1-8-16", "1-8-1024"))} times, ` +
    `4→4 ${times(named("4-4-128"))} times, requests ${times(requests)} times, ` +
    `TLS ${times(inGroup("tls"))} times, at ${cpu(one)} of the CPU per message. ` +
    `Two workers: ${times(two)} times, at ${cpu(two)} of the CPU. ` +
    `Medians of ${lengthOf(record)}, ${dayOf(record)}, ${commitOf(record)}.${validityText(run)} ` +
    "All rows, the ones below their limits too: [docs/performance.md](docs/performance.md)."
  );
}

function coresOf({ machine }: RunRecord): string {
  const cores = /(\d+)cpu/.exec(machine.class)?.[1] ?? "";
  return cores === "1" ? "core" : `${cores} cores`;
}

// ---- below their limits

const boundText = ({ criterion }: CriterionResult): string => {
  const { direction, limit, metric, over } = criterion;
  if (limit === undefined) return "";
  const shown = over === undefined ? showMetric(metric, limit) : limit.toFixed(2);
  return `${direction === "atLeast" ? "≥" : "≤"} ${shown}`;
};

function valueText({ criterion, value }: CriterionResult): string {
  if (!Number.isFinite(value)) return "-";
  return criterion.over === undefined ? showMetric(criterion.metric, value) : value.toFixed(2);
}

const isShort = ({ verdict }: CriterionResult): boolean =>
  verdict === "BELOW" || verdict === "FAILED";

function shortList({ results }: Run): string {
  const short = results.flatMap(({ row, criteria }) =>
    criteria.filter(isShort).map((result) => {
      const { label, of } = result.criterion;
      const side = of === WEFT ? "" : ` of ${of}`;
      return `${row.title}, ${label}${side} ${valueText(result)} (${boundText(result)})`;
    }),
  );
  return short.length === 0 ? "none" : short.join("; ");
}

function statusText(run: Run): string {
  const { record } = run;
  return (
    `The newest run of all core rows (${dayOf(record)}, ${commitOf(record)}, ${lengthOf(record)}): ` +
    `[performance.md](performance.md#figures).${validityText(run)} ` +
    `Beyond their limits in it: ${shortList(run)}.`
  );
}

// ---- tables

function plainLines({ row, runs, criteria }: RowResult): string[] {
  return criteria.map((result) => {
    const { label, metric } = result.criterion;
    const cell = (side: string): string => showMetric(metric, medianOf(runs, side, metric));
    return tableLine([row.title, label, cell(REFERENCE), cell(WEFT)], result);
  });
}

function comparedLines({ row, runs, criteria }: RowResult): string[] {
  return criteria.map((result) => {
    const { label, metric, of, over } = result.criterion;
    const cell = (side: string): string => showMetric(metric, medianOf(runs, side, metric));
    const base = over === undefined ? "" : `${over} ${cell(over)}`;
    return tableLine([row.title, label, base, `${of} ${cell(of)}`], result);
  });
}

function tableLine(cells: readonly string[], result: CriterionResult): string {
  const ratio = result.criterion.over === undefined ? "" : valueText(result);
  const bound = isShort(result) ? `**${boundText(result)}**` : boundText(result);
  return `| ${[...cells, ratio, bound].join(" | ")} |`;
}

function performanceText(run: Run): string {
  const { record, results } = run;
  const isPlain = ({ row }: RowResult): boolean => PLAIN_GROUPS.includes(row.group);
  const crossing = results.filter(({ row }) => row.group === "workers-cpu");
  return [
    "![Weft against nats-server](performance.svg)",
    "",
    `Measured on ${dayOf(record)} on a machine with ${coresOf(record)} (${record.machine.model}), ` +
      `${commitOf(record)} against nats-server ${versionOf(record)}, ${lengthOf(record)}, the two of ` +
      `each pair in turn; medians.${validityText(run)} A limit in bold is not met.`,
    "",
    "| workload | figure | reference | Weft | ratio | limit |",
    "|---|---|---|---|---|---|",
    ...results.filter(isPlain).flatMap(plainLines),
    "",
    "| workload | figure | compared with | measured | ratio | limit |",
    "|---|---|---|---|---|---|",
    ...results.filter((result) => !isPlain(result)).flatMap(comparedLines),
    "",
    `A message that crosses threads takes ${rangeText(ratiosOf(crossing, "server CPU"))} times the ` +
      'CPU of one that does not, by the rows "CPU by workers".',
  ].join("\n");
}
