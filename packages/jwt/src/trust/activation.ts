// Activation tokens: the right of one account to import one subject of another (AC-52, AC-54). Any
// thread; pure. What must stay true: a token of another exporter, for another importer, for another
// or wider subject, or of another kind is worth nothing (attack 28).
import { createHash } from "node:crypto";
import { encodeBase32, type SignatureVerifier } from "@weft/auth";
import { subjectIsSubsetMatch } from "@weft/subjects";
import type { ActivationClaims, ImportClaim, RevocationList } from "../claims/claims.ts";
import { decodeTokenOf } from "../decode.ts";
import { Findings, isBlocking } from "../validate/findings.ts";
import { checkImport } from "../validate/validate-imports.ts";
import { checkActivation } from "../validate/validate-user.ts";
import { isRevoked } from "./revocations.ts";
import type { TrustedAccount } from "./trusted-account.ts";

export type ActivationVerdict =
  | { readonly ok: true; readonly claims: ActivationClaims }
  | { readonly ok: false; readonly problem: string };

function refused(problem: string): ActivationVerdict {
  return { ok: false, problem };
}

/**
 * Judges the activation token of an import against the exporting account and the revocations of the
 * export that it falls under.
 */
export function judgeActivation(
  claim: ImportClaim,
  importerKey: string,
  exporter: TrustedAccount,
  revocations: RevocationList,
  nowMs: number,
  verifier: SignatureVerifier,
): ActivationVerdict {
  if (claim.token === "") return refused("activation token required");
  const nowSeconds = Math.floor(nowMs / 1_000);
  const decoded = decodeTokenOf("activation", claim.token, verifier);
  if (!decoded.ok) return refused("activation token invalid");
  const { claims } = decoded;
  const findings = new Findings();
  checkImport(claim, importerKey, verifier, findings);
  checkActivation(claims, nowSeconds, findings);
  if (isBlocking(findings.list, true)) {
    return refused(findings.list.find(({ level }) => level !== "warning")?.text ?? "");
  }
  // In the reference `a.*` is good for `a.>`, which is more.
  const wanted = claim.type === "service" && claim.to !== "" ? claim.to : claim.subject;
  if (!subjectIsSubsetMatch(wanted, claims.nats.importSubject)) {
    return refused("activation is for less than the import");
  }
  if (!isSignedBy(claims, exporter)) return refused("activation issuer unknown");
  if (claims.expiresAtSeconds !== 0 && claims.expiresAtSeconds <= nowSeconds) {
    return refused("activation expired");
  }
  if (isRevoked(revocations, claims.subject, claims.issuedAtSeconds)) {
    return refused("activation revoked");
  }
  return { ok: true, claims };
}

/** Without `issuer_account` the issuer is the account itself, strict or not. */
function isSignedBy(claims: ActivationClaims, exporter: TrustedAccount): boolean {
  const { issuerAccount } = claims.nats;
  if (issuerAccount === "") return claims.issuer === exporter.key;
  return issuerAccount === exporter.key && exporter.signers.has(claims.issuer);
}

const HASH_TEXT_LENGTH = 56;

/** The part of a subject in front of its first wildcard; `_` if nothing is in front of it. */
function literalStart(subject: string): string {
  const tokens = subject.split(".");
  const wild = tokens.findIndex((token) => token === "*" || token === ">");
  if (wild === 0) return "_";
  return wild === -1 ? subject : tokens.slice(0, wild).join(".");
}

/** The name under which tools keep an activation; undefined if something of it is missing. */
export function activationHash(claims: ActivationClaims): string | undefined {
  const { issuer, subject, nats } = claims;
  if (issuer === "" || subject === "" || nats.importSubject === "") return undefined;
  const text = `${issuer}.${subject}.${literalStart(nats.importSubject)}`;
  const hash = encodeBase32(createHash("sha256").update(text).digest());
  return hash.padEnd(HASH_TEXT_LENGTH, "=");
}
