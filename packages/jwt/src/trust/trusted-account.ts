// An account whose token is good: what users and imports are judged by (AN-44, AN-45). Any thread;
// pure. Made once for each token of an account, used by every login.
import { createHash } from "node:crypto";
import { isPublicKey, type SignatureVerifier } from "@weft/auth";
import type { AccountClaims, SigningKeys, UserScope } from "../claims/claims.ts";
import { decodeTokenOf } from "../decode.ts";
import { type Finding, isBlocking } from "../validate/findings.ts";
import { validateClaims } from "../validate/validate.ts";
import type { TrustedOperators } from "./operators.ts";

/** Why an account is not trusted; for the server's log. */
export interface AccountRefusal {
  readonly reason:
    | "token invalid"
    | "subject does not match"
    | "issuer not trusted"
    | "claims invalid"
    | "expired or not yet valid";
  readonly detail: string;
  /** It will be good from then on, if nothing else changes. Unix seconds. */
  readonly notBeforeSeconds?: number | undefined;
}

export interface TrustedAccount {
  readonly key: string;
  readonly claims: AccountClaims;
  /** Who may sign users and activations: signing keys and, unless strict, the account itself. */
  readonly signers: SigningKeys;
  /** Warnings about the claims. */
  readonly findings: readonly Finding[];
}

export type AccountVerdict =
  | { readonly ok: true; readonly account: TrustedAccount }
  | { readonly ok: false; readonly refusal: AccountRefusal };

function refused(reason: AccountRefusal["reason"], detail: string): AccountVerdict {
  return { ok: false, refusal: { reason, detail } };
}

/**
 * Judges the token that was found for the account `key`. Expired and not yet valid tokens are
 * refused here; that one expires later is seen by {@link accountExpired} at each login.
 */
export function trustAccountToken(
  key: string,
  token: string,
  operators: TrustedOperators,
  nowMs: number,
  verifier: SignatureVerifier,
): AccountVerdict {
  const decoded = decodeTokenOf("account", token, verifier);
  if (!decoded.ok) return refused("token invalid", decoded.error.message);
  return trustAccount(key, decoded.claims, operators, nowMs, verifier);
}

/** {@link trustAccountToken} for claims whose signature was checked. */
export function trustAccount(
  key: string,
  claims: AccountClaims,
  operators: TrustedOperators,
  nowMs: number,
  verifier: SignatureVerifier,
): AccountVerdict {
  if (claims.subject !== key) return refused("subject does not match", claims.subject);
  // It becomes the name of a file, of an account, and a part of a URL.
  if (!isPublicKey(key, "account")) return refused("claims invalid", "subject is no account key");
  if (!operators.keys.has(claims.issuer)) return refused("issuer not trusted", claims.issuer);
  const findings = validateClaims(claims, Math.floor(nowMs / 1_000), verifier);
  if (isBlocking(findings, true)) {
    const blocking = findings.filter(({ level }) => level !== "warning").map(({ text }) => text);
    const detail = blocking.join("; ");
    if (isBlocking(findings, false)) return refused("claims invalid", detail);
    const { notBeforeSeconds, expiresAtSeconds } = claims;
    const isToCome = expiresAtSeconds === 0 || expiresAtSeconds * 1_000 > nowMs;
    const refusal = {
      reason: "expired or not yet valid",
      detail,
      notBeforeSeconds: isToCome ? notBeforeSeconds : undefined,
    } as const;
    return { ok: false, refusal };
  }
  const signers = new Map<string, UserScope | undefined>(claims.nats.signingKeys);
  // Signs without a scope, whatever a scope for it may say.
  if (!operators.strictKeys.has(claims.issuer)) signers.set(claims.subject, undefined);
  return { ok: true, account: { key, claims, signers, findings } };
}

/** True if the account's token has expired; an account is gone in the second that it names. */
export function accountExpired(account: TrustedAccount, nowMs: number): boolean {
  const { expiresAtSeconds } = account.claims;
  return expiresAtSeconds !== 0 && expiresAtSeconds <= Math.floor(nowMs / 1_000);
}

/** True if the account wants callout for its users (AN-70). */
export function hasCallout(account: TrustedAccount): boolean {
  return account.claims.nats.authorization.authUsers.length > 0;
}

/** True if a callout of `account` may place users into the account `key` (AN-65). */
export function calloutMayPlaceInto(account: TrustedAccount, key: string): boolean {
  if (!hasCallout(account)) return false;
  const { allowedAccounts } = account.claims.nats.authorization;
  const isAnywhere = allowedAccounts.length === 1 && allowedAccounts[0] === "*";
  return isAnywhere || setOf(allowedAccounts).has(key);
}

/** True if this user is the callout service of `account`, or one of several (AN-68). */
export function isAuthUser({ claims }: TrustedAccount, userKey: string): boolean {
  const { authUsers } = claims.nats.authorization;
  // Most accounts have none, and need no set.
  return authUsers.length > 0 && setOf(authUsers).has(userKey);
}

/** A megabyte of claims names 12,000 keys, and each user who logs in or was placed is looked for there. */
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

function setOf(keys: readonly string[]): ReadonlySet<string> {
  const known = sets.get(keys) ?? new Set(keys);
  sets.set(keys, known);
  return known;
}

/** An account has thousands of scoped keys, and each user who was placed by one is looked at. */
const templates = new WeakMap<TrustedAccount, Map<string, string>>();

/**
 * AN-52. Equal for as long as a signing key gives its users the same; "" = it is not scoped. Where a
 * template has variables they may stand for the name and the tags of the account.
 */
export function templateKey(account: TrustedAccount, signingKey: string): string {
  const scope = account.signers.get(signingKey);
  if (scope === undefined) return "";
  const known = templates.get(account) ?? new Map<string, string>();
  templates.set(account, known);
  let key = known.get(signingKey);
  if (key === undefined) {
    const { name, tags } = account.claims;
    const text = JSON.stringify(scope);
    const used = text.includes("{{") ? JSON.stringify([name, tags]) : "";
    key = createHash("sha256").update(`${text}${used}`).digest("base64");
    known.set(signingKey, key);
  }
  return key;
}
