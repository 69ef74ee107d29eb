// Watches the heartbeats of the workers (F27): one that is blocked is reported, the others go on.
// Control thread.
import type { LogSink } from "@weft/logging";
import { Heartbeats } from "@weft/shm";
import { processMs } from "./clocks.ts";

const LOOK_EVERY_MS = 1_000;
/** F27. */
export const BLOCKED_AFTER_MS = 5_000;

export interface WatchdogOptions {
  readonly heartbeats: SharedArrayBuffer;
  onBlocked(worker: number): void;
  onRecovered(worker: number): void;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #heartbeats: Heartbeats;
  readonly #blocked = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  #lookedAtMs = processMs();

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#heartbeats = new Heartbeats(options.heartbeats);
    this.#timer = setInterval(() => this.look(processMs()), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Thread indexes of the workers that are blocked now, as of the last look. */
  get blocked(): readonly number[] {
    return [...this.#blocked];
  }

  look(nowMs: number): void {
    // If this thread itself was held up (a stopped process, a sleeping machine), so were others.
    const wasHeldUp = nowMs - this.#lookedAtMs > 3 * LOOK_EVERY_MS;
    this.#lookedAtMs = nowMs;
    if (wasHeldUp) return;
    const now = new Set(this.#heartbeats.blocked(nowMs, BLOCKED_AFTER_MS));
    for (const worker of now) {
      if (this.#blocked.has(worker)) continue;
      this.#blocked.add(worker);
      this.#options.onBlocked(worker);
    }
    for (const worker of this.#blocked) {
      if (now.has(worker)) continue;
      this.#blocked.delete(worker);
      this.#options.onRecovered(worker);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Says in the log what becomes of workers. */
export function watchWorkers(heartbeats: WatchdogOptions["heartbeats"], log: LogSink): Watchdog {
  return new Watchdog({
    heartbeats,
    onBlocked: (worker) => log.write("warn", `Worker ${worker} is blocked`),
    onRecovered: (worker) => log.write("info", `Worker ${worker} is no longer blocked`),
  });
}
