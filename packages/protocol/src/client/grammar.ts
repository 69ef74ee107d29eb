// Byte grammar of the client dialect (docs/compat/01-client-protocol.md, 1.3) and the small
// scanners behind the parser's exact path. Thread: worker. Pure functions over byte ranges; nothing
// here keeps a reference.
//
//   operation   = publish / line
//   publish     = "PUB"  1*blank subject [1*blank reply] 1*blank total eol body CRLF
//               / "HPUB" 1*blank subject [1*blank reply] 1*blank header 1*blank total eol body CRLF
//   line        = ("SUB" / "UNSUB" / "-ERR") 1*blank argument eol
//               / ("CONNECT" / "INFO") *blank argument eol
//               / ("PING" / "PONG" / "+OK") *any eol
//   eol         = LF / CRLF        blank = SP / TAB        total, header = 1*9DIGIT
//
// Verbs are case-insensitive. A CR inside an argument, other than the one that belongs to the line
// end, is refused: the reference keeps or drops it depending on how the bytes were split.

// Not exported: V8 folds constants of the same module only.
const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;

/** Lower-case verbs as bytes. */
export const VERBS = {
  pub: Buffer.from("pub"),
  hpub: Buffer.from("hpub"),
  sub: Buffer.from("sub"),
  unsub: Buffer.from("unsub"),
  ping: Buffer.from("ping"),
  pong: Buffer.from("pong"),
  connect: Buffer.from("connect"),
  info: Buffer.from("info"),
  ok: Buffer.from("+ok"),
  error: Buffer.from("-err"),
} as const;

/** Result of comparing a verb with input that may end too early. */
export type VerbMatch = "whole" | "partial" | "none";

/** Compares `input[start, end)` with a lower-case verb, ignoring the case of ASCII letters. */
export function matchVerb(
  input: Uint8Array,
  start: number,
  end: number,
  verb: Uint8Array,
): VerbMatch {
  const length = verb.length;
  for (let i = 0; i < length; i++) {
    if (start + i >= end) return "partial";
    const expected = verb[i]!;
    const actual = input[start + i]!;
    if (actual === expected) continue;
    if (expected < 97 || (actual | 32) !== expected) return "none";
  }
  return "whole";
}

/** Digits that a size may have; more are refused, whatever the value (as by the reference). */
const SIZE_DIGITS_MAX = 9;

/** Decimal value of `input[start, end)`: 1 to 9 digits and nothing else, or -1. */
export function parseSize(input: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > SIZE_DIGITS_MAX) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = input[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Most arguments of any client operation; one more is already too many. */
const ARGUMENTS_MAX = 4;

/** What `splitArguments` returns for more arguments than any operation has, or a CR inside one. */
const MALFORMED = ARGUMENTS_MAX + 1;

/** Length of the array that `splitArguments` writes to. */
export const ARGUMENT_POSITIONS = ARGUMENTS_MAX * 2;

/**
 * Splits `input[start, end)` at blanks. Writes start and end of each argument, in turn, to `out`
 * (of `ARGUMENT_POSITIONS` elements). Returns their count, or `MALFORMED`.
 */
export function splitArguments(
  input: Uint8Array,
  start: number,
  end: number,
  out: Int32Array,
): number {
  let count = 0;
  let i = start;
  while (i < end) {
    const blank = input[i]!;
    if (blank === SPACE || blank === TAB) {
      i++;
      continue;
    }
    if (count === ARGUMENTS_MAX) return MALFORMED;
    out[count * 2] = i;
    for (; i < end; i++) {
      const byte = input[i]!;
      if (byte === CR) return MALFORMED;
      if (byte === SPACE || byte === TAB) break;
    }
    out[count * 2 + 1] = i;
    count++;
  }
  return count;
}

/** Where an argument lies. One instance is reused, so that finding one allocates nothing. */
export interface ArgumentSpan {
  start: number;
  /** Without the line end. */
  end: number;
  /** Position after the LF. */
  next: number;
}

/**
 * Finds the argument that follows `from`, up to the end of the line. CP-52 limits its bytes without
 * the blanks in front and the line end; as nothing else may grow without bound either, the blanks
 * have the same limit. A line that is not complete fails as soon as it must.
 */
export function findArgument(
  input: Uint8Array,
  from: number,
  end: number,
  bytesMax: number,
  out: ArgumentSpan,
): "found" | "partial" | "too-long" {
  let start = from;
  while (start < end && (input[start] === SPACE || input[start] === TAB)) start++;
  // One byte more than an argument of the largest size with CRLF can have.
  const stop = Math.min(end, start + bytesMax + 2);
  let at = start;
  while (at < stop && input[at] !== LF) at++;
  out.start = start;
  out.end = at > start && input[at - 1] === CR ? at - 1 : at;
  out.next = at + 1;
  if (start - from > bytesMax || out.end - start > bytesMax) return "too-long";
  return at < end ? "found" : "partial";
}
