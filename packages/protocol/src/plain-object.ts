// The quick way through a JSON object as clients write it: one level, texts of printable ASCII
// without escapes, small integers, true and false. Thread: worker (once per login). What must stay
// true: whatever is accepted here means the same as on the slow way (json-object.ts).
import type { FieldKind, JsonFields } from "./json-object.ts";

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN = 123;
const CLOSE = 125;
/** Printable ASCII without the backslash. */
const PLAIN_TEXT = /^[ -[\]-~]*$/;
const CAPITAL = /[A-Z]/;
/** As JSON has it, with no more digits than are exact. */
const INTEGER = /-?(?:0|[1-9]\d{0,14})(?!\d)/y;
/** V8 copies slices of up to 12 characters; longer ones point into their text. */
const SLICE_COPIED_MAX = 14;

/**
 * Writes the members of a plain object into `into`. False when the text is not a plain object, is
 * no JSON at all, or has a wrong type; some members may have been written then.
 */
export function decodePlain(
  text: string,
  kinds: ReadonlyMap<string, FieldKind>,
  into: JsonFields,
): boolean {
  if (text.charCodeAt(0) !== OPEN || !PLAIN_TEXT.test(text)) return false;
  let at = 1;
  for (;;) {
    if (text.charCodeAt(at) !== QUOTE) return false;
    const nameEnd = text.indexOf('"', at + 1);
    if (nameEnd < 0 || text.charCodeAt(nameEnd + 1) !== COLON) return false;
    const name = text.slice(at + 1, nameEnd);
    const kind = kinds.get(name) ?? unknownKind(name);
    if (kind === undefined) return false;
    at = plainValue(text, nameEnd + 2, kind, name, into);
    if (at < 0) return false;
    const next = text.charCodeAt(at);
    at += 1;
    if (next === CLOSE) return at === text.length;
    if (next !== COMMA) return false;
  }
}

/** A member that is nobody's is skipped, but a name in capitals may fold into one of the shape. */
function unknownKind(name: string): FieldKind | undefined {
  return CAPITAL.test(name) ? undefined : "ignored";
}

/** Position after the value that starts at `at`; -1 when it is not plain or of another kind. */
function plainValue(
  text: string,
  at: number,
  kind: FieldKind,
  name: string,
  into: JsonFields,
): number {
  if (text.charCodeAt(at) === QUOTE) {
    if (kind !== "string" && kind !== "ignored") return -1;
    const end = text.indexOf('"', at + 1) + 1;
    if (end === 0) return -1;
    if (kind === "string") into[name] = plainString(text, at, end);
    return end;
  }
  if (kind === "integer") return plainInteger(text, at, name, into);
  if (kind !== "boolean" && kind !== "ignored") return -1;
  const isTrue = text.startsWith("true", at);
  if (!isTrue && !text.startsWith("false", at)) return -1;
  if (kind === "boolean") into[name] = isTrue;
  return isTrue ? at + 4 : at + 5;
}

/** The string between the quotes. A longer slice would keep the whole document in memory. */
function plainString(text: string, at: number, end: number): string {
  if (end - at <= SLICE_COPIED_MAX) return text.slice(at + 1, end - 1);
  return JSON.parse(text.slice(at, end)) as string;
}

function plainInteger(text: string, at: number, name: string, into: JsonFields): number {
  INTEGER.lastIndex = at;
  if (!INTEGER.test(text)) return -1;
  const end = INTEGER.lastIndex;
  // There is no negative zero, as on the slow way.
  into[name] = Number(text.slice(at, end)) + 0;
  return end;
}
