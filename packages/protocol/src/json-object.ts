// Decodes a JSON object into named, typed fields the way the reference's JSON library does: member
// names match in any case, unknown members are skipped, the last of equal members wins, null
// changes nothing, and one wrong type anywhere refuses the whole. Thread: worker (once per login).
// What must stay true: attacker-named keys never become property names (only names of the given
// shape are written); time and memory are linear in the text; nesting needs no call stack.

/** What a member may hold. `list` is an array of strings, `ignored` any value. */
export type FieldKind = "boolean" | "string" | "integer" | "list" | "ignored" | JsonShape;

/** Lower-case member name to kind. A nested shape stands for an object. */
export interface JsonShape {
  readonly [name: string]: FieldKind;
}

/** A decoded object: only members of the shape, in the types of the shape. */
export interface JsonFields {
  [name: string]: boolean | string | number | readonly string[] | JsonFields | null;
}

/** Nesting that is still decoded (the reference's bound). */
const NESTING_MAX = 10_000;

/** Position of the first byte that is not JSON white space. */
function skipBlanks(text: string, at: number): number {
  for (let i = at; ; i++) {
    const code = text.charCodeAt(i);
    if (code !== 32 && code !== 9 && code !== 10 && code !== 13) return i;
  }
}

/** Position after the string that starts at `at`. The text is known to be valid JSON. */
function skipString(text: string, at: number): number {
  for (let i = at + 1; ; i++) {
    const code = text.charCodeAt(i);
    if (code === 92) i++;
    else if (code === 34) return i + 1;
  }
}

/** Position after the value that starts at `at`, or -1 when it nests too deep. Valid JSON only. */
export function skipValue(text: string, at: number): number {
  let depth = 0;
  let i = at;
  do {
    const code = text.charCodeAt(i);
    if (code === 34) {
      i = skipString(text, i);
      continue;
    }
    if (code === 123 || code === 91) {
      if (++depth > NESTING_MAX) return -1;
    } else if (code === 125 || code === 93) {
      depth--;
    } else if (depth === 0) {
      return skipScalar(text, i);
    }
    i++;
  } while (depth > 0);
  return i;
}

/** Position after a number or literal. */
function skipScalar(text: string, at: number): number {
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // , ] } and white space
    if (code === 44 || code === 93 || code === 125 || code <= 32) return i;
  }
  return text.length;
}

/** Folds a member name as the reference does: ASCII, and the two letters that fold into ASCII. */
export function foldName(name: string): string {
  return name
    .replace(/\u017f/g, "s")
    .replace(/\u212a/g, "k")
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The value of a JSON string literal; lone surrogates become U+FFFD. */
export function decodeString(literal: string): string {
  return (JSON.parse(literal) as string).toWellFormed();
}

/** Reads the string literals of an array; undefined when an element is of another type. */
function decodeList(text: string): readonly string[] | undefined {
  const values: unknown = JSON.parse(text);
  if (!Array.isArray(values)) return undefined;
  const list: string[] = [];
  for (const value of values as readonly unknown[]) {
    if (value === null) list.push("");
    else if (typeof value === "string") list.push(value.toWellFormed());
    else return undefined;
  }
  return list;
}

/** Stores one value; false when its type is wrong. */
function decodeValue(kind: FieldKind, literal: string, name: string, into: JsonFields): boolean {
  if (kind === "ignored") return true;
  if (literal === "null") {
    // Scalars keep their value; pointers and lists become empty.
    if (typeof kind === "object" || kind === "list") into[name] = null;
    return true;
  }
  const first = literal.charCodeAt(0);
  if (kind === "boolean") {
    if (literal !== "true" && literal !== "false") return false;
    into[name] = literal === "true";
    return true;
  }
  if (kind === "string") {
    if (first !== 34) return false;
    into[name] = decodeString(literal);
    return true;
  }
  if (kind === "integer") {
    return decodeInteger(literal, name, into);
  }
  if (kind === "list") {
    const list = first === 91 ? decodeList(literal) : undefined;
    if (list === undefined) return false;
    into[name] = list;
    return true;
  }
  const before = into[name];
  const nested = typeof before === "object" && before !== null && !isList(before) ? before : {};
  into[name] = nested;
  return decodeMembers(literal, kind, nested);
}

/** A 64-bit integer without fraction or exponent. */
function decodeInteger(literal: string, name: string, into: JsonFields): boolean {
  if (!/^-?\d{1,19}$/.test(literal)) return false;
  const value = BigInt(literal);
  if (BigInt.asIntN(64, value) !== value) return false;
  into[name] = Number(value);
  return true;
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}

/** Walks the members of an object in valid JSON. False when a type is wrong. */
function decodeMembers(text: string, shape: JsonShape, into: JsonFields): boolean {
  let at = skipBlanks(text, 0);
  if (text.charCodeAt(at) !== 123) return false;
  at = skipBlanks(text, at + 1);
  while (text.charCodeAt(at) !== 125) {
    const nameEnd = skipString(text, at);
    const name = foldName(decodeString(text.slice(at, nameEnd)));
    const valueStart = skipBlanks(text, skipBlanks(text, nameEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    if (valueEnd < 0) return false;
    const kind = Object.hasOwn(shape, name) ? shape[name]! : "ignored";
    if (!decodeValue(kind, text.slice(valueStart, valueEnd), name, into)) return false;
    at = skipBlanks(text, valueEnd);
    if (text.charCodeAt(at) === 44) at = skipBlanks(text, at + 1);
  }
  return true;
}

/** True when `text` is valid JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Outcome of {@link decodeObject}. */
export type JsonVerdict = "decoded" | "not-json" | "wrong-type";

/**
 * Decodes `text` into `into`, which holds earlier values or is empty; `null` is accepted and
 * changes nothing. What is not an object, or nested too deep, is of a wrong type.
 */
export function decodeObject(text: string, shape: JsonShape, into: JsonFields): JsonVerdict {
  if (!isJson(text)) return "not-json";
  if (text.trim() === "null") return "decoded";
  return decodeMembers(text, shape, into) ? "decoded" : "wrong-type";
}

/**
 * Decodes UTF-8 as the reference does: every byte that belongs to no valid sequence becomes one
 * U+FFFD. (The platform's decoder joins the bytes of a truncated sequence into one.)
 */
export function decodeUtf8(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (!text.includes("\ufffd")) return text;
  let out = "";
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceBytes(bytes, at);
    out += length === 0 ? "\ufffd" : bytes.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return out;
}

/** Bytes of the valid UTF-8 sequence at `at`, or 0. */
export function sequenceBytes(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  // Overlong forms, surrogates and code points above U+10FFFF.
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  for (let i = 1; i < length; i++) {
    if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  }
  return length;
}
