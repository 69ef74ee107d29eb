// The records of a segment: when it is full, when they are used again, and who may write them.
import { afterEach, describe, expect, test } from "vitest";
import { collidingTokens, tokensOfOneFnv } from "../testdata/colliding-tokens.ts";
import { hashToken, seedTokenHash, tokenHashSeed } from "../token-hash.ts";
import { Generations, generationsBytes } from "./generations.ts";
import { InterestReader } from "./interest-reader.ts";
import { InterestWriter } from "./interest-writer.ts";
import {
  formatInterestRegion,
  formatSegment,
  interestRegionBytes,
  segmentSizes,
  takeInterestSeed,
} from "./layout.ts";
import { Quiescence, quiescenceBytes } from "./quiescence.ts";
import { TestSegment } from "./segment.model.ts";
import { SharedWords } from "./shared-words.ts";

const DEEP = process.env["WEFT_DEEP"] === "1";
const FILTERS_MANY = DEEP ? 1_000_000 : 10_000;

describe("records", () => {
  test("a full segment refuses, changes nothing, and takes more once there is room", () => {
    const long = "x".repeat(60);
    const segment = new TestSegment(6);
    const node = segment.add(1, "a.b.c", null);
    expect(segment.writer.recordsUsed).toBe(4);
    const epoch = segment.generations.epoch();
    expect(segment.add(1, "a.x.y.z", null)).toBe(0);
    expect(segment.add(2, "a.x", null)).toBe(0);
    expect(segment.add(1, "a.b", long)).toBe(0);
    expect(segment.add(1, `a.${long}`, null)).toBe(0);
    expect(segment.writer.recordsUsed).toBe(4);
    expect(segment.generations.epoch()).toBe(epoch);
    expect(segment.found(1, "a.b.c")).toEqual([`${node} 1`]);
    const other = segment.add(1, "a.x.y", null);
    expect(other).toBeGreaterThan(0);
    expect(segment.add(1, "a.b.c", null)).toBe(node);
    segment.remove(other, null);
    expect(segment.add(1, "a.x", "q")).toBeGreaterThan(0);
  });

  test("no more records are taken than the caller allows, and nothing changes", () => {
    const { writer, generations } = new TestSegment(100);
    const add = (filter: string, queue: string | null, recordsMax: number): number => {
      const bytes = Buffer.from(filter, "latin1");
      const name = queue === null ? null : Buffer.from(queue, "latin1");
      return writer.add(1, bytes, 0, bytes.length, name, recordsMax);
    };
    expect(add("a.b", null, 2)).toBe(0);
    expect(writer.recordsUsed + generations.epoch()).toBe(0);
    const node = add("a.b", null, 3);
    expect(node).toBeGreaterThan(0);
    expect(add("a.b", null, 0)).toBe(node);
    expect(add("a.b", "q", 0)).toBe(0);
    expect(add("a.b", "x".repeat(60), 2)).toBe(0);
    expect(add("a.b", "x".repeat(60), 3)).toBe(node);
    expect(add("a.c", null, 0)).toBe(0);
    expect(writer.recordsUsed).toBe(6);
  });

  test("churn within a small segment never runs out", () => {
    const segment = new TestSegment(300);
    for (let round = 0; round < 5_000; round += 1) {
      const node = segment.add(1, `_INBOX.${round}.*`, round % 2 === 0 ? null : "q");
      expect(node).toBeGreaterThan(0);
      segment.remove(node, round % 2 === 0 ? null : "q");
    }
    segment.writer.reclaim();
    expect(segment.writer.recordsUsed + segment.writer.recordsPending).toBe(0);
  });

  test("a filter with more tokens than a subject may have is refused", () => {
    const segment = new TestSegment(5_000);
    expect(segment.add(1, Array(2_050).fill("a").join("."), null)).toBe(0);
    expect(segment.add(1, Array(2_049).fill("a").join("."), null)).toBeGreaterThan(0);
  });

  test(`${FILTERS_MANY} filters`, () => {
    const segment = new TestSegment(FILTERS_MANY * 1.1);
    for (let at = 0; at < FILTERS_MANY; at += 1) segment.add(1, `f.${at}`, null);
    expect(segment.found(1, `f.${FILTERS_MANY - 7}`)).toHaveLength(1);
    expect(segment.found(1, `f.${FILTERS_MANY}`)).toHaveLength(0);
  });

  test("a second writer, a foreign region and a removal too many are refused", () => {
    const segment = new TestSegment(10);
    const { region, quiescence, generations } = segment;
    const again = (): unknown => new InterestWriter(region, 1, quiescence, generations);
    expect(again).toThrow("one writer");
    expect(() => new InterestReader(new ArrayBuffer(interestRegionBytes(10)))).toThrow("formatted");
    expect(() => formatInterestRegion(region, 10)).toThrow("once");
    const node = segment.add(1, "a", "q");
    expect(() => segment.remove(node, null)).toThrow("only what was added");
    expect(() => segment.remove(node, "r")).toThrow("only what was added");
  });
});

describe("quiescence", () => {
  test("nothing is reused while a reader that may see it is inside", () => {
    const segment = new TestSegment(200);
    const first = segment.add(1, "steady", null);
    segment.quiescence.enter(1);
    let rounds = 0;
    for (; rounds < 1_000; rounds += 1) {
      const node = segment.add(1, `t${rounds}`, null);
      if (node === 0) break;
      segment.remove(node, null);
    }
    // Two records for the standing filter; each round used up one that was never used before.
    expect(rounds).toBe(198);
    expect(segment.writer.recordsPending).toBe(198);
    segment.quiescence.exit(1);
    expect(segment.add(1, "t", null)).toBeGreaterThan(0);
    expect(segment.writer.recordsPending).toBe(0);
    expect(segment.found(1, "steady")).toEqual([`${first} 1`]);
  });

  test("a reader that comes later does not block what was unlinked before", () => {
    const segment = new TestSegment(4, 3);
    const node = segment.add(1, "a", null);
    segment.quiescence.enter(1);
    segment.remove(node, null);
    segment.writer.reclaim();
    segment.quiescence.enter(2);
    segment.quiescence.exit(1);
    segment.writer.reclaim();
    expect(segment.writer.recordsPending).toBe(0);
    segment.quiescence.exit(2);
  });

  test("a dead reader blocks reuse only until it is released", () => {
    const segment = new TestSegment(2);
    segment.quiescence.enter(1);
    segment.remove(segment.add(1, "a", null), null);
    expect(segment.add(1, "b", null)).toBe(0);
    segment.quiescence.release(1);
    expect(segment.add(1, "b", null)).toBeGreaterThan(0);
  });
});

describe("hash chains", () => {
  const SEED = { low: 0x5eed, high: 0xdecade };
  afterEach(() => seedTokenHash({ low: 0, high: 0 }));

  /** Words that a writer looks at while it adds the tokens as first tokens of filters. */
  function wordsRead(tokens: readonly string[]): number {
    const recordsMax = tokens.length * 2 + 1;
    const memory = new CountingWords(new ArrayBuffer(interestRegionBytes(recordsMax)));
    formatSegment(memory, segmentSizes(recordsMax));
    const slots = new SharedWords(new ArrayBuffer(quiescenceBytes(1)));
    const versions = new SharedWords(new ArrayBuffer(generationsBytes(1)));
    const generations = new Generations(versions, 1);
    const writer = new InterestWriter(memory, 0, new Quiescence(slots, 1), generations);
    memory.readsCount = 0;
    for (const token of tokens) {
      const filter = Buffer.from(token, "latin1");
      expect(writer.add(0, filter, 0, filter.length, null)).toBeGreaterThan(0);
    }
    return memory.readsCount;
  }

  test("tokens made to collide cost what others cost, unless the seed is known", () => {
    seedTokenHash(SEED);
    const usual = wordsRead(Array.from({ length: 256 }, (_, n) => `usual-token-${n}`));
    expect(wordsRead(tokensOfOneFnv(8))).toBeLessThan(usual * 1.2);
    const made = collidingTokens(hashToken, 4);
    const few = wordsRead(made.map((_, n) => `few-${n}`));
    expect(wordsRead(made)).toBeGreaterThan(few * 2);
    seedTokenHash({ ...SEED, high: SEED.high + 1 });
    expect(wordsRead(made)).toBeLessThan(few * 1.2);
  });

  test("a segment is refused by a thread with another seed, until it takes the segment's", () => {
    seedTokenHash(SEED);
    const { region } = new TestSegment(10);
    seedTokenHash({ ...SEED, low: 1 });
    expect(() => new InterestReader(region)).toThrow("this thread's seed");
    takeInterestSeed(region);
    expect(tokenHashSeed()).toEqual(SEED);
    expect(() => new InterestReader(region)).not.toThrow();
    expect(() => takeInterestSeed(new ArrayBuffer(64))).toThrow("formatted");
  });
});

/** Counts what is read from records and chains. */
class CountingWords extends SharedWords {
  readsCount = 0;

  override load(word: number): number {
    this.readsCount += 1;
    return super.load(word);
  }

  override read(word: number): number {
    this.readsCount += 1;
    return super.read(word);
  }
}
