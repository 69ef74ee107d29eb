// The sizes in front of a body that the broker wrote anew, as the control line has them. Owned by the
// worker's core.

const SPACE = 0x20;
const DIGIT_0 = 0x30;
const CR = 0x0d;
const LF = 0x0a;

/** Writes `<#header> <#total> CRLF` so that it ends at `end`; returns where it starts. */
export function writeSizes(
  out: Buffer,
  end: number,
  headerBytes: number,
  totalBytes: number,
): number {
  out[end - 1] = LF;
  out[end - 2] = CR;
  const space = writeNumber(out, end - 2, totalBytes) - 1;
  out[space] = SPACE;
  return writeNumber(out, space, headerBytes);
}

/** Decimal digits that end at `end`; returns where they start. */
function writeNumber(out: Buffer, end: number, number: number): number {
  let rest = number;
  let at = end;
  do {
    const next = Math.floor(rest / 10);
    at -= 1;
    out[at] = DIGIT_0 + rest - next * 10;
    rest = next;
  } while (rest > 0);
  return at;
}
