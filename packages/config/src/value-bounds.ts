// Bounds of values that a program can give as well as a file, and the words for what is beyond them.
// Control thread; pure. Must stay true: whichever way an option is given, the same values are taken.
import { LIMITS } from "@weft/base";

export const VALUE_BOUNDS = {
  portMax: 65_535,
  /** Most counts and sizes of the reference are 32-bit integers. */
  int32Max: 2 ** 31 - 1,
  subscriptionTokensMax: 255,
  /** More than one thread could count, or accept. */
  addressLimitMax: 1_000_000,
  /** A login that waits for longer for a module holds its connection for nothing. */
  moduleTimeoutMsMax: 60_000,
} as const;

export const SERVER_NAME_RULE = "server name cannot contain spaces";
/** Follows the name of what was given. */
export const WORKERS_RULE = `must be "auto" or a number from 1 to ${LIMITS.workersMax}`;

/** A number of worker threads that can be started. */
export function isWorkersCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= LIMITS.workersMax;
}
