// Activation tokens: the right of one account to import one subject of another (AC-52, AC-54). Any
// thread; pure. What must stay true: a token of another exporter, for another importer, for another
// or wider subject, or of another kind is worth nothing (attack 28).
import { createHash } from "node:crypto";
import { encodeBase32, type SignatureVerifier } from "@weft/auth";
import { subjectIsSubsetMatch } from "@weft/subjects";
import type { ActivationClaims, ImportClaim, RevocationList } from "../claims/claims.ts";
import { decodeActivation } from "../decode-activation.ts";
import { Findings, isBlocking } from "../validate/findings.ts";
import { checkImport } from "../validate/validate-imports.ts";
import { checkActivation, checkTimes } from "../validate/validate-user.ts";
import { isRevoked } from "./revocations.ts";
import type { TrustedAccount } from "./trusted-account.ts";

export type ActivationVerdict =
  | { readonly ok: true; readonly claims: ActivationClaims }
  | {
      readonly ok: false;
      readonly problem: string;
      /** It will be good from then on, if nothing else changes. Unix seconds. */
      readonly notBeforeSeconds?: number | undefined;
    };

type Refused = Extract<ActivationVerdict, { readonly ok: false }>;

function refused(problem: string): Refused {
  return { ok: false, problem };
}

/** What is to be said of the token of an import whatever the time. */
interface ReadActivation {
  readonly importer: string;
  readonly verifier: SignatureVerifier;
  readonly read: ActivationVerdict;
}

/** Signatures are dear, and an account is looked at whenever one of its activations ends. */
const known = new WeakMap<ImportClaim, ReadActivation>();

function readActivation(
  claim: ImportClaim,
  importer: string,
  verifier: SignatureVerifier,
): ActivationVerdict {
  const before = known.get(claim);
  if (before?.importer === importer && before.verifier === verifier) return before.read;
  const read = readAnew(claim, importer, verifier);
  known.set(claim, { importer, verifier, read });
  return read;
}

function readAnew(
  claim: ImportClaim,
  importer: string,
  verifier: SignatureVerifier,
): ActivationVerdict {
  const decoded = decodeActivation(claim.token, verifier);
  if (!decoded.ok) return refused("activation token invalid");
  const { claims } = decoded;
  const findings = new Findings();
  checkImport(claim, importer, verifier, findings);
  checkActivation(claims, undefined, findings);
  const blocking = blockingText(findings);
  if (blocking !== undefined) return refused(blocking);
  // In the reference `a.*` is good for `a.>`, which is more.
  const wanted = claim.type === "service" && claim.to !== "" ? claim.to : claim.subject;
  if (!subjectIsSubsetMatch(wanted, claims.nats.importSubject)) {
    return refused("activation is for less than the import");
  }
  return { ok: true, claims };
}

function blockingText(findings: Findings): string | undefined {
  if (!isBlocking(findings.list, true)) return undefined;
  return findings.list.find(({ level }) => level !== "warning")?.text ?? "";
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
  const read = readActivation(claim, importerKey, verifier);
  if (!read.ok) return read;
  const { claims } = read;
  if (!isSignedBy(claims, exporter)) return refused("activation issuer unknown");
  if (isRevoked(revocations, claims.subject, claims.issuedAtSeconds)) {
    return refused("activation revoked");
  }
  const nowSeconds = Math.floor(nowMs / 1_000);
  const findings = new Findings();
  checkTimes(claims, nowSeconds, findings);
  const blocking = blockingText(findings);
  if (blocking !== undefined) {
    const { notBeforeSeconds, expiresAtSeconds } = claims;
    const isToCome = expiresAtSeconds === 0 || expiresAtSeconds > nowSeconds;
    return { ...refused(blocking), notBeforeSeconds: isToCome ? notBeforeSeconds : undefined };
  }
  if (claims.expiresAtSeconds !== 0 && claims.expiresAtSeconds <= nowSeconds) {
    return refused("activation expired");
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
