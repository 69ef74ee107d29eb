// One token of a transform's destination: literal text, `$n`, or `{{function(arguments)}}`.
// Any thread; pure; linear in the length of the token.
//
//   token     = "$" integer | "{{" … call … "}}" | text
//   call      = "{{" blank* name blank* "(" arguments ")" blank* "}}"   first start, last end
//   arguments = argument *( "," blank* argument )              spaces around are dropped
// Names: wildcard partition split splitFromLeft splitFromRight sliceFromLeft sliceFromRight left
// right random; the first letter of each of their words in either case (SU-40, ADR-30).

/** What a destination token does. */
export type TransformFunction =
  | "literal"
  | "wildcard"
  | "partition"
  | "splitFromLeft"
  | "splitFromRight"
  | "sliceFromLeft"
  | "sliceFromRight"
  | "left"
  | "right"
  | "split"
  | "random";

/** A parsed token; the same shape for all functions. */
export interface DestinationToken {
  readonly kind: TransformFunction;
  /** The text of a literal, the delimiter of a split, else empty. */
  readonly text: string;
  /** Wildcards of the source, counted from 1, as written; 0 stands for the first token. */
  readonly wildcards: readonly number[];
  /** Partitions, characters, or the bound of random; 0 if there is none. */
  readonly amount: number;
}

export type DestinationTokenResult =
  | { readonly ok: true; readonly token: DestinationToken }
  | { readonly ok: false; readonly error: string };

const INVALID = "invalid mapping destination";

/** Wildcards and functions of one destination: what an application costs grows with them. */
export const REFERENCES_MAX = 1_024;

/** SU-50. The texts behind `invalid mapping destination: `; the last one is our own. */
export const MAPPING_ERRORS = {
  invalidTransform: "invalid transform",
  notUsingAllWildcards: "not using all of the token wildcard(s)",
  unknownFunction: "unknown function",
  indexOutOfRange: "wildcard index out of range",
  notEnoughArguments: "not enough arguments passed to the function",
  invalidArgument: "function argument is invalid or in the wrong format",
  tooManyArguments: "too many arguments passed to the function",
  notForImports: "the only mapping function allowed for import transforms is {{Wildcard()}}",
  tooManyReferences: `more than ${REFERENCES_MAX} wildcards and functions`,
} as const;

/** The full error text for the token (or destination) `where`. */
export function mappingError(reason: keyof typeof MAPPING_ERRORS, where: string): string {
  const text = `${INVALID}: ${MAPPING_ERRORS[reason]}`;
  return where === "" ? text : `${text} in ${where}`;
}

/** True if a token has the braces of a function. */
export function looksLikeFunction(token: string): boolean {
  return token.length > 4 && token.startsWith("{{") && token.endsWith("}}");
}

const INT32_MAX = 0x7fff_ffff;
const INT32_MIN = -0x8000_0000;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0c || code === 0x0d;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** Decimal with an optional sign, in the range of 64 bits; undefined if it is not that. */
function parseInteger(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  if (text.length < 16) return Number(text);
  const digits = text.replace(/^[+-]?0*/, "");
  if (digits.length > 19) return undefined;
  const negative = text.startsWith("-");
  if (BigInt(`0${digits}`) > INT64_MAX + (negative ? 1n : 0n)) return undefined;
  return negative ? -Number(digits) : Number(digits);
}

/** An integer with spaces, but no other blanks, around it. */
function parseArgument(text: string): number | undefined {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === " ") start += 1;
  while (end > start && text[end - 1] === " ") end -= 1;
  return parseInteger(text.slice(start, end));
}

/** A function: its words, and the reader of its arguments. */
interface FunctionGrammar {
  readonly kind: TransformFunction;
  readonly words: readonly string[];
  readonly read: (kind: TransformFunction, parts: readonly string[]) => Reading;
}

type Reading = DestinationToken | keyof typeof MAPPING_ERRORS;

function readWildcard(kind: TransformFunction, parts: readonly string[]): Reading {
  if (parts.length > 1) return "tooManyArguments";
  if (parts[0] === "") return "notEnoughArguments";
  const index = parseArgument(parts[0] as string);
  if (index === undefined) return "invalidArgument";
  return { kind, text: "", wildcards: [index], amount: 0 };
}

/** Zero is allowed and always gives 0; a negative number has no meaning and is refused. */
function readBound(text: string): number | undefined {
  const bound = parseArgument(text);
  return bound === undefined || bound < 0 || bound > INT32_MAX ? undefined : bound;
}

function readPartition(kind: TransformFunction, parts: readonly string[]): Reading {
  const amount = readBound(parts[0] as string);
  if (amount === undefined) return "invalidArgument";
  const wildcards: number[] = [];
  for (let at = 1; at < parts.length; at += 1) {
    const index = parseArgument(parts[at] as string);
    if (index === undefined) return "invalidArgument";
    wildcards.push(index);
  }
  return { kind, text: "", wildcards, amount };
}

function readIndexAndSize(kind: TransformFunction, parts: readonly string[]): Reading {
  if (parts.length < 2) return "notEnoughArguments";
  if (parts.length > 2) return "tooManyArguments";
  const index = parseArgument(parts[0] as string);
  const amount = parseArgument(parts[1] as string);
  if (index === undefined || amount === undefined) return "invalidArgument";
  if (amount > INT32_MAX || amount < INT32_MIN) return "invalidArgument";
  return { kind, text: "", wildcards: [index], amount };
}

function readSplit(kind: TransformFunction, parts: readonly string[]): Reading {
  if (parts.length < 2) return "notEnoughArguments";
  if (parts.length > 2) return "tooManyArguments";
  const index = parseArgument(parts[0] as string);
  const text = parts[1] as string;
  if (index === undefined || text.includes(" ") || text.includes(".")) return "invalidArgument";
  return { kind, text, wildcards: [index], amount: 0 };
}

function readRandom(kind: TransformFunction, parts: readonly string[]): Reading {
  if (parts.length !== 1) return "notEnoughArguments";
  const amount = readBound(parts[0] as string);
  if (amount === undefined) return "invalidArgument";
  return { kind, text: "", wildcards: [], amount };
}

/** In the order in which they are looked for: nested braces can hold more than one call. */
const FUNCTIONS: readonly FunctionGrammar[] = [
  { kind: "wildcard", words: ["wildcard"], read: readWildcard },
  { kind: "partition", words: ["partition"], read: readPartition },
  { kind: "splitFromLeft", words: ["split", "from", "left"], read: readIndexAndSize },
  { kind: "splitFromRight", words: ["split", "from", "right"], read: readIndexAndSize },
  { kind: "sliceFromLeft", words: ["slice", "from", "left"], read: readIndexAndSize },
  { kind: "sliceFromRight", words: ["slice", "from", "right"], read: readIndexAndSize },
  { kind: "right", words: ["right"], read: readIndexAndSize },
  { kind: "left", words: ["left"], read: readIndexAndSize },
  { kind: "split", words: ["split"], read: readSplit },
  { kind: "random", words: ["random"], read: readRandom },
];

/** Index behind the name at `from`, or -1. */
function skipName(token: string, from: number, words: readonly string[]): number {
  let at = from;
  for (const word of words) {
    if (token[at]?.toLowerCase() !== word[0]) return -1;
    if (!token.startsWith(word.slice(1), at + 1)) return -1;
    at += word.length;
  }
  return at;
}

/** Index of the last `)` that only blanks part from `}}`, or -1. */
function lastClose(token: string): number {
  for (let at = token.lastIndexOf(")"); at >= 0; at = token.lastIndexOf(")", at - 1)) {
    if (token.startsWith("}}", skipBlanks(token, at + 1))) return at;
    if (at === 0) break;
  }
  return -1;
}

/** The text between the parentheses of the leftmost call of `words` that ends at `close`. */
function findCall(token: string, words: readonly string[], close: number): string | undefined {
  for (let at = token.indexOf("{{"); at !== -1; at = token.indexOf("{{", at + 1)) {
    const behindName = skipName(token, skipBlanks(token, at + 2), words);
    if (behindName === -1) continue;
    const open = skipBlanks(token, behindName);
    if (token[open] !== "(" || open >= close) continue;
    const inside = token.slice(open + 1, close);
    return inside.includes("\n") ? undefined : inside;
  }
  return undefined;
}

function splitArguments(inside: string): string[] {
  const parts = inside.split(",");
  return parts.map((part, at) => (at === 0 ? part : part.slice(skipBlanks(part, 0))));
}

function literal(text: string): DestinationTokenResult {
  return { ok: true, token: { kind: "literal", text, wildcards: [], amount: 0 } };
}

/** Reads one destination token (SU-40 to SU-47). The error is the full text of SU-50. */
export function parseDestinationToken(token: string): DestinationTokenResult {
  if (token.length > 1 && token.startsWith("$")) {
    const index = parseInteger(token.slice(1));
    // Tokens such as `$SYS` are ordinary text.
    if (index === undefined) return literal(token);
    return { ok: true, token: { kind: "wildcard", text: "", wildcards: [index], amount: 0 } };
  }
  if (!looksLikeFunction(token)) return literal(token);
  const close = lastClose(token);
  for (const { kind, words, read } of FUNCTIONS) {
    const inside = close === -1 ? undefined : findCall(token, words, close);
    if (inside === undefined) continue;
    const reading = read(kind, splitArguments(inside));
    if (typeof reading === "string") return { ok: false, error: mappingError(reading, token) };
    return { ok: true, token: reading };
  }
  return { ok: false, error: mappingError("unknownFunction", token) };
}
