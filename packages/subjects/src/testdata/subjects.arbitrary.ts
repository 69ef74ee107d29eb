// Random filters and subjects over a small alphabet, so that they meet often. Test data only.
import fc from "fast-check";

const literal = fc.constantFrom("a", "b", "ab", "*a", "b>", "**");
const wild = fc.oneof(
  { weight: 2, arbitrary: literal },
  { weight: 1, arbitrary: fc.constant("*") },
);

/** Valid filters of up to five tokens, `>` only last. */
export const filters = fc
  .tuple(fc.array(wild, { maxLength: 4 }), fc.constantFrom("a", "b", "*", ">", "ab"))
  .map(([head, last]) => [...head, last].join("."));

/** Literal subjects of up to five tokens; wildcards in them are text. */
export const literals = fc
  .array(fc.oneof({ weight: 6, arbitrary: literal }, fc.constantFrom("*", ">")), {
    minLength: 1,
    maxLength: 5,
  })
  .map((tokens) => tokens.join("."));

/** Anything that may stand in a protocol line: also invalid subjects. */
export const lines = fc
  .array(fc.constantFrom("a", "*", ">", ".", ".", " ", "\t", "\xff", "\0", "\r"), { maxLength: 9 })
  .map((parts) => parts.join(""));
