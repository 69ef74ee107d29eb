// JSON as Go's encoding/json writes it: the claim hash is over such text, so that every byte counts.
// Any thread; pure.
import { JsonNumber, type JsonValue } from "./json-reader.ts";

/** Characters that Go escapes beside quotes, backslashes and controls. */
const ESCAPED = /["\\\u0000-\u001f<>&\u2028\u2029]/g;
/** These, and halves of surrogate pairs: a text without any of them is written as it is. */
const UNLIKE = /["\\\u0000-\u001f<>&\u2028\u2029\ud800-\udfff]/;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function escapeOne(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * A string with its quotes. Half a surrogate pair becomes U+FFFD. Throws for what is no string, whatever
 * its type says: code in JavaScript makes claims, too, and a right of "undefined" would be signed.
 */
export function writeString(text: string): string {
  if (typeof text === "string" && !UNLIKE.test(text)) return `"${text}"`;
  return `"${text.toWellFormed().replace(ESCAPED, escapeOne)}"`;
}

/** Byte order of the UTF-8 forms, in which Go sorts. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return Buffer.compare(Buffer.from(left, "utf8"), Buffer.from(right, "utf8"));
}

/** One member of an object, of a written value. */
export function writeMember(name: string, value: string): string {
  return `${writeString(name)}:${value}`;
}

/** An object from its written members. */
export function writeObject(members: readonly string[]): string {
  return `{${members.join(",")}}`;
}

/** Any value; members in the order of their names, numbers as they were written. */
export function writeJson(value: JsonValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeString(value);
  if (value instanceof JsonNumber) return value.text;
  if (value instanceof Map) {
    const names = [...value.keys()].sort(compareText);
    return writeObject(
      names.map((name) => writeMember(name, writeJson(value.get(name) as JsonValue))),
    );
  }
  return `[${(value as readonly JsonValue[]).map(writeJson).join(",")}]`;
}
