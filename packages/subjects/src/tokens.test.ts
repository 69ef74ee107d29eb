// Tokens in place: bounds, hashes, limits.
import { LIMITS } from "@weft/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tokenCount } from "./subject.ts";
import { lines } from "./testdata/subjects.arbitrary.ts";
import { hashToken } from "./token-hash.ts";
import { SubjectTokens } from "./tokens.ts";

const hashOf = (text: string): number => {
  const bytes = Buffer.from(text, "latin1");
  return hashToken(bytes, 0, bytes.length);
};

describe("SubjectTokens", () => {
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
        expect(tokens.hashes[at]).toBe(hashOf(part));
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
