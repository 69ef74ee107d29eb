// The measured window of a job: once, or in turns at the bidding of the driver, which changes something
// about the server in between. Owned by the load process; the load goes on between the turns.
import { whileRunning } from "./clock.ts";
import type { Figures, Target, Window } from "./job.ts";
import { between, takeReading } from "./usage.ts";

export interface MeasuredLoad {
  /** What has been counted until now. */
  count(): number;
  begin?(): void;
  /** The window is over: what it gave beside throughput and CPU. */
  end?(): Figures;
}

/** The driver's side of a job in turns. */
export interface Turns {
  /** Tells the driver that the next turn can begin, and waits for it; false = there is none. */
  next(): Promise<boolean>;
  tell(figures: Figures): void;
}

type MeasuredJob = Window & { readonly target: Target };

/** Warms up and measures; with `turns` as often as these say, and the figures are the last one's. */
export async function measureWindow(
  job: MeasuredJob,
  load: MeasuredLoad,
  turns: Turns | undefined,
): Promise<Figures> {
  await whileRunning(job.warmUpMs);
  if (turns === undefined) return measureOnce(job, load);
  let figures: Figures = {};
  while (await turns.next()) {
    figures = await measureOnce(job, load);
    turns.tell(figures);
  }
  return figures;
}

async function measureOnce(job: MeasuredJob, load: MeasuredLoad): Promise<Figures> {
  const { serverPid } = job.target;
  load.begin?.();
  const from = takeReading(serverPid, load.count());
  await whileRunning(job.measureMs);
  const to = takeReading(serverPid, load.count());
  return { ...between(from, to), ...load.end?.() };
}
