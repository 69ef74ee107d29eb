// The byte form against the plain form, on its cases and on small random ones.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { matches } from "./match.ts";
import { matchesBytes } from "./match-bytes.ts";
import { isValidFilterForSubscribe } from "./subject.ts";
import { MATCH_CASES } from "./testdata/match.cases.ts";

function inBuffer(filter: string, subject: string): boolean {
  const input = Buffer.from(`x.${subject}.y`, "latin1");
  return matchesBytes(filter, input, 2, 2 + subject.length);
}

describe("matchesBytes", () => {
  test.each(MATCH_CASES)("$row: '$filter' and '$subject'", (expected) => {
    expect(inBuffer(expected.filter, expected.subject)).toBe(expected.matches);
  });

  test("SU-01, SU-02, SU-03: agrees with the plain matcher on random pairs", () => {
    const prng = createPrng(5);
    const pick = (from: readonly string[]): string => from[prng.below(from.length)] as string;
    let matched = 0;
    for (let round = 0; round < 40_000; round += 1) {
      const filter = Array.from({ length: 1 + prng.below(4) }, () =>
        pick(["a", "b", "ab", "*", ">"]),
      ).join(".");
      if (!isValidFilterForSubscribe(filter)) continue;
      const subject = Array.from({ length: 1 + prng.below(4) }, () =>
        pick(["a", "b", "ab", "*", "", ">"]),
      ).join(".");
      const expected = matches(filter, subject);
      if (expected) matched += 1;
      expect(inBuffer(filter, subject), `${filter} and ${subject}`).toBe(expected);
    }
    expect(matched).toBeGreaterThan(1_000);
  });
});
