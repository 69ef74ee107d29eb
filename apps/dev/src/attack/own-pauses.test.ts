// A pause is seen by who was under way meanwhile, and by nobody who came later.
import { describe, expect, test } from "vitest";
import { OwnPauses } from "./own-pauses.ts";

/** This thread does nothing, not even its timers. */
function standStill(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

describe("pauses of this program", () => {
  test("are seen by what began before their end", () => {
    const pauses = new OwnPauses();
    const startedAt = performance.now();
    expect(pauses.since(startedAt)).toBe(false);
    standStill(400);
    expect(pauses.since(startedAt)).toBe(true);
    expect(pauses.since(performance.now())).toBe(false);
    expect(pauses.takeLongest()).toBeGreaterThan(390);
    expect(pauses.takeLongest()).toBe(0);
    pauses.stop();
  });
});
