import { AssertionFailure } from "@weft/base";
import { describe, expect, it } from "vitest";
import { Heartbeats } from "./heartbeats.ts";

describe("heartbeats", () => {
  it("tells which threads have been silent for too long", () => {
    const region = Heartbeats.createRegion(3);
    const writer = new Heartbeats(region);
    const reader = new Heartbeats(region);
    writer.beat(0, 1_000);
    writer.beat(1, 5_000);
    expect(reader.silenceMs(0, 6_500)).toBe(5_500);
    expect(reader.silenceMs(2, 6_500)).toBe(Number.POSITIVE_INFINITY);
    expect(reader.blocked(6_500, 5_000)).toEqual([0]);
    writer.beat(0, 6_400);
    expect(reader.blocked(6_500, 5_000)).toEqual([]);
    expect(reader.silenceMs(0, 6_300)).toBe(0);
  });

  it("fails on a thread that is none", () => {
    const beats = new Heartbeats(Heartbeats.createRegion(1));
    expect(() => beats.beat(1, 0)).toThrow(AssertionFailure);
  });
});
