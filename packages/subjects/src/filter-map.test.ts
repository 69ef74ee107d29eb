// The trie against the oracle, and its bounds.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createPrng } from "@weft/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FilterMap } from "./filter-map.ts";
import { matches } from "./match.ts";
import { subjectIsSubsetMatch, subjectsCollide } from "./subject.ts";
import { MATCH_CASES } from "./testdata/match.cases.ts";
import { filters, literals } from "./testdata/subjects.arbitrary.ts";

/** Cases of one property: a hundredth unless the deep budget is asked for. */
const PROPERTY_RUNS = process.env["WEFT_DEEP"] === "1" ? 200_000 : 2_000;

const bySubject = MATCH_CASES.map((one) => one.subject);

describe("FilterMap", () => {
  test.each(MATCH_CASES)("$row: '$filter' and '$subject'", ({ filter, subject, matches: hit }) => {
    const map = new FilterMap<number>();
    expect(map.add(filter, 7)).toBe(true);
    expect(map.match(subject)).toEqual(hit ? [7] : []);
    expect(map.first(subject)).toBe(hit ? 7 : undefined);
  });

  test("SU-01 to SU-03: all cases in one map give what the oracle gives", () => {
    const map = new FilterMap<string>();
    for (const { filter } of MATCH_CASES) map.add(filter, filter);
    for (const subject of bySubject) {
      const expected = MATCH_CASES.filter((one) => matches(one.filter, subject));
      expect(map.match(subject)).toEqual(expected.map((one) => one.filter));
    }
  });

  test("SU-04: refuses filters that cannot be subscribed to", () => {
    const map = new FilterMap<number>();
    for (const filter of ["", ".", "a.", ".a", "a..b", "a.>.b"]) {
      expect(map.add(filter, 1), filter).toBe(false);
      expect(map.remove(filter, 1), filter).toBe(false);
    }
    expect(map.size).toBe(0);
  });

  test("keeps the order of insertion, doubles, and removes the oldest double", () => {
    const map = new FilterMap<string>();
    map.add("a.*", "one");
    map.add(">", "two");
    map.add("a.b", "three");
    map.add("a.*", "one");
    expect(map.match("a.b")).toEqual(["one", "two", "three", "one"]);
    expect(map.first("a.b")).toBe("one");
    expect(map.remove("a.*", "one")).toBe(true);
    expect(map.match("a.b")).toEqual(["two", "three", "one"]);
    expect(map.remove("a.*", "two")).toBe(false);
    expect(map.remove("a", "two")).toBe(false);
    expect(map.size).toBe(3);
  });

  test("agrees with a list under random additions and removals", () => {
    const change = fc.record({ filter: filters, value: fc.nat(2), removes: fc.boolean() });
    const check = (changes: { filter: string; value: number; removes: boolean }[], s: string) => {
      const map = new FilterMap<number>();
      const list: { filter: string; value: number }[] = [];
      for (const { filter, value, removes } of changes) {
        if (!removes) {
          map.add(filter, value);
          list.push({ filter, value });
          continue;
        }
        const at = list.findIndex((one) => one.filter === filter && one.value === value);
        expect(map.remove(filter, value)).toBe(at !== -1);
        if (at !== -1) list.splice(at, 1);
      }
      const expected = (holds: (filter: string) => boolean): number[] =>
        list.filter((one) => holds(one.filter)).map((one) => one.value);
      expect(map.size).toBe(list.length);
      expect(map.match(s)).toEqual(expected((filter) => matches(filter, s)));
      for (const { filter: other } of changes.slice(0, 3)) {
        expect(map.covering(other)).toEqual(expected((f) => subjectIsSubsetMatch(other, f)));
        expect(map.colliding(other)).toEqual(expected((f) => subjectsCollide(other, f)));
        for (const relation of ["covering", "colliding"] as const) {
          const budget = { stepsLeft: 1_000 };
          expect(map.within(budget, relation, other)).toEqual(map[relation](other));
          const used = 1_000 - budget.stepsLeft;
          expect(map.within({ stepsLeft: used }, relation, other)).toEqual(map[relation](other));
          expect(map.within({ stepsLeft: used - 1 }, relation, other)).toBeUndefined();
        }
      }
    };
    const changes = fc.array(change, { maxLength: 12 });
    fc.assert(fc.property(changes, literals, check), { numRuns: PROPERTY_RUNS });
  });

  test("an emptied map holds no nodes: long filters leave nothing behind", () => {
    const map = new FilterMap<number>();
    const long = Array(2_000).fill("x").join(".");
    for (const filter of [long, `${long}.>`, `*.${long}`, "a.b.*", "a.b"]) {
      map.add(filter, 1);
    }
    expect(map.match(long)).toEqual([1]);
    // The long filter and its tail, the starred one, and `a`, `b`, `*`.
    expect(map.nodeCount).toBe(2_001 + 2_001 + 3);
    for (const filter of [`*.${long}`, "a.b", "a.b.*", long, `${long}.>`]) {
      expect(map.remove(filter, 1), filter.slice(0, 9)).toBe(true);
    }
    expect(map.size).toBe(0);
    expect(map.nodeCount).toBe(0);
    expect(map.match(`${long}.x`)).toEqual([]);
  });

  test("a token of a long filter takes less than a hundred bytes", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    collect();
    const before = process.memoryUsage().heapUsed;
    const map = new FilterMap<number>();
    for (let at = 0; at < 200; at += 1) map.add(`${at}${".a".repeat(1_999)}`, at);
    collect();
    const bytes = process.memoryUsage().heapUsed - before;
    expect(map.nodeCount).toBe(400_000);
    expect(bytes / map.nodeCount).toBeLessThan(100);
  });

  test("10,000 filters and a storm of wildcards stay within the nodes that exist", () => {
    const prng = createPrng(5);
    const map = new FilterMap<number>();
    const added: string[] = [];
    const piece = (): string => ["*", "a", "b", `n${prng.below(50)}`][prng.below(4)] as string;
    for (let at = 0; at < 10_000; at += 1) {
      const filter = [piece(), piece(), piece(), piece(), prng.below(2) ? ">" : piece()].join(".");
      added.push(filter);
      map.add(filter, at);
    }
    const deep = Array.from({ length: 11 }, (_, at) => `${"*.".repeat(at + 1)}>`);
    for (const [at, filter] of deep.entries()) map.add(filter, 10_000 + at);
    const all = [...added, ...deep];
    for (const subject of ["a.b.a.b.a", "n1.a.n2.b.c.d.e.f.g", "x.y", "a.a.a.a.n3"]) {
      const expected = all.flatMap((filter, at) => (matches(filter, subject) ? [at] : []));
      expect(map.match(subject)).toEqual(expected);
    }
  });
});
