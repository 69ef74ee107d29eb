// What monitoring shows of an account's token (MO-25, AC-56). Control thread; pure. Must stay true: the
// token's signature is not among it.
import type { AccountDocument } from "@weft/accounts";
import type { SignatureVerifier } from "@weft/auth";
import { claimsToJson, validateClaims } from "@weft/jwt";
import type { LoadedAccount } from "./operator-accounts.ts";

export function accountDocument(
  { trusted, text, updatedMs, isExpired, problems, brokenImports }: LoadedAccount,
  nowMs: number,
  verifier: SignatureVerifier,
): AccountDocument {
  const { key, claims } = trusted;
  const findings = validateClaims(claims, Math.floor(nowMs / 1_000), verifier);
  return {
    updatedMs,
    isExpired,
    isComplete: problems.length === 0,
    problems,
    brokenImports,
    token: text.slice(0, text.lastIndexOf(".") + 1),
    issuerKey: claims.issuer,
    nameTag: claims.name || key,
    tags: claims.tags,
    claimsJson: text === "" ? "" : claimsToJson(claims),
    findings: findings.map(({ level, text: said }) => ({
      text: said,
      isBlocking: level === "error",
      isAboutTime: level === "time",
    })),
    revokedUsers: claims.nats.revocations,
  };
}
