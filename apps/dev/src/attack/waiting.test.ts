// Deadlines of the attack and soak programs against a clock that jumps.
import { describe, expect, test } from "vitest";
import { Patience } from "./waiting.ts";

describe("time to wait", () => {
  test("is over after as much time as was given", () => {
    let now = 1_000;
    const patience = new Patience(500, () => now);
    for (let count = 0; count < 49; count += 1) {
      now += 10;
      expect(patience.isOver()).toBe(false);
    }
    now += 10;
    expect(patience.isOver()).toBe(true);
  });

  test("a stop of this process counts as one short step", () => {
    let now = 0;
    const patience = new Patience(10_000, () => now);
    now += 113_000;
    expect(patience.isOver()).toBe(false);
    for (let count = 0; count < 39; count += 1) {
      now += 60_000;
      expect(patience.isOver()).toBe(count === 38);
    }
  });
});
