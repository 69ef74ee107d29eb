// Hints are as good as asking every segment, whatever interest comes and goes, because an entry
// holds only under the generations that it was made under.
import { createPrng } from "@weft/base";
import {
  formatInterestRegion,
  Generations,
  generationsBytes,
  InterestIndex,
  InterestReader,
  InterestWriter,
  interestRegionBytes,
  NodeList,
  Quiescence,
  quiescenceBytes,
  SharedWords,
  SubjectTokens,
} from "@weft/subjects";
import { describe, expect, test } from "vitest";
import { SegmentHints } from "./segment-hints.ts";

const RECORDS = 512;
const ACCOUNTS = 4;

interface Threads {
  readonly generations: Generations;
  readonly index: InterestIndex;
  readonly writers: readonly InterestWriter[];
}

function createThreads(count: number): Threads {
  const regions = Array.from({ length: count }, () => {
    const region = new ArrayBuffer(interestRegionBytes(RECORDS));
    formatInterestRegion(region, RECORDS);
    return region;
  });
  const quiescence = new Quiescence(
    new SharedWords(new ArrayBuffer(quiescenceBytes(count))),
    count,
  );
  const words = new SharedWords(new ArrayBuffer(generationsBytes(ACCOUNTS)));
  const generations = new Generations(words, ACCOUNTS);
  const writers = regions.map(
    (region, thread) => new InterestWriter(region, thread, quiescence, generations),
  );
  const segments = regions.map((region) => new InterestReader(region));
  const writer = writers[0] as InterestWriter;
  const index = new InterestIndex({ threadIndex: 0, segments, quiescence, writer });
  return { generations, index, writers };
}

const tokens = new SubjectTokens();

/** Looks as the compiler does; returns the threads as a text of bits, thread 0 first. */
function look(hints: SegmentHints, threads: Threads, account: number, subject: string): string {
  const bytes = Buffer.from(subject, "latin1");
  expect(tokens.parse(bytes, 0, bytes.length)).toBe(true);
  const { generations, index } = threads;
  const slot = generations.slotFor(account, tokens.hashes[0] as number);
  const wildcardSlot = generations.wildcardSlot(account);
  hints.look(account, tokens, generations.read(slot), generations.read(wildcardSlot));
  let bits = "";
  for (let thread = 0; thread < index.segmentsCount; thread += 1) {
    const word = thread < 32 ? hints.low : hints.high;
    bits += (word >>> (thread & 31)) & 1;
  }
  return bits;
}

function add(threads: Threads, thread: number, account: number, filter: string): number {
  const bytes = Buffer.from(filter, "latin1");
  const node = (threads.writers[thread] as InterestWriter).add(
    account,
    bytes,
    0,
    bytes.length,
    null,
  );
  expect(node).toBeGreaterThan(0);
  return node;
}

describe("segment hints", () => {
  test("a thread that begins or ends to want a subject is seen at the next look", () => {
    const threads = createThreads(3);
    const hints = new SegmentHints(threads.index);
    expect(look(hints, threads, 0, "a.b.1")).toBe("000");
    const node = add(threads, 1, 0, "a.b.*");
    expect(look(hints, threads, 0, "a.b.2")).toBe("010");
    expect(look(hints, threads, 0, "a.c.2")).toBe("000");
    expect(look(hints, threads, 1, "a.b.2")).toBe("000");
    for (const filter of ["*.b.>", ">", "a.>"]) {
      const other = add(threads, 2, 0, filter);
      expect(look(hints, threads, 0, "a.b.3"), filter).toBe("011");
      threads.writers[2]?.remove(other, null);
      expect(look(hints, threads, 0, "a.b.4"), filter).toBe("010");
    }
    threads.writers[1]?.remove(node, null);
    expect(look(hints, threads, 0, "a.b.5")).toBe("000");
  });

  test("one token is not the beginning of two, whatever the second hashes to", () => {
    const threads = createThreads(2);
    const hints = new SegmentHints(threads.index);
    expect(look(hints, threads, 0, "a")).toBe("00");
    add(threads, 1, 0, "a.*");
    expect(look(hints, threads, 0, "a.b")).toBe("01");
    add(threads, 0, 0, "a");
    expect(look(hints, threads, 0, "a")[0]).toBe("1");
  });

  test("all 64 threads of a process have their bit", () => {
    const threads = createThreads(64);
    const hints = new SegmentHints(threads.index);
    for (const thread of [0, 31, 32, 63]) add(threads, thread, 0, "a.b");
    const bits = look(hints, threads, 0, "a.b");
    expect([...bits].flatMap((bit, thread) => (bit === "1" ? [thread] : []))).toEqual([
      0, 31, 32, 63,
    ]);
  });

  test("never without a thread that matches, over random interest", () => {
    const prng = createPrng(17);
    const threads = createThreads(4);
    const hints = new SegmentHints(threads.index);
    const nodes = new NodeList();
    const held: { thread: number; node: number }[] = [];
    const word = (from: readonly string[]): string => from[prng.below(from.length)] as string;
    let matched = 0;
    let spared = 0;
    for (let round = 0; round < 2_500; round += 1) {
      if (prng.below(4) === 0) {
        const tail = prng.below(2) === 0 ? `.${word(["x", "y", "*", ">"])}` : "";
        const filter = `${word(["a", "b", "c", "d", "*"])}.${word(["x", "y", "z", "*"])}${tail}`;
        const thread = prng.below(4);
        held.push({ thread, node: add(threads, thread, prng.below(6), filter) });
      }
      if (held.length > 12) {
        const [gone] = held.splice(prng.below(held.length), 1);
        if (gone !== undefined) threads.writers[gone.thread]?.remove(gone.node, null);
      }
      const account = prng.below(6);
      const third = prng.below(2) === 0 ? `.${word(["x", "y"])}` : "";
      const subject = `${word(["a", "b", "c", "d"])}.${word(["x", "y", "z"])}${third}`;
      const bits = look(hints, threads, account, subject);
      for (let thread = 0; thread < 4; thread += 1) {
        threads.index.enter();
        const found = threads.index.reader(thread)?.match(account, tokens, nodes) ?? 0;
        threads.index.exit();
        if (found > 0) {
          matched += 1;
          expect(bits[thread], `round ${round}: ${subject}`).toBe("1");
        } else if (bits[thread] === "0") spared += 1;
      }
    }
    expect(matched).toBeGreaterThan(300);
    expect(spared).toBeGreaterThan(2_000);
  });
});
