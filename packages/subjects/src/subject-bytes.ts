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
