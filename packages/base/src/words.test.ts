// Every length and alignment of short copies and comparisons, against the plain way.
import { describe, expect, test } from "vitest";
import { createPrng } from "./prng.ts";
import { copyWords, equalWords, makeView, viewOf } from "./words.ts";

const prng = createPrng(11);
const source = Buffer.from(Array.from({ length: 256 }, () => prng.below(256)));

describe("words", () => {
  test("copies exactly the bytes asked for, at every length and alignment", () => {
    for (let bytes = 0; bytes <= 70; bytes += 1) {
      for (let shift = 0; shift < 9; shift += 1) {
        const start = 3 + ((bytes * 7 + shift) % 50);
        const to = Buffer.alloc(96, 0xaa);
        const behind = copyWords(makeView(source), start, start + bytes, makeView(to), shift);
        expect(behind).toBe(shift + bytes);
        const expected = Buffer.alloc(96, 0xaa);
        source.copy(expected, shift, start, start + bytes);
        expect(to.equals(expected)).toBe(true);
      }
    }
  });

  test("signalling NaN patterns survive", () => {
    const nan = Buffer.from("010000000000f07f0100f07f0000f87f", "hex");
    const to = Buffer.alloc(16);
    copyWords(makeView(nan), 0, 16, makeView(to), 0);
    expect(to.equals(nan)).toBe(true);
  });

  test("finds every single difference", () => {
    for (let bytes = 0; bytes <= 40; bytes += 1) {
      const other = Buffer.alloc(64, 1);
      source.copy(other, 5, 9, 9 + bytes);
      expect(equalWords(makeView(source), 9, makeView(other), 5, bytes)).toBe(true);
      for (let k = 0; k < bytes; k += 1) {
        other[5 + k] = (other[5 + k] as number) ^ (1 << (k % 8));
        expect(equalWords(makeView(source), 9, makeView(other), 5, bytes)).toBe(false);
        other[5 + k] = (other[5 + k] as number) ^ (1 << (k % 8));
      }
    }
  });

  test("the remembered view is the one of the buffer asked for", () => {
    const part = source.subarray(10, 20);
    expect(viewOf(part).getUint8(0)).toBe(source[10]);
    expect(viewOf(source).getUint8(0)).toBe(source[0]);
    expect(viewOf(part).byteLength).toBe(10);
    expect(viewOf(part)).toBe(viewOf(part));
  });
});
