// What a changed configuration or a changed account makes of one connection (AZ-15 to AZ-17, RL-06,
// RL-13, CP-60, CP-91); whose turn it is, judgements.ts decides. Owned by the worker's core, called
// between two pieces of the connection's input. Must stay true: after its judgement a session has no
// right and no limit that the rules of now do not give, and gets nothing by a subscription that they do
// not give (reviews.ts).
import type { Identity, TokenEnd, TokenVerdict } from "@weft/auth";
import { authorizationViolation, ERROR_LINES, type ErrorLine } from "@weft/protocol";
import type { ListenerOptions } from "../ports.ts";
import type { PublishContext } from "../publish/context.ts";
import type { ClientSession } from "./client-session.ts";
import { loginFacts, refuseNow, setRights } from "./login.ts";
import { hasToLoginAnew } from "./plugin-login.ts";
import { proxyOf } from "./proxied.ts";
import type { Reload } from "./reload.ts";
import { closeAboveLimit } from "./reviews.ts";
import type { SessionHost } from "./session-host.ts";
import { logAbout } from "./session-log.ts";
import type { SnapshotRules } from "./snapshot-rules.ts";

/** What a connection reads whose token is not good any more; undefined = nothing. */
const TOKEN_ENDS: Readonly<Record<TokenEnd, ErrorLine | undefined>> = {
  "user expired": ERROR_LINES.userAuthenticationExpired,
  "account expired": ERROR_LINES.accountAuthenticationExpired,
  revoked: ERROR_LINES.userAuthenticationRevoked,
  violation: authorizationViolation("Authentication Failure"),
  refused: undefined,
};

/** Ends a session if its account has more than `accountMax`; false = it has not. */
export function closeAbove(host: SessionHost, session: ClientSession, accountMax: number): boolean {
  const { account } = session;
  if (!host.shared.releaseAbove(account, accountMax)) return false;
  logAbout(session, "error", ERROR_LINES.accountConnectionsExceeded.text);
  // Given back already, or two threads would both find one too many.
  session.account = -1;
  session.fail(ERROR_LINES.accountConnectionsExceeded);
  session.account = account;
  return true;
}

/** What sessions publish in. */
export function contextsOf(sessions: ReadonlyMap<number, ClientSession>): PublishContext[] {
  return Array.from(sessions.values(), ({ context }) => context);
}

export function isOpen({ state }: ClientSession): boolean {
  return state !== "closing" && state !== "closed";
}

/** What costs little, and concerns who has not logged in. */
export function followAtOnce(session: ClientSession, { before }: Reload): void {
  followPings(session, before.snapshot.limits.pingIntervalMs);
  if (session.state !== "active") followGreeting(session, before);
}

/** Before the login: new rules for it. */
function followGreeting(session: ClientSession, before: SnapshotRules): void {
  const { host } = session;
  const { limits } = host;
  session.controlLineBytesMax = limits.controlLineBytesMax;
  if (session.state === "logging-in") return;
  const listener = host.rules.listener(session.listenerIndex);
  const former = before.snapshot.listeners[session.listenerIndex];
  // It was told to speak in clear, or to begin with TLS, and would be misunderstood from now on.
  const isGreeted = session.tls === undefined && session.state !== "securing";
  if (isGreeted && (former === undefined || !isGreetedAlike(former, listener))) {
    session.close("Client Closed");
    return;
  }
  session.payloadBytesMax = limits.payloadBytesMax;
  session.subscriptionsMax = limits.subscriptionsMax;
  session.context = host.contexts.client(0);
  session.awaitingConnect = host.rules.authRequired;
  if (!host.rules.authRequired) session.authDeadlineMs = 0;
  else if (session.authDeadlineMs === 0) {
    session.authDeadlineMs = host.clock.monotonicMs() + limits.authTimeoutMs;
  }
}

function isGreetedAlike(one: ListenerOptions, other: ListenerOptions): boolean {
  return one.tls === other.tls && one.handshakeFirst === other.handshakeFirst;
}

/** What the new configuration makes of a session that has logged in. */
export function followRights(session: ClientSession, { change, before }: Reload): void {
  const { host, identity, tls } = session;
  if (tls !== undefined && change.isPinned?.(tls) === false) {
    session.close("TLS Handshake Failure");
    return;
  }
  if (identity === undefined) return;
  if (!host.rules.proxies.accepts(proxyOf(session))) {
    refuseNow(session, "proxy is not trusted");
    return;
  }
  if (hasToLoginAnew(session, before)) {
    session.close("Client Closed");
    return;
  }
  const facts = loginFacts(session);
  const verdict = host.rules.judgeAgain(identity, facts);
  if (verdict !== undefined) {
    followToken(session, verdict);
    return;
  }
  const { authenticator } = before;
  const { sameSecrets } = change;
  const outcome = host.rules.reauthorize({ identity, before: authenticator, facts, sameSecrets });
  if (outcome.kind === "denied") refuseNow(session, outcome.reason);
  else if (outcome.kind === "granted") takeRights(session, identity, outcome.identity);
  else session.close("Client Closed");
}

/** AC-93. */
export function followToken(session: ClientSession, verdict: TokenVerdict): void {
  const { identity } = session;
  if (verdict.kind === "granted" && identity !== undefined) {
    takeRights(session, identity, verdict.identity);
  }
  if (verdict.kind === "ended") {
    logAbout(session, "error", `authentication ended - ${verdict.detail}`);
    const line = TOKEN_ENDS[verdict.why];
    if (line === undefined) session.close("Authentication Failure");
    else session.fail(line);
  }
}

/** The session stays, as somebody who may do what `next` may. */
function takeRights(session: ClientSession, identity: Identity, next: Identity): void {
  const { host } = session;
  const account = host.rules.accountByName(next.accountName);
  if (account === undefined || account.index !== session.account) {
    session.close("Client Closed");
    return;
  }
  const hasSameRights = identity.permissionsKey === next.permissionsKey;
  const { responses, user, specialTarget } = session;
  // Who may answer what he was asked before keeps that right while his rights are the same.
  if (hasSameRights) session.responses = undefined;
  setRights(session, account, next);
  if (hasSameRights) session.responses = responses;
  if (session.user !== user) host.factsChanged(session);
  session.controlLineBytesMax = host.limits.controlLineBytesMax;
  session.specialTarget =
    !session.echo || session.responses !== undefined || session.trace !== undefined;
  session.refreshQuick();
  // An answer that was allowed by the former rights is looked at again.
  const parked = session.publishParked;
  if (!hasSameRights && parked !== undefined) session.publishParked = { drawn: parked.drawn };
  const isReplanned = !hasSameRights && host.reviews.begin(session);
  // Plans know how a session is delivered to.
  const isOther = session.specialTarget !== specialTarget && !isReplanned;
  if (isOther && session.subscriptions !== undefined) {
    host.subscriptions.allChanged(session.subscriptions.values());
  }
  if (session.review === undefined) closeAboveLimit(session);
}

/** A shorter interval counts from now on; a longer one from the next ping on. */
function followPings(session: ClientSession, formerIntervalMs: number): void {
  const { pingIntervalMs } = session.host.limits;
  if (session.pingDueMs === 0 || pingIntervalMs >= formerIntervalMs) return;
  const next = session.host.clock.monotonicMs() + pingIntervalMs;
  session.pingDueMs = Math.min(session.pingDueMs, next);
}
