// The keyed hash: agreement in one thread, and what collides under one seed does not under another.
import { afterEach, describe, expect, test } from "vitest";
import { collidingTokens, fnv, tokensOfOneFnv } from "./testdata/colliding-tokens.ts";
import { hashToken, seedTokenHash, TOKEN_HASH_TABLE, tokenHashSeed } from "./token-hash.ts";

const NO_SECRET = { low: 0, high: 0 };
const SEEDS = Array.from({ length: 50 }, (_, n) => ({ low: n * 0x01234567, high: ~n }));
/** Ones at the places with an even number of bits: sums over it vanish for many multipliers. */
const THUE_MORSE = Array.from(
  { length: 1_024 },
  (_, n) => n.toString(2).replaceAll("0", "").length % 2,
);

afterEach(() => seedTokenHash(NO_SECRET));

function hashOf(token: string): number {
  const bytes = Buffer.from(token, "latin1");
  return hashToken(bytes, 0, bytes.length);
}

function distinct(tokens: readonly string[]): number {
  return new Set(tokens.map(hashOf)).size;
}

describe("the seed", () => {
  test("all 64 bits of it count", () => {
    const values = new Set<number>();
    for (let bit = 0; bit < 32; bit += 1) {
      seedTokenHash({ low: 1 << bit, high: 0 });
      values.add(hashOf("token"));
      seedTokenHash({ low: 0, high: 1 << bit });
      values.add(hashOf("token"));
    }
    expect(values.size).toBe(64);
  });

  test("equal halves and zeros give tables of distinct words", () => {
    for (const word of [0, 1, 0xffff_ffff]) {
      seedTokenHash({ low: word, high: word });
      expect(new Set(TOKEN_HASH_TABLE).size).toBe(TOKEN_HASH_TABLE.length);
      expect(tokenHashSeed()).toEqual({ low: word | 0, high: word | 0 });
    }
  });

  test("the same seed gives the same hashes", () => {
    const [seed, other] = SEEDS.slice(7) as [typeof NO_SECRET, typeof NO_SECRET];
    seedTokenHash(seed);
    const hash = hashOf("some-token");
    seedTokenHash(other);
    expect(hashOf("some-token")).not.toBe(hash);
    seedTokenHash(seed);
    expect(hashOf("some-token")).toBe(hash);
  });
});

describe("sets made to collide", () => {
  test("without a secret they fall apart under every seed", () => {
    const tokens = tokensOfOneFnv(6);
    const fnvDistinct = (basis: number): number =>
      new Set(tokens.map((token) => fnv(Buffer.from(token), basis))).size;
    expect(fnvDistinct(0x811c9dc5)).toBe(1);
    // A secret start value would not have helped.
    expect(Array.from({ length: 256 }, (_, start) => fnvDistinct(start))).toContain(1);
    for (const seed of SEEDS) {
      seedTokenHash(seed);
      expect(distinct(tokens)).toBe(64);
    }
  });

  test("under one seed they fall apart under the others", () => {
    const [known, ...others] = SEEDS as [typeof NO_SECRET, ...(typeof NO_SECRET)[]];
    seedTokenHash(known);
    const tokens = collidingTokens(hashToken, 4);
    expect(distinct(tokens)).toBe(1);
    for (const seed of others) {
      seedTokenHash(seed);
      expect(distinct(tokens)).toBe(tokens.length);
    }
  });

  test("differences that other keyed hashes lose whatever their seed", () => {
    const flip = (token: string, ...places: readonly number[]): string =>
      [...token]
        .map((char, at) =>
          places.includes(at) ? String.fromCharCode(char.charCodeAt(0) ^ 0x80) : char,
        )
        .join("");
    const swapped = (chars: string): string =>
      THUE_MORSE.map((bit) => chars[bit] as string).join("");
    const plain = "a".repeat(16);
    const tokens = [
      plain,
      flip(plain, 3, 7),
      flip(plain, 3, 5, 7),
      flip(plain, 0, 4),
      flip(plain, 3, 7, 11, 15),
      swapped("ab"),
      swapped("ba"),
      "abcd".repeat(4) + "efgh".repeat(4),
      "efgh".repeat(4) + "abcd".repeat(4),
      "\0",
      "\0\0",
      "\0\0\0\0",
      "\0\0\0\0\0",
    ];
    for (const seed of SEEDS) {
      seedTokenHash(seed);
      expect(distinct(tokens)).toBe(tokens.length);
    }
  });

  test("hashes spread: 2^16 tokens over 2^16 slots as throws of dice do", () => {
    for (const seed of SEEDS.slice(0, 3)) {
      seedTokenHash(seed);
      const slots = new Uint8Array(1 << 16);
      for (let n = 0; n < slots.length; n += 1) slots[hashOf(`unit${n}`) & 0xffff]! += 1;
      const used = slots.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
      // 1 - 1/e of the slots, 0.632, give or take.
      expect(used / slots.length).toBeGreaterThan(0.61);
      expect(Math.max(...slots)).toBeLessThan(20);
    }
  });
});
