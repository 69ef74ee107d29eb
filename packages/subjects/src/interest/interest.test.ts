// The index against the reference matcher: the shared table and random histories.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { MATCH_CASES } from "../testdata/match.cases.ts";
import { hashToken } from "../token-hash.ts";
import { InterestIndex } from "./interest-index.ts";
import { InterestTwin, TestSegment } from "./segment.model.ts";

const DEEP = process.env["WEFT_DEEP"] === "1";

describe("matching", () => {
  test.each(MATCH_CASES)("$row: '$filter' and '$subject'", (expected) => {
    const segment = new TestSegment(1_000);
    const node = segment.add(3, expected.filter, null);
    expect(segment.found(3, expected.subject)).toEqual(expected.matches ? [`${node} 1`] : []);
    if (expected.matches) expect(segment.mayMatch(3, expected.subject)).toBe(true);
    expect(segment.found(4, expected.subject)).toEqual([]);
    segment.remove(node, null);
    expect(segment.found(3, expected.subject)).toEqual([]);
    expect(segment.writer.recordsUsed).toBe(0);
  });

  test("all filters of the table at once, SU-05", () => {
    const segment = new TestSegment(4_000);
    const twin = new InterestTwin();
    for (const { filter } of MATCH_CASES) twin.add(1, filter, null, segment.add(1, filter, null));
    for (const { subject } of MATCH_CASES) {
      expect(segment.found(1, subject), subject).toEqual(twin.found(1, subject));
    }
  });

  test("tokens with the same hash are told apart", () => {
    // A pair for the seed of zeros.
    const [left, right] = ["k66z", "k114l"];
    expect(hashToken(Buffer.from(left), 0, 4)).toBe(hashToken(Buffer.from(right), 0, 5));
    const segment = new TestSegment(100);
    const node = segment.add(1, `a.${left}`, null);
    expect(segment.found(1, `a.${right}`)).toEqual([]);
    const other = segment.add(1, `a.${right}`, null);
    expect(segment.found(1, `a.${left}`)).toEqual([`${node} 1`]);
    expect(segment.found(1, `a.${right}`)).toEqual([`${other} 1`]);
  });

  test("SU-20, SU-27: long tokens and queue names are kept whole", () => {
    const segment = new TestSegment(2_000);
    for (const length of [1, 27, 28, 29, 48, 49, 96, 97, 500, 4_000]) {
      const token = "x".repeat(length - 1);
      const node = segment.add(1, `${token}y.*`, `${token}q`);
      expect(segment.found(1, `${token}y.z`)).toEqual([`${node} ${token}q 1`]);
      expect(segment.found(1, `${token}z.z`)).toEqual([]);
      segment.remove(node, `${token}q`);
    }
    segment.writer.reclaim();
    expect(segment.writer.recordsUsed + segment.writer.recordsPending).toBe(0);
  });
});

describe("random histories", () => {
  const TOKENS = ["a", "b", "c", "*", "dd", "a-token-that-is-longer-than-28-bytes"];
  const QUEUES = [null, null, null, "q", "r", "a-queue-name-that-is-longer-than-28-bytes"];
  const LITERALS = TOKENS.filter((token) => token !== "*");

  function history(seed: number, steps: number): void {
    const random = createPrng(seed);
    const segment = new TestSegment(2_000);
    const twin = new InterestTwin();
    const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
    const tokens = (from: readonly string[], last: string): string =>
      [...Array.from({ length: random.below(4) }, () => pick(from)), last].join(".");
    for (let step = 0; step < steps; step += 1) {
      const isGrowing = step % 400 < 250;
      const { entries } = twin;
      if (entries.length === 0 || random.below(4) < (isGrowing ? 3 : 1)) {
        const filter = tokens(TOKENS, random.below(5) === 0 ? ">" : pick(TOKENS));
        const account = random.below(3);
        const queue = pick(QUEUES);
        const node = segment.add(account, filter, queue);
        expect(node).toBeGreaterThan(0);
        twin.add(account, filter, queue, node);
      } else {
        const entry = pick(entries);
        segment.remove(entry.node, entry.queue);
        twin.remove(entry);
      }
      const subject = tokens(LITERALS, pick(LITERALS));
      const account = random.below(3);
      const found = segment.found(account, subject);
      expect(found, `seed ${seed} step ${step}`).toEqual(twin.found(account, subject));
      if (found.length > 0) expect(segment.mayMatch(account, subject)).toBe(true);
    }
    for (const entry of twin.entries) {
      for (; entry.count > 0; twin.remove(entry)) segment.remove(entry.node, entry.queue);
    }
    segment.writer.reclaim();
    expect(segment.writer.recordsUsed).toBe(0);
    expect(segment.writer.recordsPending).toBe(0);
    expect(segment.isBlank()).toBe(true);
  }

  test.each(Array.from({ length: DEEP ? 1_000 : 10 }, (_, seed) => seed))(
    "equal the dumb twin and leave nothing behind, seed %i",
    (seed) => history(seed, 500),
    60_000,
  );
});

describe("the sketch", () => {
  test("tells a foreign inbox by its second token", () => {
    const segment = new TestSegment(1_000);
    segment.add(1, "_INBOX.mine.*", null);
    segment.add(1, "time", null);
    let maybe = 0;
    for (let at = 0; at < 1_000; at += 1) {
      if (segment.mayMatch(1, `_INBOX.other${at}.1`)) maybe += 1;
    }
    expect(maybe).toBeLessThan(20);
    expect(segment.mayMatch(1, "_INBOX.mine.1")).toBe(true);
    expect(segment.mayMatch(1, "time")).toBe(true);
  });

  test("lets everything of an account through that has a filter with a wildcard first", () => {
    const segment = new TestSegment(1_000);
    const node = segment.add(1, "*.x", null);
    expect(segment.mayMatch(1, "a.b")).toBe(true);
    expect(segment.mayMatch(2, "a.b")).toBe(false);
    segment.remove(node, null);
    expect(segment.mayMatch(1, "a.b")).toBe(false);
  });
});

describe("generations", () => {
  test("SU-10: grow with the first and last interest, and with every change of a weight", () => {
    const segment = new TestSegment(100);
    const { generations } = segment;
    const hash = hashToken(Buffer.from("a"), 0, 1);
    const slot = generations.slotFor(1, hash);
    const values = (): number[] => [
      generations.epoch(),
      generations.read(slot),
      generations.read(generations.wildcardSlot(1)),
    ];
    const node = segment.add(1, "a.b", null);
    expect(values()).toEqual([1, 1, 0]);
    segment.add(1, "a.b", null);
    segment.remove(node, null);
    expect(values()).toEqual([1, 1, 0]);
    segment.remove(node, null);
    expect(values()).toEqual([2, 2, 0]);
    const group = segment.add(1, "a.*", "q");
    segment.add(1, "a.*", "q");
    segment.remove(group, "q");
    segment.remove(group, "q");
    expect(values()).toEqual([6, 6, 0]);
    segment.add(1, "*.b", null);
    segment.add(1, ">", null);
    expect(values()).toEqual([8, 6, 2]);
    segment.add(2, "a.b", null);
    expect(values()).toEqual([9, 6, 2]);
  });
});

test("the index matches in all segments, until one is detached", () => {
  const segments = [new TestSegment(100), new TestSegment(100), new TestSegment(100)];
  const [first, second, third] = segments as [TestSegment, TestSegment, TestSegment];
  const { quiescence, writer } = first;
  const readers = segments.map((segment) => segment.reader);
  const index = new InterestIndex({ threadIndex: 0, segments: readers, quiescence, writer });
  first.add(1, "a.b", null);
  second.add(1, "a.c", null);
  const node = third.add(1, "a.>", "q");
  const tokens = first.parse("a.b");
  expect(() => index.match(1, tokens)).toThrow("read section");
  index.enter();
  expect(index.match(1, tokens)).toBe(2);
  expect([0, 1, 2].map((segment) => index.nodes(segment).count)).toEqual([1, 0, 1]);
  expect(index.nodes(2).at(0)).toBe(node);
  expect(index.reader(2)?.queueWeight(index.reader(2)?.firstQueue(node) ?? 0)).toBe(1);
  index.detach(2);
  expect(index.match(1, tokens)).toBe(1);
  expect(index.nodes(2).count).toBe(0);
  index.exit();
});
