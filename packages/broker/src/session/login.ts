// CONNECT and everything until a session is active: begin, perhaps wait, finish, with one deadline
// (CP-20 to CP-36). Owned by the session's worker. Must stay true: whatever the cause of a refusal,
// the client reads the same text; no secret is kept or logged.

import type { AccountSnapshot } from "@weft/accounts";
import {
  type DenyReason,
  type Identity,
  isPublicKey,
  type LoginAnswer,
  type LoginFacts,
  type LoginOutcome,
  type LoginQuestion,
  type LoginRequest,
  type Pending,
  questionOf,
  ResponseTracker,
} from "@weft/auth";
import { REDACTED, redactSecrets } from "@weft/base";
import {
  authorizationViolation,
  type ClosedReason,
  CONNECT_DEFAULTS,
  type ConnectOptions,
  ERROR_LINES,
  OK,
  parseConnect,
} from "@weft/protocol";
import { askService } from "./callout-question.ts";
import type { ClientSession } from "./client-session.ts";
import { askPlugin, beginBy, finishBy } from "./plugin-login.ts";
import { proxyOf, takeProxy } from "./proxied.ts";
import { logAbout, refusedUser } from "./session-log.ts";
import { WAIT_LOGIN } from "./wait-reasons.ts";

const NO_NONCE = Buffer.alloc(0);
const NANOS_PER_MS = 1_000_000n;

/** One CONNECT. False stops the parser: refused, or waiting for an answer. */
export function connect(
  session: ClientSession,
  input: Buffer,
  start: number,
  end: number,
): boolean {
  const parsed = parseConnect(input.subarray(start, end), session.connectOptions);
  if (!parsed.ok) {
    logAbout(session, "error", `CONNECT refused: ${parsed.reason}`);
    session.close("Protocol Violation");
    return false;
  }
  const options = parsed.options;
  const isFirst = !session.connectReceived;
  session.connectReceived = true;
  session.connectOptions = withoutSecrets(options);
  session.lastOptions = options;
  if (!isFirst && !hasLeft(session)) return false;
  if (session.host.judgements.logins.isSpent) return putOff(session);
  return follow(session, begin(session, options));
}

/** A57: it goes on in another pass of the loop; until then its input waits. */
function putOff(session: ClientSession): false {
  session.state = "logging-in";
  session.wait(WAIT_LOGIN);
  session.host.judgements.logins.later(session.transport.remoteAddress, () => {
    // A reload may have begun it meanwhile.
    const isUnbegun = session.state === "logging-in" && session.pendingLogin === undefined;
    if (isUnbegun) restartLogin(session);
  });
  return false;
}

function begin(session: ClientSession, options: ConnectOptions): LoginOutcome {
  const refusal = takeProxy(session, options);
  if (refusal !== undefined) return refusal;
  const { rules, judgements } = session.host;
  return judgements.logins.spend(() => beginBy(rules, requestOf(options), loginFacts(session)));
}

function requestOf(options: ConnectOptions): LoginRequest {
  return {
    user: options.user,
    pass: options.pass,
    authToken: options.auth_token,
    nkey: options.nkey,
    sig: options.sig,
    jwt: options.jwt,
    account: options.account,
    newAccount: options.new_account,
  };
}

/** CP-29: who logs in anew has no subscriptions. While there are some left, its input waits. */
function hasLeft(session: ClientSession): boolean {
  const { departures } = session.host;
  const goOn = (): void => {
    if (session.state === "logging-in") restartLogin(session);
  };
  if (departures.begin(session, goOn)) return true;
  session.state = "logging-in";
  session.wait(WAIT_LOGIN);
  return false;
}

/** The users have changed while a login was waiting: it begins anew. */
export function restartLogin(session: ClientSession): void {
  if (session.host.departures.holds(session)) return;
  session.pendingLogin = undefined;
  session.state = "connecting";
  const outcome = begin(session, session.lastOptions ?? CONNECT_DEFAULTS);
  follow(session, outcome);
  if (outcome.kind !== "pending") session.go(WAIT_LOGIN);
}

/** The answer to what the login waits for. */
export function finishLogin(session: ClientSession, answer: LoginAnswer): void {
  const pending = session.pendingLogin;
  if (pending === undefined || session.state !== "logging-in") return;
  session.pendingLogin = undefined;
  const facts = loginFacts(session);
  const request = requestOf(session.lastOptions ?? CONNECT_DEFAULTS);
  const { rules, judgements } = session.host;
  const outcome = judgements.logins.spend(() => finishBy(rules, pending, answer, request, facts));
  session.state = "connecting";
  follow(session, outcome);
  // One answer may lead to the next question.
  if (outcome.kind !== "pending") session.go(WAIT_LOGIN);
}

/**
 * CP-32, CP-33: an operation came before CONNECT. True if the session may go on, as nobody in
 * particular or as the `no_auth_user`.
 */
export function loginWithoutConnect(session: ClientSession): boolean {
  const { host } = session;
  const identity = host.rules.anonymous(loginFacts(session));
  if (identity === undefined) {
    refuse(session, "no credentials");
    return false;
  }
  session.awaitingConnect = false;
  // It counts as a login: who sends CONNECT now is somebody else, and has no subscriptions (CP-29).
  session.connectReceived = host.rules.authenticator.authRequired;
  if (!admit(session, identity)) return false;
  host.factsChanged(session);
  return true;
}

function follow(session: ClientSession, outcome: LoginOutcome): boolean {
  if (outcome.kind === "denied") {
    const { reason, detail, accountName } = outcome;
    if (reason === "account not pinned") session.host.counters.pinnedAccountFails += 1;
    refuse(session, detail ?? reason, accountName, closedReasonOf(reason));
    return false;
  }
  if (outcome.kind === "pending") {
    const { wait } = outcome;
    const question = questionFor(session, wait);
    if (question === undefined) {
      refuse(session, wait.kind === "ocsp" ? "unsupported login method" : "asked too often");
      return false;
    }
    session.pendingLogin = outcome;
    session.state = "logging-in";
    session.wait(WAIT_LOGIN);
    session.host.askForLogin(session, question);
    return false;
  }
  const options = session.lastOptions ?? CONNECT_DEFAULTS;
  session.lastOptions = undefined;
  if (!admit(session, outcome.identity)) return false;
  if (!applyOptions(session, options)) return false;
  session.host.events?.connected(session);
  return true;
}

function questionFor(session: ClientSession, wait: Pending): LoginQuestion | undefined {
  if (wait.kind === "plugin") return askPlugin(session);
  return wait.kind === "callout" ? askService(session, wait) : questionOf(wait);
}

/** Binds the session to its account: limits, permissions, publish context. */
function admit(session: ClientSession, identity: Identity): boolean {
  const { host } = session;
  const account = host.rules.accountByName(identity.accountName);
  if (account === undefined) {
    session.close("Missing Account");
    return false;
  }
  const { permissionsKey, permissions } = identity;
  const { permissionTokensMax } = host.shared;
  const hasRoom =
    permissionsKey === "" ||
    host.contexts.hasRoomFor(account.index, permissionsKey, permissions, permissionTokensMax);
  if (!hasRoom) {
    refuse(session, `no room for ${permissions.tokensCount} tokens of permissions more`);
    return false;
  }
  if (session.account !== account.index) {
    if (session.account >= 0) host.shared.releaseConnection(session.account);
    session.account = -1;
    if (!host.shared.acquireConnection(account.index, account.limits.connectionsMax)) {
      session.fail(ERROR_LINES.accountConnectionsExceeded);
      return false;
    }
    session.account = account.index;
  }
  setRights(session, account, identity);
  session.authDeadlineMs = 0;
  session.awaitingConnect = false;
  session.state = "active";
  session.refreshSpecial();
  session.refreshQuick();
  return true;
}

/** Everything that follows from who the session is, as the current snapshot has it. */
export function setRights(
  session: ClientSession,
  account: AccountSnapshot,
  identity: Identity,
): void {
  const { host } = session;
  const { permissions, permissionsKey } = identity;
  const restricted = permissionsKey !== "";
  session.context = host.contexts.client(
    account.index,
    permissionsKey,
    restricted ? permissions : undefined,
  );
  // Whoever has the same has it from there: a set may take megabytes.
  const shared = session.context.permissions ?? permissions;
  session.identity = shared === permissions ? identity : { ...identity, permissions: shared };
  session.permissions = session.context.permissions;
  session.responses?.drop();
  session.responses =
    restricted && permissions.responses !== undefined
      ? new ResponseTracker(permissions.responses, { account: account.index, room: host.responses })
      : undefined;
  session.expiryDeadlineMs = deadlineOf(session, identity.expiresAtMs);
  session.nkey = identity.nkey ?? "";
  session.user = identity.user !== "" ? identity.user : session.nkey;
  if (identity.kind === "token") session.user = REDACTED;
  session.loginKind = identity.nkey === undefined ? identity.kind : "nkey";
  const { limits } = account;
  session.payloadBytesMax = smaller(
    smaller(host.limits.payloadBytesMax, limits.payloadBytesMax),
    identity.payloadBytesMax,
  );
  session.subscriptionsMax = smaller(
    smaller(host.limits.subscriptionsMax, limits.subscriptionsMax),
    identity.subscriptionsMax,
  );
}

/** CP-82. Wall-clock time to the clock of deadlines; 0 = none. */
function deadlineOf({ host }: ClientSession, expiresAtMs: number | undefined): number {
  if (expiresAtMs === undefined) return 0;
  const leftMs = expiresAtMs - Number(host.clock.unixNanos() / NANOS_PER_MS);
  return Math.max(1, host.clock.monotonicMs() + leftMs);
}

/** Protocol switches of CONNECT, after the login (CP-22 to CP-27). */
function applyOptions(session: ClientSession, options: ConnectOptions): boolean {
  const { host } = session;
  session.verbose = options.verbose;
  session.pedantic = options.pedantic;
  session.echo = options.echo;
  session.headersEnabled = host.limits.headers && options.headers;
  session.noResponders = options.no_responders;
  session.facts = {
    name: options.name,
    language: options.lang,
    version: options.version,
    protocol: options.protocol,
    connectTookMs: Math.max(1e-6, Number(host.clock.unixNanos()) / 1e6 - session.startedUnixMs),
  };
  host.factsChanged(session);
  session.refreshSpecial();
  session.refreshQuick();
  if (options.protocol !== 0 && options.protocol !== 1) {
    session.fail(ERROR_LINES.invalidClientProtocol);
    return false;
  }
  if (options.no_responders && !session.headersEnabled) {
    session.fail(ERROR_LINES.noRespondersRequiresHeaders);
    return false;
  }
  if (session.verbose) session.send(OK);
  host.message.wantsNoResponders = session.noResponders;
  return true;
}

/** AN-81, AN-82. */
function closedReasonOf(reason: DenyReason): ClosedReason {
  if (reason === "proxy is not trusted") return "Proxy Not Trusted";
  return reason === "proxy connection required" ? "Proxy Required" : "Authentication Failure";
}

/** A login that was good is not any more. */
export function refuseNow(session: ClientSession, reason: DenyReason): void {
  refuse(session, reason, undefined, closedReasonOf(reason));
}

/**
 * The client is not, or not any more, who it would have to be. `calloutAccount`: it was a service of
 * this account that said so. `closedReason` is for connz and events; the client reads the same always.
 */
function refuse(
  session: ClientSession,
  reason: string,
  calloutAccount?: string | undefined,
  closedReason: ClosedReason = "Authentication Failure",
): void {
  const { host, lastOptions } = session;
  const who = refusedUser(lastOptions);
  session.lastOptions = undefined;
  if (lastOptions !== undefined) session.user = claimedUser(lastOptions);
  host.counters.authFailures += 1;
  const parts = ["authentication error", who, reason].filter((part) => part !== "");
  logAbout(session, "error", parts.join(" - "));
  session.fail(authorizationViolation(closedReason));
  host.events?.refused(session, closedReason, reason);
  const account =
    calloutAccount === undefined ? undefined : host.rules.accountByName(calloutAccount);
  if (account !== undefined) host.events?.refusedByService(session, account.index, reason);
}

/** Who a refused login claimed to be, without what proves it: a seed may stand there by mistake. */
function claimedUser({ nkey, user, auth_token }: ConnectOptions): string {
  if (isPublicKey(nkey, "user")) return nkey;
  return redactSecrets(user) || (nkey === "" && auth_token === "" ? "" : REDACTED);
}

export function loginFacts(session: ClientSession): LoginFacts {
  return {
    nonce: session.nonce === "" ? NO_NONCE : Buffer.from(session.nonce, "latin1"),
    connectionType: "STANDARD",
    address: session.transport.remoteAddress,
    tls: session.tls,
    proxy: proxyOf(session),
  };
}

/** The smaller of two limits; -1 and undefined mean "none". */
function smaller(one: number, other: number | undefined): number {
  if (other === undefined || other < 0) return one;
  return one < 0 || other < one ? other : one;
}

/** What a second CONNECT builds on (CP-29). */
function withoutSecrets(options: ConnectOptions): ConnectOptions {
  const { pass, auth_token, jwt, sig, nkey, proxy_sig } = options;
  const kept =
    pass === "" && auth_token === "" && jwt === "" && sig === "" && nkey === "" && proxy_sig === ""
      ? options
      : { ...options, pass: "", auth_token: "", jwt: "", sig: "", nkey: "", proxy_sig: "" };
  if (isSame(kept, lastKept)) return lastKept;
  lastKept = kept;
  return kept;
}

/**
 * What the last login kept. Clients of one program say the same, thousands of them: they share one
 * object.
 */
let lastKept: ConnectOptions = CONNECT_DEFAULTS;
const OPTION_NAMES = Object.keys(CONNECT_DEFAULTS) as (keyof ConnectOptions)[];

function isSame(one: ConnectOptions, other: ConnectOptions): boolean {
  for (const name of OPTION_NAMES) if (one[name] !== other[name]) return false;
  return true;
}
