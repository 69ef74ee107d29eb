// Runs the micro-benchmarks: each case for a fixed time in rounds, the median round counts.
import { median, shortDuration } from "../statistics.ts";
import { type MicroCase, microCases } from "./cases.ts";

const ROUNDS = 7;
const CALIBRATION_NS = 20_000_000;

/** Nanoseconds that `count` calls take. */
function time(run: (count: number) => number, count: number): number {
  const from = process.hrtime.bigint();
  sink += run(count);
  return Number(process.hrtime.bigint() - from);
}

/** Takes up every result, so that no work can be left out as unused. */
let sink = 0;

function measureCase(candidate: MicroCase, seconds: number): number {
  const run = candidate.prepare();
  let count = 1;
  while (time(run, count) < CALIBRATION_NS && count < 1 << 26) count *= 2;
  const rounds: number[] = [];
  const perRound = Math.max(1, Math.ceil((count * seconds * 1e9) / ROUNDS / CALIBRATION_NS));
  for (let n = 0; n < ROUNDS; n++) rounds.push(time(run, perRound) / perRound);
  return median(rounds);
}

/** Figures by case, in nanoseconds per operation. */
export async function runMicro(
  seconds: number,
  wanted: readonly string[],
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const candidate of microCases) {
    if (wanted.length > 0 && !wanted.some((name) => candidate.name.includes(name))) continue;
    const nanoseconds = measureCase(candidate, seconds);
    figures[candidate.name] = nanoseconds;
    console.log(`${candidate.name.padEnd(36)} ${shortDuration(nanoseconds)} per ${candidate.unit}`);
  }
  if (!Number.isFinite(sink)) throw new Error("a case gave no number");
  return figures;
}
