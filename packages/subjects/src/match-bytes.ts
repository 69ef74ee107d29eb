// The matching rules for one filter and one subject in a buffer, without a string made. Any thread;
// pure. For valid filters; tested against match.ts.

const DOT = 0x2e;
const STAR = 0x2a;
const FULL = 0x3e;

/**
 * True if a message published to `input[start, end)` reaches a subscription to `filter`, a valid
 * filter with one character per byte (SU-01, SU-02, SU-03). Wildcards in the subject are text.
 */
export function matchesBytes(
  filter: string,
  input: Uint8Array,
  start: number,
  end: number,
): boolean {
  let at = start;
  let place = 0;
  const { length } = filter;
  if (start >= end || input[end - 1] === DOT) return false;
  // Each pass begins at the first character of a token of both.
  while (place < length) {
    if (at >= end || input[at] === DOT) return false;
    const first = filter.charCodeAt(place);
    const isLone = place + 1 === length || filter.charCodeAt(place + 1) === DOT;
    if (isLone && first === FULL) return hasNoEmptyToken(input, at, end);
    if (isLone && first === STAR) {
      while (at < end && input[at] !== DOT) at += 1;
      place += 1;
    } else {
      for (; place < length; place += 1, at += 1) {
        const wanted = filter.charCodeAt(place);
        if (wanted === DOT) break;
        if (at >= end || input[at] !== wanted) return false;
      }
    }
    if (place === length) return at === end;
    if (at >= end || input[at] !== DOT) return false;
    at += 1;
    place += 1;
  }
  return false;
}

function hasNoEmptyToken(input: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if (input[at] === DOT && (at + 1 === end || input[at + 1] === DOT)) return false;
  }
  return true;
}
