// The weighted choice, against its definition.
import { createPrng, type Prng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { pickWeighted } from "./queue-pick.ts";

/** A source that yields given numbers, to walk through every outcome. */
function fixed(value: number): Prng {
  return { nextUint32: () => value, below: (bound) => value % bound };
}

describe("pickWeighted", () => {
  test("SU-22: each number below the total belongs to one member, in order", () => {
    const weights = new Uint32Array([2, 0, 3, 1, 9]);
    const picked = [0, 1, 2, 3, 4, 5].map((drawn) => pickWeighted(weights, 4, 6, fixed(drawn)));
    expect(picked).toEqual([0, 0, 2, 2, 2, 3]);
  });

  test("SU-20: the shares come out as the weights, within two per cent", () => {
    const prng = createPrng(11);
    const counts = [0, 0, 0];
    const rounds = 20_000;
    for (let at = 0; at < rounds; at += 1) {
      const index = pickWeighted([1, 3, 6], 3, 10, prng);
      counts[index] = (counts[index] as number) + 1;
    }
    for (const [index, weight] of [1, 3, 6].entries()) {
      expect(Math.abs((counts[index] as number) / rounds - weight / 10)).toBeLessThan(0.02);
    }
  });

  test("SU-20: without weights all members are equal; one member is always it", () => {
    expect(pickWeighted([0, 0, 0], 3, 0, fixed(2))).toBe(2);
    expect(pickWeighted([5], 1, 5, fixed(4))).toBe(0);
    expect(() => pickWeighted([], 0, 0, fixed(0))).toThrow("has a member");
  });
});
