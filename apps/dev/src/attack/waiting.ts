// Waiting for something that happens in another process, always with a deadline.
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 10;

export function delay(durationMs: number): Promise<void> {
  return sleep(durationMs);
}

/** Looks again and again until `look` says yes; throws after `withinMs`. */
export async function waitFor(
  look: () => boolean | Promise<boolean>,
  withinMs: number,
  what = "what was waited for",
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen in ${withinMs} ms`);
    await delay(LOOK_EVERY_MS);
  }
}

/** The promise, or an error after `withinMs`. */
export async function within<T>(promise: Promise<T>, withinMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${withinMs} ms`)), withinMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
