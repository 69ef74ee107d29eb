// The oracle itself, case by case.
import { describe, expect, test } from "vitest";
import { matches } from "./match.ts";
import { isValidFilterForSubscribe } from "./subject.ts";
import { MATCH_CASES } from "./testdata/match.cases.ts";

describe("matches", () => {
  test.each(MATCH_CASES)("$row: '$filter' and '$subject'", (expected) => {
    expect(isValidFilterForSubscribe(expected.filter)).toBe(true);
    expect(matches(expected.filter, expected.subject)).toBe(expected.matches);
  });

  test("SU-04: filters that cannot be subscribed to match nothing", () => {
    for (const filter of ["", ".", "foo.", ".foo", "foo..bar", "foo.>.bar", ">.foo"]) {
      expect(matches(filter, "foo.x.bar"), filter).toBe(false);
      expect(matches(filter, filter), filter).toBe(false);
    }
  });
});
