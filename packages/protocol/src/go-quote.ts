// Quoting of untrusted bytes in error texts, in the form that the reference's `%q` gives (CP-90,
// CP-96). Thread: any. What must stay true: the result has no control character and no quote or
// backslash that is not escaped, so that it always stays within one line of the protocol.

import { sequenceBytes } from "./json-object.ts";

/** Letters, marks, numbers, punctuation and symbols: what is shown as it is, besides the space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

const SHORT_ESCAPES: readonly (readonly [number, string])[] = [
  [7, "\\a"],
  [8, "\\b"],
  [9, "\\t"],
  [10, "\\n"],
  [11, "\\v"],
  [12, "\\f"],
  [13, "\\r"],
  [34, '\\"'],
  [92, "\\\\"],
];

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

function quoteCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  for (const [escaped, text] of SHORT_ESCAPES) {
    if (code === escaped) return text;
  }
  if (code === 32 || PRINTABLE.test(character)) return character;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

/** `bytes` in double quotes; what is not valid UTF-8 as `\xNN`. */
export function quoteBytes(bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let out = '"';
  for (let at = 0; at < view.length; ) {
    const length = sequenceBytes(view, at);
    if (length === 0) {
      out += `\\x${hex(view[at]!, 2)}`;
      at++;
    } else {
      out += quoteCharacter(view.toString("utf8", at, at + length));
      at += length;
    }
  }
  return `${out}"`;
}
