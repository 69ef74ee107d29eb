// Revocations of users and activations (AN-49, AC-54). Any thread; pure.
import type { RevocationList } from "../claims/claims.ts";

/** Stands for everybody. */
export const EVERYBODY = "*";

/** True if what was issued at `issuedAtSeconds` for `key` is revoked: the second itself counts. */
export function isRevoked(
  revocations: RevocationList,
  key: string,
  issuedAtSeconds: number,
): boolean {
  const own = revocations.get(key);
  if (own !== undefined && own >= issuedAtSeconds) return true;
  const all = revocations.get(EVERYBODY);
  return all !== undefined && all >= issuedAtSeconds;
}

/** The list with one more entry; a later time that is known for the key stays. */
export function revoke(
  revocations: RevocationList,
  key: string,
  atSeconds: number,
): RevocationList {
  const known = revocations.get(key);
  if (known !== undefined && known > atSeconds) return revocations;
  return new Map(revocations).set(key, atSeconds);
}
