// Tokens in place: bounds, hashes, limits.
import { LIMITS } from "@weft/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tokenCount } from "./subject.ts";
import { lines } from "./testdata/subjects.arbitrary.ts";
import { hashToken, SubjectTokens, TOKEN_HASH_SEED } from "./tokens.ts";

const fnv = (text: string): number => {
  const bytes = Buffer.from(text, "latin1");
  return hashToken(bytes, 0, bytes.length) >>> 0;
};

describe("SubjectTokens", () => {
  test("SU-42: hashes are FNV-1a 32 with its published values", () => {
    expect(fnv("")).toBe(0x811c9dc5);
    expect(fnv("a")).toBe(0xe40c292c);
    expect(fnv("b")).toBe(0xe70c2de5);
    expect(fnv("foobar")).toBe(0xbf9cf968);
    expect(TOKEN_HASH_SEED >>> 0).toBe(0x811c9dc5);
  });

  test("SU-01: finds the tokens that a split finds, with their hashes", () => {
    const tokens = new SubjectTokens();
    const check = (line: string): void => {
      const input = Buffer.from(`p ${line} q.`, "latin1");
      expect(tokens.parse(input, 2, 2 + line.length)).toBe(true);
      const parts = line.split(".");
      expect(tokens.count).toBe(parts.length);
      expect(tokens.input).toBe(input);
      for (const [at, part] of parts.entries()) {
        expect(input.toString("latin1", tokens.starts[at], tokens.ends[at])).toBe(part);
        expect((tokens.hashes[at] as number) >>> 0).toBe(fnv(part));
      }
      if (line !== "") expect(tokens.count).toBe(tokenCount(line));
    };
    check("foo.bar.baz");
    fc.assert(fc.property(lines, check), { numRuns: 300 });
  });

  test("takes the most tokens that fit, refuses one more", () => {
    const tokens = new SubjectTokens();
    const most = Buffer.from(Array(LIMITS.subjectTokensMax).fill("a").join("."));
    expect(tokens.parse(most, 0, most.length)).toBe(true);
    expect(tokens.count).toBe(LIMITS.subjectTokensMax);
    expect(tokens.ends[LIMITS.subjectTokensMax - 1]).toBe(most.length);
    const more = Buffer.concat([most, Buffer.from(".a")]);
    expect(tokens.parse(more, 0, more.length)).toBe(false);
    expect(tokens.count).toBe(0);
  });
});
