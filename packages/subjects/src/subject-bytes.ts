// Validity of subjects in place in the bytes of a protocol line: worker threads, per message, so
// no strings and no objects. Must agree with the string forms in `subject.ts` (property test).

const DOT = 0x2e;
const STAR = 0x2a;
const GREATER = 0x3e;

/** SU-04 for the bytes `[start, end)`: no empty token, `>` only as the last token. */
export function isValidFilterForSubscribeBytes(
  input: Uint8Array,
  start: number,
  end: number,
): boolean {
  let tokenStart = start;
  for (let at = start; at < end; at += 1) {
    if (input[at] !== DOT) continue;
    if (at === tokenStart) return false;
    if (at === tokenStart + 1 && input[tokenStart] === GREATER) return false;
    tokenStart = at + 1;
  }
  return tokenStart < end;
}

/** SU-01 for the bytes `[start, end)`: as above, and no tab, LF, FF, CR or space. */
export function isValidSubjectBytes(input: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = input[at] as number;
    if (byte > 0x20) continue;
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0c || byte === 0x0d) {
      return false;
    }
  }
  return isValidFilterForSubscribeBytes(input, start, end);
}

/** Publish subject of a pedantic client in `[start, end)`: no empty token, no wildcard token. */
export function isValidLiteralSubjectBytes(input: Uint8Array, start: number, end: number): boolean {
  let tokenStart = start;
  for (let at = start; at <= end; at += 1) {
    if (at < end && input[at] !== DOT) continue;
    if (at === tokenStart) return false;
    if (at === tokenStart + 1) {
      const only = input[tokenStart];
      if (only === STAR || only === GREATER) return false;
    }
    tokenStart = at + 1;
  }
  return true;
}

/** Number of tokens in `[start, end)`; 0 when it is empty. */
export function tokenCountBytes(input: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  let count = 1;
  for (let at = start; at < end; at += 1) {
    if (input[at] === DOT) count += 1;
  }
  return count;
}
