// Short copies and comparisons at the very ends of buffers and inside larger memory: nothing beside
// the bytes asked for is read (a view would throw) or written.
import { describe, expect, test } from "vitest";
import { createPrng } from "./prng.ts";
import { copyWords, equalWords, makeView, viewOf, WORD_COPY_BYTES_MAX } from "./words.ts";

const LENGTHS = Array.from({ length: 40 }, (_, bytes) => bytes).concat([
  63,
  64,
  65,
  WORD_COPY_BYTES_MAX - 1,
  WORD_COPY_BYTES_MAX,
  1_001,
]);

function random(seed: number, bytes: number): Buffer {
  const prng = createPrng(seed);
  const out = Buffer.allocUnsafeSlow(bytes);
  for (let k = 0; k < bytes; k += 1) out[k] = prng.below(256);
  return out;
}

describe("words at the edges", () => {
  test("copies a whole buffer into one of exactly its size", () => {
    for (const bytes of LENGTHS) {
      const from = random(bytes, bytes);
      const to = Buffer.alloc(bytes);
      expect(copyWords(makeView(from), 0, bytes, makeView(to), 0)).toBe(bytes);
      expect(to.equals(from), `${bytes} bytes`).toBe(true);
    }
  });

  test("copies between the ends of views into larger memory, and touches nothing beside", () => {
    const memory = random(1, 4_096);
    for (const bytes of LENGTHS) {
      const before = Buffer.from(memory);
      const from = memory.subarray(100, 100 + 7 + bytes);
      const to = memory.subarray(2_001, 2_001 + 5 + bytes);
      copyWords(makeView(from), 7, 7 + bytes, makeView(to), 5);
      before.copy(before, 2_006, 107, 107 + bytes);
      expect(memory.equals(before), `${bytes} bytes`).toBe(true);
    }
  });

  test("compares whole buffers, and only the bytes asked for", () => {
    for (const bytes of LENGTHS) {
      const left = random(2, bytes);
      const right = Buffer.concat([Buffer.of(1), left]);
      expect(equalWords(makeView(left), 0, makeView(right), 1, bytes)).toBe(true);
      right[0] = 2;
      expect(equalWords(makeView(left), 0, makeView(right), 1, bytes)).toBe(true);
      if (bytes === 0) continue;
      right[bytes] = (right[bytes] as number) ^ 0x80;
      expect(equalWords(makeView(left), 0, makeView(right), 1, bytes)).toBe(false);
      expect(equalWords(makeView(left), 0, makeView(right), 1, bytes - 1)).toBe(true);
    }
  });

  test("what lies outside of a view throws and is not read", () => {
    const memory = Buffer.alloc(64);
    const part = makeView(memory.subarray(8, 24));
    const to = makeView(Buffer.alloc(64));
    expect(() => copyWords(part, 0, 17, to, 0)).toThrow(RangeError);
    expect(() => copyWords(to, 0, 9, part, 8)).toThrow(RangeError);
    expect(() => equalWords(part, 8, to, 0, 9)).toThrow(RangeError);
  });

  test("works on shared memory, and views of one memory are told apart", () => {
    const shared = new SharedArrayBuffer(64);
    const first = Buffer.from(shared, 0, 32);
    const second = Buffer.from(shared, 32, 32);
    random(3, 32).copy(first);
    copyWords(viewOf(first), 0, 32, viewOf(second), 0);
    expect(second.equals(first)).toBe(true);
    first[0] = (first[0] as number) ^ 1;
    expect(viewOf(first).getUint8(0)).toBe(first[0]);
    expect(viewOf(second).getUint8(0)).toBe(second[0]);
  });
});
