import { expect, test } from "vitest";
import { plainText } from "./plain-text.ts";

test("attack 71: what moves the cursor, hides or ends a line is replaced", () => {
  expect(plainText("a\nb\r\tc\x1b[2Jd\u2028e\u2029f\u202eg\u200bh\x7f\x9b")).toBe(
    "a?b??c?[2Jd?e?f?g?h??",
  );
  expect(plainText("Grüße, 世界 🙂")).toBe("Grüße, 世界 🙂");
});

test("attack 71: a long text is cut, one that fits is not", () => {
  expect(plainText("x".repeat(256))).toBe("x".repeat(256));
  expect(plainText("x".repeat(257))).toBe(`${"x".repeat(256)}...`);
});
