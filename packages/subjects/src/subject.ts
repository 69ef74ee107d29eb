// Validity and set relations of subjects and filters as strings. Any thread; pure.
// A subject string holds one character per byte of the wire (latin1 view), so that lengths, cuts
// and hashes agree with other servers; text from configurations goes through `subjectFromText`.
import { LIMITS } from "@weft/base";

const ASCII = /^[\0-\x7f]*$/;

/** The byte view of a text: one character (0 to 255) per byte of its UTF-8 form. */
export function subjectFromText(text: string): string {
  if (ASCII.test(text)) return text;
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The readable text of a subject; bytes that are not UTF-8 become U+FFFD. */
export function subjectToText(subject: string): string {
  return Buffer.from(subject, "latin1").toString("utf8");
}

const DOT = 0x2e;
const STAR = 0x2a;
const GREATER = 0x3e;

/** Tab, LF, FF, CR and space cannot be part of a subject (SU-01). Other controls can. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0c || code === 0x0d;
}

/** One pass over all tokens; `blanksAllowed` and `wildcardsAllowed` make the rules. */
function isWellFormed(subject: string, blanksAllowed: boolean, wildcardsAllowed: boolean): boolean {
  let tokenStart = 0;
  let tailSeen = false;
  for (let at = 0; at <= subject.length; at += 1) {
    const code = at === subject.length ? DOT : subject.charCodeAt(at);
    if (code !== DOT) {
      if (!blanksAllowed && isBlank(code)) return false;
      continue;
    }
    if (at === tokenStart || tailSeen) return false;
    if (at === tokenStart + 1) {
      const only = subject.charCodeAt(tokenStart);
      if (!wildcardsAllowed && (only === STAR || only === GREATER)) return false;
      tailSeen = only === GREATER;
    }
    tokenStart = at + 1;
  }
  return true;
}

/** SU-01, SU-03. A subject or filter: no empty token, `>` only last, no blank characters. */
export function isValidSubject(subject: string): boolean {
  return isWellFormed(subject, false, true);
}

/** A publish subject of a pedantic client: no empty token, no wildcard token. Blanks pass. */
export function isValidLiteralSubject(subject: string): boolean {
  return isWellFormed(subject, true, false);
}

/** {@link isValidSubject}, without wildcards, and short enough for a frame between threads. */
export function isValidPublishSubject(subject: string): boolean {
  return subject.length <= LIMITS.subjectBytesMax && isWellFormed(subject, false, false);
}

/** SU-04. What a SUB may ask for: no empty token, `>` only last. */
export function isValidFilterForSubscribe(filter: string): boolean {
  return isWellFormed(filter, true, true);
}

/** Number of tokens; 0 for the empty subject. */
export function tokenCount(subject: string): number {
  if (subject.length === 0) return 0;
  let count = 1;
  for (let at = subject.indexOf("."); at !== -1; at = subject.indexOf(".", at + 1)) count += 1;
  return count;
}

/** What is shown of a subject that is too long to be shown. */
const SHOWN_MAX = 40;

/**
 * Why no message can be on a subject as long as `text`, and none can match it as a filter; undefined if
 * some can. Whoever keeps subjects of others asks: a token takes some 80 bytes of a trie.
 */
export function subjectSizeFault(text: string): string | undefined {
  if (text.length < LIMITS.subjectTokensMax) return undefined;
  const bytes = Buffer.byteLength(text, "utf8");
  const count = tokenCount(text);
  const { subjectBytesMax, subjectTokensMax } = LIMITS;
  if (bytes <= subjectBytesMax && count <= subjectTokensMax) return undefined;
  const [has, max, what] =
    count > subjectTokensMax
      ? [count, subjectTokensMax, "tokens"]
      : [bytes, subjectBytesMax, "bytes"];
  const start = JSON.stringify(text.slice(0, SHOWN_MAX));
  return `subject that begins with ${start} has ${has} ${what}, at most ${max} are possible`;
}

/** True if a whole token is `*` or `>`; validity is not checked. */
export function subjectHasWildcard(subject: string): boolean {
  for (let at = 0; at < subject.length; at += 1) {
    const code = subject.charCodeAt(at);
    if (code !== STAR && code !== GREATER) continue;
    const opens = at === 0 || subject.charCodeAt(at - 1) === DOT;
    const closes = at + 1 === subject.length || subject.charCodeAt(at + 1) === DOT;
    if (opens && closes) return true;
  }
  return false;
}

/** {@link subjectIsSubsetMatch} over tokens. */
export function tokensAreSubset(subset: readonly string[], filter: readonly string[]): boolean {
  for (let at = 0; at < filter.length; at += 1) {
    const wanted = filter[at] as string;
    const token = subset[at];
    if (token === undefined || wanted === "") return false;
    if (wanted === ">") return true;
    if (token === "" || token === ">") return false;
    if (wanted !== "*" && wanted !== token) return false;
  }
  return subset.length === filter.length;
}

/**
 * True if every subject that matches `subset` (a subject or filter) also matches `filter`. SU-02:
 * only a whole token `*` is a wildcard, `*foo` is literal.
 */
export function subjectIsSubsetMatch(subset: string, filter: string): boolean {
  return tokensAreSubset(subset.split("."), filter.split("."));
}

/** Where the token that begins at `start` ends. */
function tokenEnd(text: string, start: number): number {
  const dot = text.indexOf(".", start);
  return dot < 0 ? text.length : dot;
}

/**
 * True if some literal subject matches both of two valid filters. Ends at the first token that
 * differs: one of the two may come from anybody, and be long.
 */
export function subjectsCollide(left: string, right: string): boolean {
  if (left === right) return true;
  let at = 0;
  let from = 0;
  for (;;) {
    const end = tokenEnd(left, at);
    const to = tokenEnd(right, from);
    const a = left.slice(at, end);
    const b = right.slice(from, to);
    if (a === "" || b === "") return false;
    if (a === ">" || b === ">") return true;
    if (a !== "*" && b !== "*" && a !== b) return false;
    if (end === left.length || to === right.length) {
      return end === left.length && to === right.length;
    }
    at = end + 1;
    from = to + 1;
  }
}
