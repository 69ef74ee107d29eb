// Marked secrets: every credential slot of every configuration and login in the attacks holds one,
// so that one search through everything a server said finds a leak (A71).

/** Contained in every secret and in nothing else. */
export const SECRET_MARK = "cAnArY7f3e";

/** A secret for one slot. */
export function secret(slot: string): string {
  return `${SECRET_MARK}-${slot}`;
}
