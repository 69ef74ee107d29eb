// Who may log in with a user token, and as whom (AN-43 to AN-53, AN-82). Any thread; pure: the time
// is an argument. What must stay true: each rule of the reference is asked in its order, and what a
// scoped user may do comes from the account's template alone.
import {
  type ConnectionType,
  connectionTypeAllowed,
  decodeSignature,
  isPublicKey,
  type PermissionsSpec,
  parseConnectionType,
  type SignatureVerifier,
} from "@weft/auth";
import type { UserClaims, UserPermissionLimits } from "../claims/claims.ts";
import { decodeTokenOf } from "../decode.ts";
import { isBlocking } from "../validate/findings.ts";
import { validateClaims } from "../validate/validate.ts";
import { sourceAllowed } from "./networks.ts";
import type { TrustedOperators } from "./operators.ts";
import { permissionsSpec } from "./permissions.ts";
import { isRevoked } from "./revocations.ts";
import { resolveTemplate } from "./template.ts";
import { timesVerdict } from "./time-windows.ts";
import { accountExpired, type TrustedAccount, trustAccountToken } from "./trusted-account.ts";

/** What the server knows of the connection and of itself. */
export interface JudgeFacts {
  readonly connectionType: ConnectionType;
  /** The peer's IP address; undefined = none, such as in-process. */
  readonly host: string | undefined;
  /** The bytes of the nonce text in INFO. */
  readonly nonce: Uint8Array;
  /** `sig` of CONNECT. */
  readonly signature: string | undefined;
  /** IANA name of the server's own time zone. */
  readonly timeZone: string;
  /** The connection came through a trusted proxy (AN-81). */
  readonly viaTrustedProxy: boolean;
  /** AN-55. Undefined = every account. */
  readonly pinnedAccounts?: ReadonlySet<string> | undefined;
}

/** The cause of a refusal, for the server's log; clients read `Authorization Violation`. */
export type UserRefusalReason =
  | "user token invalid"
  | "account token invalid"
  | "proxy required"
  | "user claims invalid"
  | "user expired or not yet valid"
  | "account not pinned"
  | "account does not match"
  | "account issuer not trusted"
  | "user issuer unknown"
  | "scoped user has permissions"
  | "template not resolved"
  | "account expired"
  | "bearer token not allowed"
  | "connection type not allowed"
  | "signature missing"
  | "signature malformed"
  | "signature not verified"
  | "user revoked"
  | "source address not allowed"
  | "outside of connect times";

export interface UserRefusal {
  readonly reason: UserRefusalReason;
  readonly detail?: string | undefined;
}

/** Who a user with a token is. Contains no secret. Plain values. */
export interface JwtIdentity {
  readonly userKey: string;
  /** `name` of the token. */
  readonly userName: string;
  readonly accountKey: string;
  readonly accountName: string;
  /** Key that signed the token if it is not the account's own (AN-59). */
  readonly signingKey: string | undefined;
  readonly issuedAtSeconds: number;
  readonly tags: readonly string[];
  /** Undefined = unrestricted. */
  readonly permissions: PermissionsSpec | undefined;
  /** The permissions are the account's default and change with it. */
  readonly hasDefaultPermissions: boolean;
  /** Of user or template and account; undefined = no limit. */
  readonly subscriptionsMax: number | undefined;
  readonly payloadBytesMax: number | undefined;
  /** Undefined = all. */
  readonly connectionTypes: readonly ConnectionType[] | undefined;
  readonly isBearer: boolean;
  /** The earliest of the token's end and the end of the connect times, Unix ms. */
  readonly expiresAtMs: number | undefined;
}

export type UserVerdict =
  | { readonly ok: true; readonly identity: JwtIdentity }
  | { readonly ok: false; readonly refusal: UserRefusal };

type Refused = { readonly ok: false; readonly refusal: UserRefusal };

function refused(reason: UserRefusalReason, detail?: string): Refused {
  return { ok: false, refusal: { reason, detail } };
}

/** The account that a user token belongs to: the one whose token is needed to judge it. */
export function accountKeyOf(claims: UserClaims): string {
  return claims.nats.issuerAccount || claims.issuer;
}

/** Judges a user token by the account token and the operators: the whole chain at once. */
export function judgeUser(
  userToken: string,
  accountToken: string,
  operators: TrustedOperators,
  nowMs: number,
  facts: JudgeFacts,
  verifier: SignatureVerifier,
): UserVerdict {
  const user = decodeTokenOf("user", userToken, verifier);
  if (!user.ok) return refused("user token invalid", user.error.message);
  const early = judgeUserAlone(user.claims, nowMs, facts, verifier);
  if (early !== undefined) return early;
  const key = accountKeyOf(user.claims);
  const account = trustAccountToken(key, accountToken, operators, nowMs, verifier);
  if (account.ok) {
    return judgeUserOf(user.claims, account.account, operators, nowMs, facts, verifier);
  }
  const { reason, detail } = account.refusal;
  if (reason === "issuer not trusted") return refused("account issuer not trusted", detail);
  if (reason === "expired or not yet valid") return refused("account expired", detail);
  if (reason === "subject does not match") return refused("account does not match", detail);
  return refused("account token invalid", detail);
}

/** What can be said before the account is looked up; undefined = nothing against the user. */
export function judgeUserAlone(
  user: UserClaims,
  nowMs: number,
  facts: JudgeFacts,
  verifier: SignatureVerifier,
): Refused | undefined {
  if (user.nats.proxyRequired && !facts.viaTrustedProxy) return refused("proxy required");
  const findings = validateClaims(user, Math.floor(nowMs / 1_000), verifier);
  if (isBlocking(findings, true)) {
    const isTime = !isBlocking(findings, false);
    const detail = findings.map(({ text }) => text).join("; ");
    return refused(isTime ? "user expired or not yet valid" : "user claims invalid", detail);
  }
  // The reference lets them in for their last second, and ends them at once.
  const nowSeconds = Math.floor(nowMs / 1_000);
  if (user.expiresAtSeconds !== 0 && user.expiresAtSeconds <= nowSeconds) {
    return refused("user expired or not yet valid");
  }
  // The reference asks only when a signature is checked; no other user has a key to be revoked by.
  if (!isPublicKey(user.subject, "user")) {
    return refused("user claims invalid", "subject is not a user public key");
  }
  const key = accountKeyOf(user);
  if (facts.pinnedAccounts !== undefined && !facts.pinnedAccounts.has(key)) {
    return refused("account not pinned", key);
  }
  return undefined;
}

/** Judges a user whose token was decoded and found good alone, in its trusted account. */
export function judgeUserOf(
  user: UserClaims,
  account: TrustedAccount,
  operators: TrustedOperators,
  nowMs: number,
  facts: JudgeFacts,
  verifier: SignatureVerifier,
): UserVerdict {
  if (account.key !== accountKeyOf(user)) return refused("account does not match", account.key);
  const { issuer } = account.claims;
  if (!operators.keys.has(issuer)) return refused("account issuer not trusted", issuer);
  const limits = effectiveLimits(user, account);
  if ("refusal" in limits) return limits;
  const { rights } = limits;
  // The template too may ask for it.
  if (rights.proxyRequired && !facts.viaTrustedProxy) return refused("proxy required");
  if (accountExpired(account, nowMs)) return refused("account expired");
  if (rights.bearerToken && account.claims.nats.limits.disallowBearer) {
    return refused("bearer token not allowed");
  }
  const connectionTypes = knownConnectionTypes(rights.allowedConnectionTypes);
  if (connectionTypes === "none known") return refused("connection type not allowed");
  if (!connectionTypeAllowed(connectionTypes, facts.connectionType)) {
    return refused("connection type not allowed", facts.connectionType);
  }
  const signature = rights.bearerToken ? undefined : signatureProblem(user, facts, verifier);
  if (signature !== undefined) return refused(signature);
  if (isRevoked(account.claims.nats.revocations, user.subject, user.issuedAtSeconds)) {
    return refused("user revoked");
  }
  if (!sourceAllowed(rights.sourceNetworks, facts.host)) {
    return refused("source address not allowed", facts.host);
  }
  const times = timesVerdict(rights.times, rights.timesLocation, facts.timeZone, nowMs);
  if (!times.allowed) return refused("outside of connect times");
  const expiresAtMs = earliest(
    user.expiresAtSeconds === 0 ? undefined : user.expiresAtSeconds * 1_000,
    times.untilMs,
  );
  const identity = identityOf(user, account, rights);
  return { ok: true, identity: { ...identity, connectionTypes, expiresAtMs } };
}

/** What counts for the user: its own rights or those of the template. */
export function effectiveLimits(
  user: UserClaims,
  account: TrustedAccount,
): { readonly rights: UserPermissionLimits } | Refused {
  const { signers, claims } = account;
  if (!signers.has(user.issuer)) return refused("user issuer unknown", user.issuer);
  const scope = signers.get(user.issuer);
  if (scope === undefined) return { rights: user.nats };
  if (scope.key !== user.issuer) return refused("user issuer unknown", user.issuer);
  if (!saysNothing(user.nats)) return refused("scoped user has permissions");
  const resolved = resolveTemplate(scope.template, {
    userName: user.name,
    userKey: user.subject,
    userTags: user.tags,
    accountName: claims.name,
    accountKey: user.nats.issuerAccount,
    accountTags: claims.tags,
  });
  if (!resolved.ok) return refused("template not resolved", resolved.error);
  return { rights: resolved.value };
}

/** A scoped user must say nothing of what the template says. */
function saysNothing(user: UserPermissionLimits): boolean {
  const lists = [
    user.publish.allow,
    user.publish.deny,
    user.subscribe.allow,
    user.subscribe.deny,
    user.sourceNetworks,
    user.times,
    user.allowedConnectionTypes,
  ];
  return (
    lists.every((list) => list === undefined) &&
    user.responses === undefined &&
    user.timesLocation === "" &&
    user.subscriptionsMax === 0 &&
    user.dataBytesMax === 0 &&
    user.payloadBytesMax === 0 &&
    !user.bearerToken &&
    !user.proxyRequired
  );
}

/** The types that this server knows; unknown ones count for nothing unless there is no other. */
function knownConnectionTypes(
  texts: readonly string[] | undefined,
): readonly ConnectionType[] | undefined | "none known" {
  if (texts === undefined || texts.length === 0) return undefined;
  const known = texts.map(parseConnectionType).filter((type) => type !== undefined);
  return known.length === 0 ? "none known" : [...new Set(known)];
}

function signatureProblem(
  user: UserClaims,
  facts: JudgeFacts,
  verifier: SignatureVerifier,
): UserRefusalReason | undefined {
  if (facts.signature === undefined || facts.signature === "") return "signature missing";
  const signature = decodeSignature(facts.signature);
  if (signature === undefined) return "signature malformed";
  const verdict = verifier.verify(user.subject, facts.nonce, signature);
  return verdict === "valid" ? undefined : "signature not verified";
}

function earliest(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}

const NO_LIMIT = -1;

/** The smaller of two limits of claims; other negative numbers than -1 allow nothing. */
function smallerLimit(left: number, right: number): number | undefined {
  const limits = [left, right].filter((limit) => limit !== NO_LIMIT);
  return limits.length === 0 ? undefined : Math.max(0, Math.min(...limits));
}

function identityOf(
  user: UserClaims,
  account: TrustedAccount,
  rights: UserPermissionLimits,
): Omit<JwtIdentity, "connectionTypes" | "expiresAtMs"> {
  const { claims } = account;
  const own = permissionsSpec(rights);
  const { limits, defaultPermissions } = claims.nats;
  return {
    userKey: user.subject,
    userName: user.name,
    accountKey: account.key,
    accountName: claims.name,
    signingKey: user.nats.issuerAccount === "" ? undefined : user.issuer,
    issuedAtSeconds: user.issuedAtSeconds,
    tags: user.tags,
    permissions: own ?? permissionsSpec(defaultPermissions),
    hasDefaultPermissions: own === undefined,
    subscriptionsMax: smallerLimit(rights.subscriptionsMax, limits.subscriptionsMax),
    payloadBytesMax: smallerLimit(rights.payloadBytesMax, limits.payloadBytesMax),
    isBearer: rights.bearerToken,
  };
}
