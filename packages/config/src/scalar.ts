// Numbers, dates, addresses and the choice between them (CF-05, CF-07 to CF-09). Control thread.
//
//   integer   = ["-"] digits [("k"|"m"|"g"|"t"|"p"|"e") ("b"|"i")*]
//   float     = ["-"] digits "." digits
//   address   = float "." (digit | "." | ":" | "-")*     a string, such as 127.0.0.1:4222
//   datetime  = 2006-01-02T15:04:05Z
//
// A word that starts as a number and goes on otherwise is a bare string, where the reference says
// so; `5m` is five million. Must stay true: a number is either exact or refused.
import type { SourcePosition } from "@weft/base";
import {
  endsNumber,
  isDigit,
  isNewline,
  type ScalarToken,
  type Scanner,
  showCode,
} from "./lexer.ts";
import type { ConfigNode } from "./node.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const DATETIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/y;
const SUFFIX_LETTERS = "kmgtpe";

/** Reads one scalar; the cursor is on its first character, which is no space. */
export function scanScalar(scanner: Scanner): ScalarToken {
  const at = scanner.position();
  const code = scanner.peek();
  if (code === 39) return scanner.singleQuoted();
  if (code === 34) return scanner.doubleQuoted();
  if (code === 40) return scanner.block();
  if (code === 46) scanner.fail("Floats must start with a digit");
  if (isNewline(code)) scanner.fail("Expected value but found new line");
  if (code === 45 || isDigit(code)) return scanNumber(scanner, at);
  return scanner.bare(scanner.offset, at);
}

function scanNumber(scanner: Scanner, at: SourcePosition): ScalarToken {
  const start = scanner.offset;
  const negative = scanner.peek() === 45;
  if (negative) scanner.take();
  if (!isDigit(scanner.peek())) {
    scanner.fail(`Expected a digit but got ${showCode(scanner.peek())}.`);
  }
  while (isDigit(scanner.peek())) scanner.take();
  const code = scanner.peek();
  if (code === 46) return scanFloat(scanner, start, at);
  if (code >= 0 && SUFFIX_LETTERS.includes(String.fromCharCode(code).toLowerCase())) {
    return scanSuffix(scanner, start, at);
  }
  if (negative) return slice(scanner, "integer", start, at);
  if (code === 45) {
    DATETIME.lastIndex = start;
    if (scanner.offset - start !== 4 || !DATETIME.test(scanner.text)) {
      scanner.fail("All ISO8601 dates must be in full Zulu form.");
    }
    scanner.skipTo(DATETIME.lastIndex);
    return slice(scanner, "datetime", start, at);
  }
  if (endsNumber(code)) return slice(scanner, "integer", start, at);
  refuseBracket(scanner);
  return scanner.bare(start, at);
}

/** In the reference the "]" becomes part of a string, and an error follows later (CF-04). */
function refuseBracket(scanner: Scanner): void {
  if (scanner.peek() !== 93) return;
  scanner.fail("Expected a space or a new line between a number and the array terminator ']'.");
}

function scanSuffix(scanner: Scanner, start: number, at: SourcePosition): ScalarToken {
  scanner.take();
  while ("bBiI".includes(scanner.text.charAt(scanner.offset)) && scanner.peek() >= 0) {
    scanner.take();
  }
  const code = scanner.peek();
  if (endsNumber(code) || isDigit(code)) return slice(scanner, "integer", start, at);
  refuseBracket(scanner);
  return scanner.bare(start, at);
}

function scanFloat(scanner: Scanner, start: number, at: SourcePosition): ScalarToken {
  scanner.take();
  if (!isDigit(scanner.peek())) {
    scanner.fail(
      `Floats must have a digit after the '.', but got ${showCode(scanner.peek())} instead.`,
    );
  }
  while (isDigit(scanner.peek())) scanner.take();
  if (scanner.peek() !== 46) return slice(scanner, "float", start, at);
  for (;;) {
    const code = scanner.peek();
    if (!isDigit(code) && code !== 46 && code !== 58 && code !== 45) break;
    scanner.take();
  }
  return slice(scanner, "string", start, at);
}

function slice(
  scanner: Scanner,
  type: ScalarToken["type"],
  start: number,
  at: SourcePosition,
): ScalarToken {
  return { type, text: scanner.text.slice(start, scanner.offset), at };
}

/** The value of a scalar that is no variable. `fail` must throw. */
export function scalarNode(
  token: ScalarToken,
  fail: (message: string, at: SourcePosition) => never,
): ConfigNode {
  const base = { at: token.at, size: 1, height: 0 };
  const text = token.text;
  switch (token.type) {
    case "integer": {
      const exact = integerValue(text);
      if (typeof exact === "string") fail(exact, token.at);
      return { kind: "integer", value: Number(exact), exact, ...base };
    }
    case "float": {
      const value = Number(text);
      if (!Number.isFinite(value)) fail(`float '${text}' is out of the range`, token.at);
      return { kind: "float", value, ...base };
    }
    case "boolean":
      return { kind: "boolean", value: /^(?:true|yes|on)$/i.test(text), ...base };
    case "datetime":
      if (!isCalendarTime(text)) {
        fail(`expected Zulu formatted DateTime, but got '${text}'`, token.at);
      }
      return { kind: "datetime", value: text, ...base };
    default:
      return { kind: "string", value: text, ...base };
  }
}

/** The number with its suffix applied, or what is wrong with it. */
function integerValue(text: string): bigint | string {
  const digits = /^-?\d+/.exec(text)?.[0] ?? "";
  // Longer than any 64-bit number: refused before the costly conversion.
  if (digits.replace(/^-?0*/, "").length > 19) return `integer '${text}' is out of the range`;
  const factor = suffixFactor(text.slice(digits.length).toLowerCase());
  if (factor === undefined) return `integer '${text}' has an unknown size suffix`;
  const value = BigInt(digits) * factor;
  if (value > INT64_MAX || value < INT64_MIN) return `integer '${text}' is out of the range`;
  return value;
}

/** `k` is 1000, `kb`, `ki` and `kib` are 1024, and so on (CF-07). */
function suffixFactor(suffix: string): bigint | undefined {
  if (suffix === "") return 1n;
  const power = BigInt(SUFFIX_LETTERS.indexOf(suffix.charAt(0)) + 1);
  switch (suffix.slice(1)) {
    case "":
      return 1000n ** power;
    case "b":
    case "i":
    case "ib":
      return 1024n ** power;
    default:
      return undefined;
  }
}

function isCalendarTime(text: string): boolean {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = text
    .split(/[-T:Z]/)
    .map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days && hour <= 23 && minute <= 59 && second <= 59;
}
