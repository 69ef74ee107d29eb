import { AssertionFailure } from "@weft/base";
import { describe, expect, it } from "vitest";
import { defineCounters } from "./counters.ts";

describe("counters", () => {
  const COUNTERS = defineCounters(["messagesIn", "bytesIn", "slowConsumers"]);

  it("sums the blocks of all threads", () => {
    const region = COUNTERS.createRegion(3);
    const blocks = [0, 1, 2].map((index) => COUNTERS.block(region, index));
    for (const block of blocks) block.slots[COUNTERS.index.messagesIn]! += 2;
    blocks[1]!.add(COUNTERS.index.bytesIn, 2 ** 50);
    blocks[2]!.add(COUNTERS.index.bytesIn, 1);
    blocks[0]!.set(COUNTERS.index.slowConsumers, 5);
    blocks[0]!.set(COUNTERS.index.slowConsumers, 4);
    expect(COUNTERS.totals(region)).toEqual({
      messagesIn: 6,
      bytesIn: 2 ** 50 + 1,
      slowConsumers: 4,
    });
    expect(COUNTERS.sum(region, COUNTERS.index.bytesIn)).toBe(2 ** 50 + 1);
  });

  it("keeps blocks on cache lines of their own", () => {
    const region = COUNTERS.createRegion(2);
    expect(COUNTERS.threadsCount(region)).toBe(2);
    expect(COUNTERS.block(region, 1).slots.byteOffset % 128).toBe(0);
  });

  it("refuses names that are given twice, and places that are none", () => {
    expect(() => defineCounters(["a", "a"])).toThrow(AssertionFailure);
    const region = COUNTERS.createRegion(2);
    expect(() => COUNTERS.block(region, 2)).toThrow(AssertionFailure);
    expect(() => COUNTERS.block(region, 0).add(3, 1)).toThrow(AssertionFailure);
  });
});
