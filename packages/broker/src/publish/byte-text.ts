// Small pieces of bytes: compared with a text, copied. Any thread that publishes; pure.

/** Below this a byte loop beats `Buffer.copy`. */
const LOOP_COPY_BYTES = 96;

/** `text`, one character per byte, stands in `bytes[start, end)`. */
export function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let k = 0; k < text.length; k += 1) {
    if (text.charCodeAt(k) !== bytes[start + k]) return false;
  }
  return true;
}

/** Copies `[start, end)` of `from` to `out` at `at`; returns where the copy ends. */
export function copyBytes(
  from: Buffer,
  start: number,
  end: number,
  out: Buffer,
  at: number,
): number {
  if (end - start < LOOP_COPY_BYTES) {
    for (let k = start; k < end; k += 1) out[at + k - start] = from[k] as number;
  } else {
    from.copy(out, at, start, end);
  }
  return at + end - start;
}
