// What the process uses, as STATSZ and monitoring show it. Control thread. Processor time is of the
// time since the last look but one, so that two readers do not shorten each other's.

const LOOK_MS = 1_000;

interface Reading {
  readonly atMs: number;
  readonly usedMicros: number;
}

function read(): Reading {
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), usedMicros: user + system };
}

export class ProcessMeter {
  #before = read();
  #last = this.#before;

  /** Percent of one core over the last second or two. */
  get processorPercent(): number {
    const now = read();
    if (now.atMs - this.#last.atMs >= LOOK_MS) {
      this.#before = this.#last;
      this.#last = now;
    }
    const elapsedMs = now.atMs - this.#before.atMs;
    if (elapsedMs < 1) return 0;
    return Math.round((now.usedMicros - this.#before.usedMicros) / elapsedMs) / 10;
  }

  get memoryBytes(): number {
    return process.memoryUsage.rss();
  }
}
