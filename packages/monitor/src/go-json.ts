// Values as JSON text in the reference's form: indented, maps in byte order of their keys, "<", ">",
// "&" and the Unicode line separators escaped (MO-03). Thread: any. Must stay true: what is put
// together from chunks is what one piece would have been.

/** A value of a page. Undefined fields are left out; a Map is written sorted by key. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly JsonValue[]
  | ReadonlyMap<string, JsonValue>
  | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Chunks are handed out at about this many characters. */
const CHUNK_CHARACTERS = 32 * 1024;

/** Nothing in it is escaped. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;
const ESCAPED = /[<>&\u2028\u2029]/;
const ESCAPED_ALL = /[<>&\u2028\u2029]/g;

/** `indent`: one level, such as two spaces; empty = all in one line. */
export function encodeJson(value: JsonValue, indent = "  "): string {
  return encode(value, indent, indent === "" ? "" : "\n");
}

/** The same in pieces: long lists in the fields of `value` are encoded as they are asked for. */
export function* jsonChunks(value: JsonObject, indent = "  "): Generator<string, void> {
  const line = indent === "" ? "" : `\n${indent}`;
  let text = "{";
  let separator = "";
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    text += `${separator}${line}${quote(key)}:${indent === "" ? "" : " "}`;
    separator = ",";
    if (!Array.isArray(field) || field.length === 0) {
      text += encode(field, indent, line);
      continue;
    }
    const itemLine = line === "" ? "" : line + indent;
    for (let at = 0; at < field.length; at += 1) {
      text += `${at === 0 ? "[" : ","}${itemLine}${encode(field[at] as JsonValue, indent, itemLine)}`;
      if (text.length < CHUNK_CHARACTERS) continue;
      yield text;
      text = "";
    }
    text += `${line}]`;
  }
  yield separator === "" ? "{}" : `${text}${indent === "" ? "" : "\n"}}`;
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
  value: readonly JsonValue[] | ReadonlyMap<string, JsonValue> | JsonObject,
  indent: string,
  line: string,
): string {
  const inner = line === "" ? "" : line + indent;
  if (isList(value)) {
    if (value.length === 0) return "[]";
    const items = value.map((item) => inner + encode(item, indent, inner));
    return `[${items.join(",")}${line}]`;
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
  return quoted.replace(
    ESCAPED_ALL,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
