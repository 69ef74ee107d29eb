// How much one read of a busy connection takes. Pure; any thread.
// Every read costs a wake-up of its sender and every turn one of each receiver, whatever their size.
// Large reads are therefore cheaper per byte, as long as few connections share the thread and what
// the reads cause stays small: many receivers, or work per message, make a long turn of them.
import { LIMITS } from "@weft/base";

/** Bytes of a read, by step. */
export const READ_SIZES = [LIMITS.readChunkBytes, 2 * LIMITS.readChunkBytes, LIMITS.readBytesMax];
const LAST_STEP = READ_SIZES.length - 1;
/** All full reads of one pass of the loop, where they are larger than the smallest. */
const PASS_BYTES_MAX = 2 * LIMITS.readBytesMax;
/** Where handling takes longer, others have their turn in between, and the next read is smaller. */
const LATE_MS = 3;
/**
 * The next read is twice as large behind one that took less. Small messages take longer: they are bound
 * by what fits into caches and not by wake-ups.
 */
const GROW_BELOW_MS = LATE_MS / 4;
/** Reads below this, that many in a row, make a quiet connection. */
export const QUIET_READ_BYTES = 2_048;
export const QUIET_READS_MIN = 4;

/**
 * The step of a connection's next read, after one of `step` that took `handledMs`; `isFull`: it filled
 * its buffer. At most `stepMax`.
 */
export function nextReadStep(
  step: number,
  stepMax: number,
  isFull: boolean,
  handledMs: number,
): number {
  if (isLate(handledMs)) return Math.min(stepMax, Math.max(0, step - 1));
  return Math.min(stepMax, isFull && handledMs < GROW_BELOW_MS ? step + 1 : step);
}

/** Work that took so long goes on in another pass of the loop. */
export function isLate(tookMs: number): boolean {
  return tookMs > LATE_MS;
}

/**
 * The largest step while a pass has `fullReads` and its last flush took `flushMs`. `bytesMax`: what one
 * turn may put into an outbox at once.
 */
export function largestReadStep(fullReads: number, flushMs: number, bytesMax: number): number {
  if (isLate(flushMs)) return 0;
  const most = Math.min(bytesMax, PASS_BYTES_MAX / Math.max(1, fullReads));
  let step = LAST_STEP;
  while (step > 0 && (READ_SIZES[step] as number) > most) step -= 1;
  return step;
}
