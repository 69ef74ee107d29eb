// How much one read of a busy connection takes. Pure; any thread.
// Every read costs a wake-up of its sender and every turn one of each receiver, whatever their size.
// Large reads are therefore cheaper per byte, as long as what they cause stays small: many receivers,
// or work per message, make a long turn of them, and others wait for its end.
import { LIMITS } from "@weft/base";

/** Bytes of a read, by step. */
export const READ_SIZES = [1, 2, 4].map((times) => times * LIMITS.readChunkBytes);
const LAST_STEP = READ_SIZES.length - 1;
/** A full read that was handled within this becomes twice as large ... */
const GROW_BELOW_MS = 0.75;
/** ... and half as large behind one that took more than this. */
const SHRINK_ABOVE_MS = 3;

/** The step of a connection's next read, after a full one of `step` that took `handledMs`. */
export function nextReadStep(step: number, handledMs: number): number {
  if (handledMs < GROW_BELOW_MS) return Math.min(LAST_STEP, step + 1);
  return handledMs > SHRINK_ABOVE_MS ? Math.max(0, step - 1) : step;
}
