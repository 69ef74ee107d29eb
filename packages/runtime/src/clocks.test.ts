// Random bytes that are drawn ahead: never the same twice, never left as they were.
import { expect, test } from "vitest";
import { systemEntropy } from "./clocks.ts";

test("AN-09: no two of many nonces are alike, whatever their length", () => {
  for (const length of [8, 11, 16, 32]) {
    const seen = new Set<string>();
    for (let draw = 0; draw < 2_000; draw += 1) {
      const bytes = new Uint8Array(length);
      systemEntropy.fill(bytes);
      seen.add(Buffer.from(bytes).toString("hex"));
    }
    expect(seen.size).toBe(2_000);
  }
});

test("every byte of a buffer is filled, of the smallest and the largest", () => {
  for (const length of [1, 2_047, 2_048, 2_049, 10_000]) {
    const ones = new Uint8Array(length);
    for (let draw = 0; draw < 64; draw += 1) {
      const bytes = new Uint8Array(length);
      systemEntropy.fill(bytes);
      for (let at = 0; at < length; at += 1)
        ones[at] = (ones[at] as number) | (bytes[at] as number);
    }
    // Each byte is zero in all of 64 draws once in 2^512.
    expect(ones.every((byte) => byte !== 0)).toBe(true);
  }
});
