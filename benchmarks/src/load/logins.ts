// The logins job: connections that log in, get their first PONG and end with a reset, some at a time,
// one after the other, for as long as the window lasts. Each must be let in.
import { whileRunning } from "./clock.ts";
import type { Figures, LoginsJob } from "./job.ts";
import { openLink } from "./link.ts";
import { between, takeReading } from "./usage.ts";

const US_PER_MS = 1_000;

export async function runLogins(job: LoginsJob): Promise<Figures> {
  const { target, logins, atOnce, restMs } = job;
  let count = 0;
  let isOver = false;
  let tookMs: number[] = [];
  const logInAgain = async (first: number): Promise<void> => {
    for (let next = first; !isOver; next += atOnce) {
      const startedAt = performance.now();
      const link = await openLink(target, logins[next % logins.length]);
      tookMs.push(performance.now() - startedAt);
      count += 1;
      link.reset();
      if (restMs !== undefined) await whileRunning(restMs);
    }
  };
  const running = Promise.all(Array.from({ length: atOnce }, (_, first) => logInAgain(first)));
  await whileRunning(job.warmUpMs);
  tookMs = [];
  const from = takeReading(target.serverPid, count);
  await whileRunning(job.measureMs);
  const to = takeReading(target.serverPid, count);
  isOver = true;
  await running;
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number =>
    (tookMs[Math.floor(tookMs.length * share)] ?? 0) * US_PER_MS;
  return { ...between(from, to), p50Us: at(0.5), p99Us: at(0.99) };
}
