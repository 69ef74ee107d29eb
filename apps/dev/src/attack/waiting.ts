// Waiting for something that happens in another process, always with a deadline. What must stay
// true: time in which this process did not run, because it was stopped or got no processor, hardly
// counts. What came in meanwhile is not read yet, and would be taken for missing.
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 10;
/** Most that one look takes off the time that is left. */
const STEP_MAX_MS = 250;

export function delay(durationMs: number): Promise<void> {
  return sleep(durationMs);
}

/** What is left of a time to wait. `clock` gives milliseconds. */
export class Patience {
  readonly #clock: () => number;
  #leftMs: number;
  #lookedAtMs: number;

  constructor(withinMs: number, clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#leftMs = withinMs;
    this.#lookedAtMs = clock();
  }

  /** True once the time is used up. To be asked every few milliseconds. */
  isOver(): boolean {
    const now = this.#clock();
    this.#leftMs -= Math.min(now - this.#lookedAtMs, STEP_MAX_MS);
    this.#lookedAtMs = now;
    return this.#leftMs <= 0;
  }
}

/** Looks again and again until `look` says yes; throws after `withinMs`. */
export async function waitFor(
  look: () => boolean | Promise<boolean>,
  withinMs: number,
  what = "what was waited for",
): Promise<void> {
  const patience = new Patience(withinMs);
  while (!(await look())) {
    if (patience.isOver()) throw new Error(`${what} did not happen in ${withinMs} ms`);
    await delay(LOOK_EVERY_MS);
  }
}

/** The promise, or an error after `withinMs`. */
export async function within<T>(promise: Promise<T>, withinMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Patience(withinMs);
  const late = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (patience.isOver()) reject(new Error(`${what}: not within ${withinMs} ms`));
    }, LOOK_EVERY_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearInterval(timer);
  }
}
