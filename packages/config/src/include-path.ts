// The path behind `include` (CF-12): quoted, or bare up to a blank, newline, ";" or "}". Control
// thread.
import { endsBareString, type Scanner } from "./lexer.ts";

/** What may not start it (docs/compat/17-corrections.md). */
const MISTAKES: ReadonlyMap<string, string> = new Map([
  ["[", "start of an array"],
  ["{", "start of a map"],
  ["(", "start of a block"],
  ["\\", "escape sequence"],
  ["\n", "new line"],
  ["\r", "new line"],
  ...[..."-0123456789"].map((digit) => [digit, "start of a number"] as const),
]);

/** Reads the path; the cursor is on its first character. */
export function readIncludePath(scanner: Scanner): string {
  const first = scanner.text.charAt(scanner.offset);
  if (first === '"' || first === "'") return scanner.quotedRaw("quoted include");
  const found = MISTAKES.get(first);
  if (found !== undefined) scanner.fail(`Expected include value but found ${found}`);
  const start = scanner.offset;
  while (!endsPath(scanner.peek())) scanner.take();
  return scanner.text.slice(start, scanner.offset);
}

function endsPath(code: number): boolean {
  return endsBareString(code) && code !== 44 && code !== 93;
}
