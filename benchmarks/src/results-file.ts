// The record of runs: one JSON line per run, in a file per class of machine, so that only figures of
// like machines stand together. No host names and no paths are written.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { RowResult, SideRuns } from "./row.ts";

export function hostClass(): string {
  return `${process.platform}-${process.arch}-${cpus().length}cpu`;
}

/** The commit that was measured; a `+` says that the tree had changes. */
function commit(root: string): string {
  const git = (...parameters: string[]): string =>
    execFileSync("git", parameters, { cwd: root, stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+";
    return git("rev-parse", "HEAD") + changed;
  } catch {
    return "unknown";
  }
}

/** First line of `PEER --version`. */
export function peerVersion(peer: string): string {
  try {
    const [file = ""] = peer.trim().split(/\s+/);
    const out = execFileSync(file, ["--version"], { stdio: ["ignore", "pipe", "ignore"] });
    return out.toString().split("\n")[0] ?? "unknown";
  } catch {
    return "unknown";
  }
}

export interface RunFacts {
  readonly peer?: string | undefined;
  readonly validity: string;
  readonly pairs: number;
  readonly seconds: number;
  readonly isStandardWeft: boolean;
  /** Of `--workers`, where it was given. */
  readonly workers?: number | undefined;
}

/** A line of a results file, as it is read again. */
export interface RunRecord extends RunFacts {
  readonly date: string;
  readonly machine: { readonly class: string; readonly model: string; readonly memoryGiB: number };
  readonly node: string;
  readonly commit: string;
  readonly rows: readonly {
    readonly name: string;
    readonly skipped?: string | undefined;
    readonly sides: Readonly<Record<string, SideRuns>>;
  }[];
}

const resultsFolder = (root: string): string => join(root, "benchmarks", "results");

/** Every recorded run of every class of machine, oldest first. */
export function readRuns(root: string): RunRecord[] {
  const files = readdirSync(resultsFolder(root)).filter((name) => name.endsWith(".ndjson"));
  const lines = files.flatMap((name) =>
    readFileSync(join(resultsFolder(root), name), "utf8")
      .trim()
      .split("\n"),
  );
  const runs = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as RunRecord);
  return runs.sort((a, b) => (a.date < b.date ? -1 : 1));
}

function rowRecord(result: RowResult): object {
  const criteria = result.criteria.map(({ criterion, value, verdict }) => ({
    label: criterion.label,
    of: criterion.of,
    over: criterion.over,
    value: Number.isFinite(value) ? Number(value.toPrecision(4)) : null,
    goal: criterion.goal,
    limit: criterion.limit,
    verdict,
  }));
  const sides = Object.fromEntries(result.runs);
  return { name: result.row.name, skipped: result.skipped, criteria, sides };
}

const round = (_key: string, value: unknown): unknown =>
  typeof value === "number" && Number.isFinite(value) ? Number(value.toPrecision(6)) : value;

/** Appends the run; gives the file's path. */
export function appendRun(
  root: string,
  facts: RunFacts,
  results: readonly RowResult[],
  micro: object | undefined,
): string {
  const folder = resultsFolder(root);
  mkdirSync(folder, { recursive: true });
  const line = {
    date: new Date().toISOString(),
    machine: {
      class: hostClass(),
      model: cpus()[0]?.model,
      memoryGiB: Math.round(totalmem() / 1024 ** 3),
    },
    node: process.version,
    commit: commit(root),
    ...facts,
    rows: results.map(rowRecord),
    ...(micro === undefined ? {} : { micro }),
  };
  const file = join(folder, `${hostClass()}.ndjson`);
  appendFileSync(file, `${JSON.stringify(line, round)}\n`);
  return file;
}
