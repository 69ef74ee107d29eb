// A header block as mail and web read one (RFC 822), for headers of other systems' making: keys in
// canonical case, values with their continuation lines. Worker, off the plain path of a message. What
// must stay true: blocks are untrusted; one wrong line makes all of them unreadable, as in the
// reference.
import { trimBlanks } from "./trim-blanks.ts";

const COLON = ":";
/** What a key may consist of (RFC 7230, token). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TOKEN_OR_BLANK = /^[ !#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** `x-b3-traceid` is `X-B3-Traceid`. */
export function canonicalKey(key: string): string {
  if (!TOKEN.test(key)) return key;
  return key.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/**
 * All headers of a block by canonical key, values in order, as byte strings. Undefined if the block
 * breaks a rule: a line without a colon, a key that is no word, control characters, no end.
 */
export function readMimeHeaders(block: Buffer): ReadonlyMap<string, readonly string[]> | undefined {
  const lines = block.toString("latin1").split(/\r?\n/);
  // The status line, and what stands behind the last line end.
  lines.shift();
  lines.pop();
  const headers = new Map<string, string[]>();
  let at = 0;
  while (at < lines.length) {
    let line = trimBlanks(lines[at] as string);
    if (lines[at] === "") return headers;
    if (isContinued(lines[at] as string)) return undefined;
    at += 1;
    while (at < lines.length && isContinued(lines[at] as string)) {
      line += ` ${trimBlanks(lines[at] as string)}`;
      at += 1;
    }
    const colon = line.indexOf(COLON);
    if (colon <= 0) return undefined;
    const key = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^[ \t]+/, "");
    if (!TOKEN_OR_BLANK.test(key) || CONTROL.test(value)) return undefined;
    const name = canonicalKey(key);
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return undefined;
}

function isContinued(line: string): boolean {
  return line.startsWith(" ") || line.startsWith("\t");
}
