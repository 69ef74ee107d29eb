// What attacks have to end in. Each throws with what was seen instead.
import type { RawClient } from "../raw-client.ts";

export function check(isTrue: boolean, text: string): void {
  if (!isTrue) throw new Error(text);
}

/** The connection is closed in time, and the last error says why (or none, for `undefined`). */
export async function refused(
  client: RawClient,
  why: RegExp | undefined,
  withinMs = 5_000,
): Promise<void> {
  const isClosed = await client.closes(withinMs);
  const seen = client.received.replace(/^INFO [^\r]*\r\n/gm, "").slice(-300);
  check(isClosed, `not closed in ${withinMs} ms; saw ${JSON.stringify(seen)}`);
  if (why === undefined) return;
  check(why.test(seen), `closed with ${JSON.stringify(seen)} instead of ${why}`);
}

/** Runs `step` and returns how long it took, in milliseconds. */
export async function timed(step: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await step();
  return performance.now() - startedAt;
}

export function repeat<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
