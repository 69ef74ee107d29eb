// Signed texts that end JWTs, as the facts that count: a deletion that an operator key has signed
// for itself (AC-90), or an account JWT that has expired. Any thread; pure. Must stay true: the same
// text is the same proof on every node, whatever that node's clock says.
import { isPublicKey } from "@weft/auth";
import { claimHash } from "./claim-hash.ts";
import type { ClaimReader } from "./claim-reader.ts";
import type { LiveClaim, Proof } from "./claim-set.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

/** Why a text is no proof: "early" = an account JWT that is still good by this clock. */
export type ProofFault = "malformed" | "untrusted" | "early" | "late" | "future";

/** The proof that an expired JWT is. */
export function expiryProof(claim: LiveClaim, graveLifeMs: number): Proof {
  return {
    id: claim.hash,
    keys: [claim.key],
    stamp: claim.stamp,
    dropAfterMs: claim.expires * 1000 + graveLifeMs,
    expired: { ...claim, ties: undefined },
  };
}

/** The accounts of a deletion; undefined = the list is none, or too long. */
export function deletedAccounts(list: unknown): string[] | undefined {
  if (!Array.isArray(list) || list.length > RESOLVER_LIMITS.deletedAccountsMax) return undefined;
  const keys: string[] = [];
  for (const key of list as unknown[]) {
    if (typeof key !== "string" || !isPublicKey(key, "account")) return undefined;
    keys.push(key);
  }
  return [...new Set(keys)];
}

/** Reads a proof. `isOwn`: this node took it before, so keys may have changed since. */
export function proofOf(
  text: string,
  reader: ClaimReader,
  nowMs: number,
  graveLifeMs: number,
  isOwn = false,
): Proof | ProofFault {
  if (text.length > RESOLVER_LIMITS.claimBytesMax) return "malformed";
  const claim = reader.readSigned(text);
  if (!claim.ok) return "malformed";
  if (!isOwn && !reader.isOperatorKey(claim.issuer)) return "untrusted";
  const { subject: key, issuedAt: stamp, expires, jti } = claim;
  if (claim.accounts === undefined) {
    if (!isPublicKey(key, "account") || expires === 0) return "malformed";
    if (!isOwn && expires * 1000 > nowMs) return "early";
    const live = { key, stamp, rank: 0, hash: claimHash(claim.text), expires, jti, shared: true };
    const proof = expiryProof(live, graveLifeMs);
    return proof.dropAfterMs <= nowMs && !isOwn ? "late" : proof;
  }
  const keys = deletedAccounts(claim.accounts);
  if (keys === undefined || claim.issuer !== claim.subject) return "malformed";
  if (stamp * 1000 > nowMs + RESOLVER_LIMITS.futureIssueMsMax) return "future";
  const dropAfterMs = stamp * 1000 + graveLifeMs;
  if (dropAfterMs <= nowMs && !isOwn) return "late";
  return { id: claimHash(claim.text), keys, stamp, dropAfterMs };
}
