import fc from "fast-check";
import { expect, test } from "vitest";
import { sortedPlaces } from "./stepped-sort.ts";

/** The places in order, and the most comparisons between two pauses. */
function sorted(keys: readonly number[]): { places: number[]; comparesMax: number } {
  let compares = 0;
  let comparesMax = 0;
  const steps = sortedPlaces(keys.length, (a, b) => {
    compares += 1;
    return (keys[a] as number) - (keys[b] as number);
  });
  for (;;) {
    const step = steps.next();
    comparesMax = Math.max(comparesMax, compares);
    compares = 0;
    if (step.done === true) return { places: [...step.value], comparesMax };
  }
}

function atOnce(keys: readonly number[]): number[] {
  return keys.map((_, at) => at).sort((a, b) => (keys[a] as number) - (keys[b] as number));
}

test("MO-19: the order is that of one stable sort", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), (few) => {
      // Long enough for several merges, with an odd rest.
      const keys = Array.from({ length: few.length * 71 }, (_, at) => few[at % few.length] ?? 0);
      expect(sorted(keys).places).toEqual(atOnce(keys));
    }),
    { numRuns: 40 },
  );
  for (const length of [0, 1, 511, 512, 513, 1_024, 4_095, 4_097, 9_999]) {
    const keys = Array.from({ length }, (_, at) => (at * 7_919) % 1_009);
    expect(sorted(keys).places).toEqual(atOnce(keys));
  }
});

test("a hundred thousand are sorted in slices", () => {
  const keys = Array.from({ length: 100_000 }, (_, at) => (at * 7_919) % 100_003);
  expect(sorted(keys).comparesMax).toBeLessThan(64_000);
});
