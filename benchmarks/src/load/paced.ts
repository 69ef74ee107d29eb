// The paced job: how long messages take that are published at a fixed rate.
import type { Figures, PacedJob } from "./job.ts";
import { PacedFlow } from "./paced-flow.ts";
import { measureWindow } from "./window.ts";

const US_PER_MS = 1_000;

export async function runPaced(job: PacedJob): Promise<Figures> {
  const flow = await PacedFlow.start(job.target, job.login, job.perSecond);
  const delaysMs: number[] = [];
  const begin = (): void => {
    flow.onDelay = (delayMs) => delaysMs.push(delayMs);
  };
  const end = (): Figures => {
    flow.onDelay = undefined;
    delaysMs.sort((a, b) => a - b);
    const at = (share: number): number =>
      (delaysMs[Math.floor(delaysMs.length * share)] ?? 0) * US_PER_MS;
    return { p50Us: at(0.5), p99Us: at(0.99) };
  };
  const figures = await measureWindow(job, { count: () => flow.received, begin, end }, undefined);
  await flow.stop();
  return figures;
}
