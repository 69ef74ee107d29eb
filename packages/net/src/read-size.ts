// How much one read of a busy connection takes. Pure; any thread.
// Every read costs a wake-up of its sender and every turn one of each receiver, whatever their size.
// Large reads are therefore cheaper per byte, as long as few connections share the thread and what
// the reads cause stays small: many receivers, or work per message, make a long turn of them.
import { LIMITS } from "@weft/base";

/** Bytes of a read, by step. */
export const READ_SIZES = [LIMITS.readChunkBytes, 2 * LIMITS.readChunkBytes, LIMITS.readBytesMax];
const LAST_STEP = READ_SIZES.length - 1;
/** Reads of a chunk and more, all of one pass of the loop; above it they become smaller. */
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
 * The largest step behind a pass whose reads of a chunk and more came to `bytesInPass`, with a deferred
 * flush of `flushMs`, where it was `stepMax` before. `turnBytesMax`: of one read.
 */
export function largestReadStep(
  stepMax: number,
  bytesInPass: number,
  flushMs: number,
  turnBytesMax: number,
): number {
  if (isLate(flushMs)) return 0;
  if (bytesInPass > PASS_BYTES_MAX) return Math.max(0, stepMax - 1);
  // Not so that the next pass would be above it.
  const isRoom = 2 * bytesInPass <= PASS_BYTES_MAX;
  let step = Math.min(LAST_STEP, isRoom ? stepMax + 1 : stepMax);
  while (step > 0 && (READ_SIZES[step] as number) > turnBytesMax) step -= 1;
  return step;
}
