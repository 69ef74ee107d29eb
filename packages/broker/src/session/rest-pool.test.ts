// Memory of unparsed input: what is kept is bounded, and nobody gets memory that is in use.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { RestPool } from "./rest-pool.ts";

const KIBIBYTE = 1_024;

describe("rest pool", () => {
  test.each([
    [1, 0, 2_048],
    [2_048, 0, 2_048],
    [2_049, 0, 4_096],
    [65_555, 65_555, 131_072],
    [262_144, 0, 262_144],
    // Larger ones are not kept and need not fit again: what is announced is enough.
    [300_000, 0, 300_000],
    [300_000, 400_000, 400_000],
    [300_000, 1_000_000, 524_288],
  ])("%i bytes, at most %i", (bytes, bytesMax, expected) => {
    expect(new RestPool().take(bytes, bytesMax)).toHaveLength(expected);
  });

  test("keeps a mebibyte, and frees the rest at once", () => {
    const pool = new RestPool();
    const taken = Array.from({ length: 40 }, () => pool.take(60 * KIBIBYTE, 0));
    for (const memory of taken) pool.giveBack(memory);
    expect(pool.freeBytes).toBe(1_024 * KIBIBYTE);
    expect(taken.filter(({ buffer }) => buffer.byteLength > 0)).toHaveLength(16);
    const large = pool.take(300 * KIBIBYTE, 0);
    pool.giveBack(large);
    expect(large.buffer.byteLength).toBe(0);
  });

  test("nobody gets memory that is in use, whatever the order", () => {
    const pool = new RestPool();
    const prng = createPrng(5);
    const used = new Set<Buffer>();
    for (let step = 0; step < 5_000; step += 1) {
      const oldest = used.values().next().value;
      if (oldest !== undefined && prng.below(2) === 0) {
        used.delete(oldest);
        pool.giveBack(oldest);
        continue;
      }
      const bytes = 1 + prng.below(400 * KIBIBYTE);
      const memory = pool.take(bytes, bytes);
      expect(memory.length).toBeGreaterThanOrEqual(bytes);
      expect(memory.buffer.byteLength).toBe(memory.length);
      expect(used.has(memory)).toBe(false);
      used.add(memory);
    }
    expect(pool.freeBytes).toBeLessThanOrEqual(1_024 * KIBIBYTE);
  });
});
