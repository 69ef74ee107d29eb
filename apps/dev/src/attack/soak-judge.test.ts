// The verdict over a soak must be able to fail, for each of its reasons.
import { describe, expect, it } from "vitest";
import { judgeSoak, memorySlope, type SoakSample } from "./soak-judge.ts";

const MEGABYTE = 1024 * 1024;

/** Ten minutes of samples, 5 s apart, on a curve in MiB by minute. */
function curve(resident: (minute: number) => number): SoakSample[] {
  return Array.from({ length: 121 }, (_, index) => ({
    atMs: index * 5_000,
    residentBytes: resident(index / 12) * MEGABYTE,
    descriptors: 40,
  }));
}

function result(samples: readonly SoakSample[]) {
  const fine = { descriptorsBefore: 40, descriptorsAfter: 40, isAlive: true };
  return { ...fine, samples, counts: { published: 1 } };
}

describe("the verdict over a soak", () => {
  it("measures the slope in MiB per minute", () => {
    expect(memorySlope(curve((minute) => 100 + 2.5 * minute))).toBeCloseTo(2.5, 6);
    expect(memorySlope([])).toBe(0);
  });

  it("forgives what happens in the first three minutes, not what goes on", () => {
    const settling = curve((minute) => 100 + Math.min(minute, 2.9) * 50);
    expect(judgeSoak(result(settling)).hasPassed).toBe(true);
    expect(judgeSoak(result(curve((minute) => 100 + 1.1 * minute))).hasPassed).toBe(false);
  });

  it("sees a leak under bursts, and bursts without a leak", () => {
    const bursts = (minute: number): number => (Math.round(minute * 12) % 5 === 0 ? 0 : 30);
    const steady = curve((minute) => 100 + bursts(minute));
    const leaking = curve((minute) => 100 + bursts(minute) + 1.2 * minute);
    expect(judgeSoak(result(steady)).hasPassed).toBe(true);
    expect(judgeSoak(result(leaking)).hasPassed).toBe(false);
  });

  it("fails for descriptors, death, and churn that did nothing", () => {
    const fine = result(curve(() => 100));
    expect(judgeSoak(fine).hasPassed).toBe(true);
    expect(judgeSoak({ ...fine, descriptorsAfter: 41 }).hasPassed).toBe(false);
    expect(judgeSoak({ ...fine, isAlive: false }).hasPassed).toBe(false);
    expect(judgeSoak({ ...fine, counts: { published: 1, requests: 0 } }).hasPassed).toBe(false);
    expect(judgeSoak({ ...fine, samples: [] }).hasPassed).toBe(false);
  });
});
