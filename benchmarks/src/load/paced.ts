// The paced job: how long messages take that are published at a fixed rate.
import { whileRunning } from "./clock.ts";
import type { Figures, PacedJob } from "./job.ts";
import { PacedFlow } from "./paced-flow.ts";
import { between, takeReading } from "./usage.ts";

const US_PER_MS = 1_000;

export async function runPaced(job: PacedJob): Promise<Figures> {
  const { target, login, perSecond } = job;
  const flow = await PacedFlow.start(target, login, perSecond);
  await whileRunning(job.warmUpMs);
  const delaysMs: number[] = [];
  flow.onDelay = (delayMs) => delaysMs.push(delayMs);
  const from = takeReading(target.serverPid, flow.received);
  await whileRunning(job.measureMs);
  const to = takeReading(target.serverPid, flow.received);
  flow.onDelay = undefined;
  await flow.stop();
  delaysMs.sort((a, b) => a - b);
  const at = (share: number): number =>
    (delaysMs[Math.floor(delaysMs.length * share)] ?? 0) * US_PER_MS;
  return { ...between(from, to), p50Us: at(0.5), p99Us: at(0.99) };
}
