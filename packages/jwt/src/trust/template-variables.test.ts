// Variables are where the reference's expression finds them, and finding them is linear (AN-53).
import { createPrng } from "@weft/base";
import { expect, test } from "vitest";
import { hasVariable, variablesOf } from "./template-variables.ts";

const EXPRESSION = /\{\{([^}]+)\}\}/g;

function byExpression(entry: string) {
  return [...entry.matchAll(EXPRESSION)].map(([source, operation = ""]) => ({
    source,
    operation: operation.trim(),
  }));
}

test("AN-53: the same places as the expression, in texts that are nearly all braces", () => {
  const prng = createPrng(7);
  for (let round = 0; round < 5_000; round += 1) {
    const letters = Array.from({ length: prng.below(14) }, () => "{{{}}}a \n."[prng.below(10)]);
    const entry = letters.join("");
    expect([...variablesOf(entry)], JSON.stringify(entry)).toEqual(byExpression(entry));
    expect(hasVariable(entry)).toBe(byExpression(entry).length > 0);
  }
});

test.each(["{", "{{", "{{}", "{{a}", "{{a} "])(
  "attack 45, AN-53: a million characters of %j take no time",
  (piece) => {
    const entry = piece.repeat(Math.ceil(1_000_000 / piece.length));
    const before = performance.now();
    expect([...variablesOf(entry)]).toEqual([]);
    // By the expression it is hours.
    expect(performance.now() - before).toBeLessThan(2_000);
  },
);
