// How busy the workers' loops are, over the last second or so. Control thread; nothing is asked of
// the workers.
import { type EventLoopUtilization, performance } from "node:perf_hooks";

const WINDOW_MS = 1_000;

interface Sample {
  readonly atMs: number;
  readonly reading: EventLoopUtilization;
  readonly share: number;
}

export class LoopUsage {
  readonly #read: (worker: number) => EventLoopUtilization | undefined;
  readonly #samples = new Map<number, Sample>();

  constructor(read: (worker: number) => EventLoopUtilization | undefined) {
    this.#read = read;
  }

  /** 0 to 1. */
  shareOf(worker: number): number {
    const last = this.#samples.get(worker);
    const atMs = performance.now();
    if (last !== undefined && atMs - last.atMs < WINDOW_MS) return last.share;
    const reading = this.#read(worker);
    if (reading === undefined) return 0;
    const since = last?.reading;
    const active = reading.active - (since?.active ?? 0);
    const all = active + reading.idle - (since?.idle ?? 0);
    const share = all > 0 ? Math.min(1, active / all) : 0;
    this.#samples.set(worker, { atMs, reading, share });
    return share;
  }
}
