// Entry of `npm run bench`: reads the command line, runs the rows, prints, records and draws.
// Reading order: row.ts, rows/, run-row.ts, measure.ts, then load/ for the other side of the fork.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeConfigFiles } from "./config-files.ts";
import { writeFigures } from "./figure-pages.ts";
import { medianOf } from "./judge.ts";
import type { Bench } from "./measure.ts";
import { runMicro } from "./micro/run.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { describeRow } from "./report.ts";
import { appendRun, hostClass, peerVersion } from "./results-file.ts";
import type { RowResult } from "./row.ts";
import { chooseRows, isValid, rows, VALIDITY_ROW, VALIDITY_THROUGHPUT_MIN } from "./rows/index.ts";
import { REFERENCE } from "./rows/versus.ts";
import { runRow } from "./run-row.ts";
import { freePort } from "./server-process.ts";
import { shortNumber } from "./statistics.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const MIN_WARM_UP_MS = 500;

async function makeBench(options: Options, folder: string): Promise<Bench> {
  const bundled = join(root, "node_modules", ".bin", "node");
  const built = `${bundled} ${join(root, "apps/server/dist/bundle/main.js")}`;
  const measureMs = options.seconds * 1000;
  return {
    commands: {
      reference: { text: options.peer ?? "", takesWorkers: false },
      weft: { text: options.weft ?? built, takesWorkers: !/nats-server/.test(options.weft ?? "") },
    },
    files: writeConfigFiles(folder, await freePort()),
    warmUpMs: Math.max(MIN_WARM_UP_MS, measureMs / 2),
    measureMs,
    workers: options.workers,
    referenceVersion: referenceVersion(options),
  };
}

function referenceVersion({ peer }: Options): string | undefined {
  return peer === undefined ? undefined : /\d+\.\d+\.\d+/.exec(peerVersion(peer))?.[0];
}

/** Whether figures of this machine may be quoted. */
async function validity(
  bench: Bench,
  options: Options,
  results: readonly RowResult[],
): Promise<string> {
  if (options.peer === undefined) return "unknown: measured without the reference";
  const row = rows.find(({ name }) => name === VALIDITY_ROW);
  let result = results.find((candidate) => candidate.row.name === VALIDITY_ROW);
  if (result === undefined && row !== undefined) {
    const sides = row.sides.filter(({ program }) => program === "reference");
    result = await runRow(bench, { ...row, sides }, 1, true);
  }
  const reached = medianOf(result?.runs ?? new Map(), REFERENCE, "throughput");
  const shown = `the reference reached ${shortNumber(reached)}/s on ${VALIDITY_ROW}`;
  const wanted = `${shortNumber(VALIDITY_THROUGHPUT_MIN)}/s`;
  if (isValid(reached)) return `valid: ${shown}, at least ${wanted}`;
  return `INVALID: ${shown}; a run counts only from ${wanted}`;
}

async function runMacro(options: Options, folder: string): Promise<boolean> {
  const bench = await makeBench(options, folder);
  const chosen = chooseRows(options.rows);
  const peer = options.peer === undefined ? undefined : peerVersion(options.peer);
  const against = peer === undefined ? "Weft alone" : `Weft against ${peer}`;
  const each = `${options.pairs} pairs of ${options.seconds} s`;
  console.log(`${against}, ${each}, ${hostClass()}, Node ${process.version}\n`);
  const results: RowResult[] = [];
  for (const row of chosen) {
    const result = await runRow(bench, row, options.pairs, options.peer !== undefined);
    results.push(result);
    console.log(`${describeRow(result)}\n`);
  }
  const verdict = await validity(bench, options, results);
  console.log(verdict);
  const { pairs, seconds, workers } = options;
  const isStandardWeft = options.weft === undefined;
  if (options.isRecorded) {
    const facts = { peer, validity: verdict, pairs, seconds, isStandardWeft, workers };
    console.log(`recorded in ${appendRun(root, facts, results, undefined)}`);
    showFigures();
  }
  return results.every(({ criteria }) =>
    criteria.every((result) => result.verdict === "PASS" || result.verdict === "shown"),
  );
}

/** The documents quote the newest run of all core rows: this one, or one of before. */
function showFigures(): void {
  console.log(`figures of the newest run of all core rows: ${writeFigures(root).join(", ")}`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.isUsage) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.isList) {
    for (const row of rows)
      console.log(`${row.name.padEnd(22)} ${row.group.padEnd(12)} ${row.title}`);
    return 0;
  }
  if (options.isFigures) {
    showFigures();
    return 0;
  }
  if (options.isMicro) {
    const micro = await runMicro(options.seconds, options.rows);
    if (options.isRecorded) {
      const { pairs, seconds } = options;
      const facts = { validity: "micro-benchmarks", pairs, seconds, isStandardWeft: true };
      console.log(`recorded in ${appendRun(root, facts, [], micro)}`);
    }
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), "weft-benchmark-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const isGood = await runMacro(options, folder);
  return options.isChecked && !isGood ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  },
);
