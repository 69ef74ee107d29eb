// Validity, subset and collision, as tables and against brute force.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matches } from "./match.ts";
import {
  isValidFilterForSubscribe,
  isValidLiteralSubject,
  isValidPublishSubject,
  isValidSubject,
  subjectFromText,
  subjectHasWildcard,
  subjectIsSubsetMatch,
  subjectSizeFault,
  subjectsCollide,
  subjectToText,
  tokenCount,
} from "./subject.ts";
import { isValidFilterForSubscribeBytes, isValidLiteralSubjectBytes } from "./subject-bytes.ts";
import { filters, lines } from "./testdata/subjects.arbitrary.ts";

/** Cases of one property: a hundredth unless the deep budget is asked for. */
const PROPERTY_RUNS = process.env["WEFT_DEEP"] === "1" ? 200_000 : 2_000;

/** subject, valid, valid literal, valid for SUB, has a wildcard, tokens */
const VALIDITY: readonly [string, boolean, boolean, boolean, boolean, number][] = [
  ["", false, false, false, false, 0],
  [".", false, false, false, false, 2],
  ["foo", true, true, true, false, 1],
  ["foo.bar", true, true, true, false, 2],
  [".foo", false, false, false, false, 2],
  ["foo.", false, false, false, false, 2],
  ["foo..bar", false, false, false, false, 3],
  [">.bar", false, false, false, true, 2],
  ["foo.>.bar", false, false, false, true, 3],
  ["foo.bar.*", true, false, true, true, 3],
  ["foo.bar.>", true, false, true, true, 3],
  ["*", true, false, true, true, 1],
  [">", true, false, true, true, 1],
  ["foo.*.bar", true, false, true, true, 3],
  ["foo*", true, true, true, false, 1],
  ["foo.**", true, true, true, false, 2],
  ["foo.*bar", true, true, true, false, 2],
  ["foo*.bar", true, true, true, false, 2],
  [">bar", true, true, true, false, 1],
  ["foo.>>", true, true, true, false, 2],
  ["foo>.bar", true, true, true, false, 2],
  ["foo bar", false, true, true, false, 1],
  ["foo.\t", false, true, true, false, 2],
  ["foo.\nx", false, true, true, false, 2],
  ["foo.x\f", false, true, true, false, 2],
  ["\r", false, true, true, false, 1],
  ["a\vb", true, true, true, false, 1],
  ["a\0b.\x7f.\x01", true, true, true, false, 3],
  ["\xa0.\xff", true, true, true, false, 2],
];

const bytesOf = (subject: string): Buffer => Buffer.from(`xy${subject}z.`, "latin1");

describe("validity", () => {
  test.each(VALIDITY)("SU-01 SU-03 SU-04: %j", (subject, valid, literal, forSub, wild, count) => {
    expect(isValidSubject(subject)).toBe(valid);
    expect(isValidLiteralSubject(subject)).toBe(literal);
    expect(isValidPublishSubject(subject)).toBe(valid && literal);
    expect(isValidFilterForSubscribe(subject)).toBe(forSub);
    expect(subjectHasWildcard(subject)).toBe(wild);
    expect(tokenCount(subject)).toBe(count);
  });

  test("SU-01: the forms over bytes agree with those over strings", () => {
    const check = (subject: string): void => {
      const input = bytesOf(subject);
      const end = 2 + subject.length;
      expect(isValidLiteralSubjectBytes(input, 2, end)).toBe(isValidLiteralSubject(subject));
      expect(isValidFilterForSubscribeBytes(input, 2, end)).toBe(
        isValidFilterForSubscribe(subject),
      );
    };
    for (const [subject] of VALIDITY) check(subject);
    fc.assert(fc.property(lines, check), { numRuns: PROPERTY_RUNS });
  });

  test("SU-01: what is longer than the subject of any message is told with its start", () => {
    const most = `${"a.".repeat(2_048)}b`;
    expect(subjectSizeFault(most)).toBeUndefined();
    expect(subjectSizeFault(`b.${most}`)).toBe(
      `subject that begins with "b.${most.slice(0, 38)}" has 2050 tokens, at most 2049 are possible`,
    );
    expect(subjectSizeFault("x".repeat(65_535))).toBeUndefined();
    expect(subjectSizeFault("é".repeat(32_768))).toMatch(/ has 65536 bytes, at most 65535 are/);
  });

  test("SU-01: text and byte strings convert both ways", () => {
    expect(subjectFromText("é.€")).toBe("\xc3\xa9.\xe2\x82\xac");
    expect(subjectToText("\xc3\xa9.\xe2\x82\xac")).toBe("é.€");
    expect(subjectToText("\xff")).toBe("\ufffd");
  });
});

const SUBSETS: readonly [string, string, boolean][] = [
  ["foo.bar", "foo.bar", true],
  ["foo.*", ">", true],
  ["foo.*", "*.*", true],
  ["foo.*", "foo.*", true],
  ["foo.*", "foo.bar", false],
  ["foo.>", ">", true],
  ["foo.>", "*.>", true],
  ["foo.>", "foo.>", true],
  ["foo.>", "foo.*", false],
  ["foo.>", "foo.bar", false],
  ["foo.*", "foo.>", true],
  [">", ">", true],
  [">", "*", false],
  ["foo..bar", "foo.*", false],
  ["foo.*", "foo..bar", false],
  ["foo", "foo.>", false],
  ["bar", "*foo", false],
  ["", "foo", false],
  ["foo", "", false],
];

const COLLISIONS: readonly [string, string, boolean][] = [
  ["foo.*", "foo.*.bar.>", false],
  ["foo.*", "foo.foo", true],
  ["foo.*", "*.foo", true],
  ["foo.bar.>", "*.bar.foo", true],
  ["a.b.c.d.*", "a.b.c.*.e", true],
  ["a.*.*.d.>", "a.bbb.ccc.*.e", true],
  ["a.*.*.d.e.>", "a.bbb.ccc.*.e", false],
  ["a.bbbbb.*.d", "a.b.>", false],
  ["a.b", "a.b.c", false],
  ["a", ">", true],
  ["a.>", "a", false],
  ["a", "", false],
  ["**", "*a", false],
];

/** All literals that can tell filters of up to five tokens over this alphabet apart. */
const UNIVERSE = (() => {
  const tokens = ["a", "b", "ab", "*a", "b>", "**", "other"];
  const all: string[] = [];
  let longest = [""];
  for (let length = 1; length <= 3; length += 1) {
    longest = longest.flatMap((head) => tokens.map((t) => (head === "" ? t : `${head}.${t}`)));
    all.push(...longest);
  }
  return all;
})();

/** Filters of up to two tokens; the universe is complete for them. */
const shortFilters = filters.filter((filter) => tokenCount(filter) <= 2);

describe("relations of filters", () => {
  test.each(SUBSETS)("SU-02 SU-03: %j is a subset of %j: %j", (subset, filter, expected) => {
    expect(subjectIsSubsetMatch(subset, filter)).toBe(expected);
  });

  test.each(COLLISIONS)("SU-02 SU-03: %j and %j collide: %j", (left, right, expected) => {
    expect(subjectsCollide(left, right)).toBe(expected);
    expect(subjectsCollide(right, left)).toBe(expected);
  });

  test("SU-02 SU-03: subset and collision agree with trying every subject", () => {
    const check = (left: string, right: string): void => {
      const inLeft = UNIVERSE.filter((subject) => matches(left, subject));
      const inRight = new Set(UNIVERSE.filter((subject) => matches(right, subject)));
      expect(subjectIsSubsetMatch(left, right)).toBe(inLeft.every((s) => inRight.has(s)));
      expect(subjectsCollide(left, right)).toBe(inLeft.some((s) => inRight.has(s)));
    };
    fc.assert(fc.property(shortFilters, shortFilters, check), { numRuns: PROPERTY_RUNS / 10 });
  });
});
