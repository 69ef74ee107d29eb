// What monitoring shows of an account's token (MO-25, AC-56). Control thread; pure. Must stay true: the
// token's signature is not among it.
import type { SignatureVerifier } from "@weft/auth";
import { claimsToJson, validateClaims } from "@weft/jwt";
import type { BrokenImport, LoadedAccount } from "./operator-accounts.ts";

export interface AccountDocument {
  readonly updatedMs: number;
  readonly isExpired: boolean;
  /** Everything that the token asks for works. */
  readonly isComplete: boolean;
  /** What does not, for people. */
  readonly problems: readonly string[];
  readonly brokenImports: readonly BrokenImport[];
  /** Header and claims; "" = there is no token yet. */
  readonly token: string;
  readonly issuerKey: string;
  readonly nameTag: string;
  readonly tags: readonly string[];
  /** The claims as JSON; "" = there are none. */
  readonly claimsJson: string;
  readonly findings: readonly {
    readonly text: string;
    readonly isBlocking: boolean;
    readonly isAboutTime: boolean;
  }[];
  /** Unix seconds by user key. */
  readonly revokedUsers: ReadonlyMap<string, number>;
}

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
