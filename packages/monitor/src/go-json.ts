// Values as JSON text in the reference's form: indented, maps in byte order of their keys, "<", ">",
// "&" and the Unicode line separators escaped (MO-03). Thread: any. Must stay true: what is put
// together from chunks is what one piece would have been.
import { EncodedItems } from "./encoded-items.ts";

/** A value of a page. Undefined fields are left out; a Map is written sorted by key. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly JsonValue[]
  | ReadonlyMap<string, JsonValue>
  | EncodedItems
  | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Chunks are handed out at about this many characters. */
export const CHUNK_CHARACTERS = 32 * 1024;
/** A list of plain items up to this length is encoded in one go. */
const ITEMS_AT_ONCE = 256;

/** Nothing in it is escaped. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;
const ESCAPED = /[<>&\u2028\u2029]/;
/** The same: in a long text each is found faster by itself. */
const SPECIAL = ["<", ">", "&", "\u2028", "\u2029"];
const ESCAPED_ALL = /[<>&\u2028\u2029]/g;

/** `indent`: one level, such as two spaces; empty = all in one line. */
export function encodeJson(value: JsonValue, indent = "  "): string {
  return encode(value, indent, indent === "" ? "" : "\n");
}

/**
 * The same in pieces: long lists are encoded as they are asked for, also those of items. Bytes where
 * a list was encoded before.
 */
export function* jsonChunks(value: JsonObject, indent = "  "): Generator<string | Buffer, void> {
  let text = "";
  for (const part of parts(value, indent, indent === "" ? "" : "\n")) {
    if (typeof part === "string") text += part;
    if (text !== "" && (typeof part !== "string" || text.length >= CHUNK_CHARACTERS)) {
      yield text;
      text = "";
    }
    if (typeof part !== "string") yield part;
  }
  if (text !== "") yield text;
}

/** An item of a list, in more than one part where it has long lists itself. */
export function itemParts(item: JsonValue, indent: string, line: string): Iterable<string> {
  // There are no encoded items within items.
  if (holdsLongList(item)) return parts(item, indent, line) as Iterable<string>;
  return [encode(item, indent, line)];
}

/**
 * Items of a list that is a field of the page, with their commas and lines. They hold texts, finite
 * numbers, booleans and plain objects of these alone: the language's own writer does them, which takes
 * half of the time.
 */
export function encodePlainItems(items: readonly JsonObject[], indent: string): string {
  const whole = JSON.stringify({ "": items }, null, indent);
  const [head, tail] =
    indent === "" ? [5, 2] : [`{\n${indent}"": [`.length, `\n${indent}]\n}`.length];
  const text = whole.slice(head, -tail);
  // A lone half of a character pair, as it is written there.
  if (text.includes("\\ud")) {
    const line = indent === "" ? "" : `\n${indent}${indent}`;
    return items.map((item) => line + encode(item, indent, line)).join(",");
  }
  return SPECIAL.some((character) => text.includes(character))
    ? text.replace(ESCAPED_ALL, escaped)
    : text;
}

/** Fields one by one, and items of lists one by one. */
function* parts(value: JsonObject, indent: string, line: string): Generator<string | Buffer, void> {
  const inner = line === "" ? "" : line + indent;
  const itemLine = inner === "" ? "" : inner + indent;
  const colon = indent === "" ? ":" : ": ";
  let opening = "{";
  for (const key in value) {
    const field = value[key];
    if (field === undefined) continue;
    yield `${opening}${inner}${fieldName(key)}${colon}`;
    opening = ",";
    if (field instanceof EncodedItems && field.count > 0) {
      yield "[";
      yield* field.pieces;
      yield `${inner}]`;
      continue;
    }
    if (!isTakenApart(field)) {
      yield encode(field, indent, inner);
      continue;
    }
    for (let at = 0; at < field.length; at += 1) {
      const item = field[at] as JsonValue;
      yield `${at === 0 ? "[" : ","}${itemLine}`;
      yield* itemParts(item, indent, itemLine);
    }
    yield `${inner}]`;
  }
  yield opening === "{" ? "{}" : `${line}}`;
}

function isTakenApart(field: JsonValue): field is readonly JsonValue[] {
  if (!Array.isArray(field) || field.length === 0) return false;
  return field.length > ITEMS_AT_ONCE || typeof field[0] === "object";
}

/** Connections with all their subscriptions, for one. */
function holdsLongList(item: JsonValue): item is JsonObject {
  if (typeof item !== "object" || item === null || isList(item) || isMap(item)) return false;
  if (item instanceof EncodedItems) return false;
  for (const key in item) {
    const field = item[key];
    if (Array.isArray(field) && field.length > ITEMS_AT_ONCE) return true;
  }
  return false;
}

/** `line`: line end and indentation of the level that `value` stands on. */
function encode(value: JsonValue, indent: string, line: string): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "object":
      return value === null ? "null" : encodeComposite(value, indent, line);
    case "number":
      return Number.isFinite(value) ? String(value) : "0";
    default:
      return String(value);
  }
}

function encodeComposite(
  value: readonly JsonValue[] | ReadonlyMap<string, JsonValue> | EncodedItems | JsonObject,
  indent: string,
  line: string,
): string {
  const inner = line === "" ? "" : line + indent;
  if (isList(value)) {
    if (value.length === 0) return "[]";
    const items = value.map((item) => inner + encode(item, indent, inner));
    return `[${items.join(",")}${line}]`;
  }
  if (value instanceof EncodedItems) {
    return value.count === 0 ? "[]" : `[${value.pieces.join("")}${line}]`;
  }
  const colon = indent === "" ? ":" : ": ";
  let text = "";
  if (isMap(value)) {
    for (const [key, field] of sorted(value)) {
      text += `${text === "" ? "{" : ","}${inner}${quote(key)}${colon}`;
      text += encode(field, indent, inner);
    }
    return text === "" ? "{}" : `${text}${line}}`;
  }
  // Ten thousand connections have a quarter of a million fields: no lists of entries here.
  for (const key in value) {
    const field = value[key];
    if (field === undefined) continue;
    text += `${text === "" ? "{" : ","}${inner}${fieldName(key)}${colon}`;
    text += encode(field, indent, inner);
  }
  return text === "" ? "{}" : `${text}${line}}`;
}

function isMap(value: object): value is ReadonlyMap<string, JsonValue> {
  return value instanceof Map;
}

/** Names of fields in quotes. They are those of the pages, so there are few. */
const FIELD_NAMES = new Map<string, string>();

function fieldName(key: string): string {
  let name = FIELD_NAMES.get(key);
  if (name === undefined) {
    name = quote(key);
    FIELD_NAMES.set(key, name);
  }
  return name;
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function sorted(map: ReadonlyMap<string, JsonValue>): [string, JsonValue][] {
  return [...map].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const quoted = JSON.stringify(text.toWellFormed());
  if (!ESCAPED.test(quoted)) return quoted;
  return quoted.replace(ESCAPED_ALL, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
