// What an answer of a callout service is worth (AN-64, AN-65): decoded, checked against the request,
// and put into an account. Control thread; pure: the time is an argument. What must stay true: nothing
// that a service sends throws; only a user for this request's key, signed by whom the server trusts,
// gets anybody in.
import {
  type CalloutUser,
  type ConnectionType,
  connectionTypeAllowed,
  GLOBAL_ACCOUNT,
  parseConnectionType,
  type SignatureVerifier,
} from "@weft/auth";
import { plainText } from "@weft/base";
import {
  type AuthorizationResponseClaims,
  decodeTokenOf,
  permissionsSpec,
  sourceAllowed,
  timesVerdict,
  type UserClaims,
  type UserPermissionLimits,
  validateClaims,
} from "@weft/jwt";
import type { SealedLine } from "./curve.ts";

/** Longer answers are refused unread: a token of a user is some hundred bytes. */
export const RESPONSE_BYTES_MAX = 64 * 1024;
/** Characters of a name and tags, which every connection of the user keeps: a login has room for no more. */
const LABELS_LENGTH_MAX = 4_096;
const TOKEN_PREFIX = Buffer.from("eyJ", "latin1");
const NO_LIMIT = -1;

/** The request that an answer is for. */
export interface Asked {
  readonly userKey: string;
  /** Account of the service, for texts. */
  readonly account: string;
  readonly connectionType: ConnectionType;
  /** Address of the client. */
  readonly host: string;
}

export interface ResponseTools {
  readonly serverId: string;
  readonly line: SealedLine | undefined;
  readonly verifier: SignatureVerifier;
  /** IANA name of the server's own time zone. */
  readonly timeZone: string;
}

export type Judged<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** An answer whose form is right: whom it names has to be placed yet. */
export interface ReadResponse {
  readonly response: AuthorizationResponseClaims;
  /** The answer was sealed, so only the owner of the service's curve key can have written it. */
  readonly wasSealed: boolean;
  readonly user: UserClaims;
}

export function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** Checks the answer itself: form, signature, times, key and server. */
export function readResponse(
  payload: Uint8Array,
  asked: Asked,
  tools: ResponseTools,
  nowSeconds: number,
): Judged<ReadResponse> {
  const { account } = asked;
  if (payload.length === 0) {
    return refused(`Auth callout violation: "no reason supplied" on account "${account}"`);
  }
  if (payload.length > RESPONSE_BYTES_MAX) return refused("Auth callout response is too long");
  const opened = openPayload(payload, tools.line);
  if (opened === undefined) {
    return refused(`Error decrypting auth callout response on account "${account}"`);
  }
  const { text, wasSealed } = opened;
  const decoded = decodeTokenOf("authorization_response", text, tools.verifier);
  if (!decoded.ok) return refused(titled(decoded.error.message));
  const response = decoded.claims;
  const [finding] = validateClaims(response, nowSeconds, tools.verifier);
  if (finding !== undefined) {
    return refused(`Authorization response had validation errors: ${finding.text}`);
  }
  if (response.subject !== asked.userKey) {
    return refused("Auth callout violation: auth callout response is not for expected user");
  }
  if (response.audience !== tools.serverId) {
    return refused("Auth callout violation: auth callout response is not for server");
  }
  const { error, jwt } = response.nats;
  if (error !== "") return refused(`Auth callout service returned an error: ${plainText(error)}`);
  const user = readUser(jwt, asked, tools, nowSeconds);
  return user.ok ? { ok: true, value: { response, wasSealed, user: user.value } } : user;
}

/** As reasons begin; the reference says no more of a token that cannot be read. */
function titled(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function openPayload(
  payload: Uint8Array,
  line: SealedLine | undefined,
): { readonly text: string; readonly wasSealed: boolean } | undefined {
  const isToken = TOKEN_PREFIX.equals(payload.subarray(0, TOKEN_PREFIX.length));
  if (line === undefined || isToken) {
    return { text: Buffer.from(payload).toString("latin1"), wasSealed: false };
  }
  const opened = line.open(payload);
  return opened && { text: opened.toString("latin1"), wasSealed: true };
}

function readUser(
  token: string,
  asked: Asked,
  { verifier }: ResponseTools,
  nowSeconds: number,
): Judged<UserClaims> {
  const decoded = decodeTokenOf("user", token, verifier);
  if (!decoded.ok) return refused(titled(decoded.error.message));
  const user = decoded.claims;
  const [finding] = validateClaims(user, nowSeconds, verifier);
  if (finding !== undefined) return refused(`Error validating user JWT: ${finding.text}`);
  if (user.subject !== asked.userKey) {
    return refused(
      `Expected authorized user of "${asked.userKey}" but got "${user.subject}" ` +
        `on account "${asked.account}"`,
    );
  }
  return { ok: true, value: user };
}

/** What the static configuration says of who may be let in, and where. */
export interface StaticPlacement {
  readonly issuer: string;
  /** Empty = all. */
  readonly allowedAccounts: readonly string[];
  hasAccount(name: string): boolean;
}

/** The user of an answer in the account that it names (AN-65, static configuration). */
export function placeStatic(
  { user }: ReadResponse,
  { issuer, allowedAccounts, hasAccount }: StaticPlacement,
  asked: Asked,
  tools: ResponseTools,
  nowMs: number,
): Judged<CalloutUser> {
  const { account } = asked;
  if (user.nats.issuerAccount !== "") {
    return refused(`Error non operator mode account "${account}": attempted to use issuer_account`);
  }
  if (user.issuer !== issuer) {
    return refused(
      `Wrong issuer for auth callout response on account "${account}", ` +
        `expected "${issuer}" got "${user.issuer}"`,
    );
  }
  const accountName = user.audience;
  if (!hasAccount(accountName)) {
    return refused(
      `No valid account "${plainText(accountName)}" for auth callout response ` +
        `on account "${account}": account missing`,
    );
  }
  // Static users alone were meant to be there.
  if (allowedAccounts.length > 0 && ![GLOBAL_ACCOUNT, ...allowedAccounts].includes(accountName)) {
    return refused(`Account "${accountName}" is not among the allowed accounts of the callout`);
  }
  return rightsOf(user, user.nats, accountName, asked, tools, nowMs);
}

/** What a user may do by these rights; `rights`: its own, or a template's. */
export function rightsOf(
  user: UserClaims,
  rights: UserPermissionLimits,
  accountName: string,
  asked: Asked,
  { timeZone }: ResponseTools,
  nowMs: number,
): Judged<CalloutUser> {
  const times = timesVerdict(rights.times, rights.timesLocation, timeZone, nowMs);
  if (!times.allowed) {
    return refused(`Authorized user on account "${asked.account}" outside of valid connect times`);
  }
  if (!typeAllowed(rights.allowedConnectionTypes, asked.connectionType)) {
    return refused(`Authorized user on account "${asked.account}" using invalid connection type`);
  }
  if (!sourceAllowed(rights.sourceNetworks, asked.host)) {
    return refused(`Authorized user on account "${asked.account}" from a source not allowed`);
  }
  const length = [user.name, ...user.tags].reduce((sum, label) => sum + label.length, 0);
  if (length > LABELS_LENGTH_MAX) {
    return refused(
      `Authorized user on account "${asked.account}": name and tags have ${length} characters, ` +
        `at most ${LABELS_LENGTH_MAX} are taken`,
    );
  }
  const ends = [
    user.expiresAtSeconds === 0 ? undefined : user.expiresAtSeconds * 1_000,
    times.untilMs,
  ].filter((end) => end !== undefined);
  return {
    ok: true,
    value: {
      accountName,
      name: user.name,
      permissions: permissionsSpec(rights),
      payloadBytesMax: limitOf(rights.payloadBytesMax),
      subscriptionsMax: limitOf(rights.subscriptionsMax),
      expiresAtMs: ends.length === 0 ? undefined : Math.min(...ends),
      // The worker knows how the connection came.
      tags: user.tags.length === 0 ? undefined : user.tags,
      proxyRequired: user.nats.proxyRequired || rights.proxyRequired || undefined,
    },
  };
}

function limitOf(limit: number): number | undefined {
  return limit === NO_LIMIT ? undefined : Math.max(0, limit);
}

/** Types that this server does not know count for nothing, unless there is no other. */
function typeAllowed(texts: readonly string[] | undefined, type: ConnectionType): boolean {
  if (texts === undefined || texts.length === 0) return true;
  const known = texts.map(parseConnectionType).filter((one) => one !== undefined);
  return known.length > 0 && connectionTypeAllowed(known, type);
}
