// What a changed configuration does to the connections of a worker (AZ-15 to AZ-17, RL-06, RL-13,
// CP-60, CP-91); a change of accounts alone comes by way of judgements.ts. Owned by the worker's core,
// called between two turns. Must stay true: when `followSnapshot` returns no session has a right, a
// limit or a subscription that the new snapshot does not give; nothing of any session's input is parsed
// before that.
import type { Identity, TokenEnd, TokenVerdict } from "@weft/auth";
import {
  authorizationViolation,
  ERROR_LINES,
  type ErrorLine,
  subscriptionRevoked,
} from "@weft/protocol";
import type {
  ConnectionLimits,
  ListenerOptions,
  SnapshotChange,
  SnapshotEffects,
} from "../ports.ts";
import type { PublishContext } from "../publish/context.ts";
import { removeSubscription } from "../subscribe/client-subscribe.ts";
import type { Subscription } from "../subscribe/subscription.ts";
import type { ClientSession } from "./client-session.ts";
import { loginFacts, refuseNow, restartLogin, setRights } from "./login.ts";
import { hasToLoginAnew } from "./plugin-login.ts";
import { proxyOf } from "./proxied.ts";
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

/** Makes every session what the snapshot that its host has by now makes of it; `before` was before. */
export function followSnapshot(
  sessions: readonly ClientSession[],
  change: SnapshotChange,
  before: SnapshotRules,
): SnapshotEffects {
  const open = sessions.filter(isOpen);
  let subscriptionsRemoved = 0;
  for (const session of open) {
    followPings(session, before.snapshot.limits.pingIntervalMs);
    if (session.state === "active") subscriptionsRemoved += followRights(session, change, before);
    else followGreeting(session, before);
  }
  // The input of a session that has waited for its login goes on in here: now all others are judged.
  for (const session of open) if (session.state === "logging-in") restartLogin(session);
  const connections = open.filter(isOpen).length;
  return { closed: open.length - connections, subscriptionsRemoved, connections };
}

/** Ends the newest first: who has been here for longer stays. Returns how many. */
export function closeExcess(
  host: SessionHost,
  sessions: readonly ClientSession[],
  { connectionsMax, accounts }: ConnectionLimits,
): number {
  if (sessions.length <= connectionsMax && accounts.size === 0) return 0;
  const open = sessions.filter(isOpen);
  let left = open.length;
  for (const session of [...open].reverse()) {
    const accountMax = accounts.get(session.account);
    if (left > connectionsMax) {
      logAbout(session, "error", ERROR_LINES.connectionsExceeded.text);
      session.fail(ERROR_LINES.connectionsExceeded);
    } else if (accountMax === undefined || !closeAbove(host, session, accountMax)) continue;
    left -= 1;
  }
  return open.length - left;
}

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

/** Before the login: new rules for it. */
function followGreeting(session: ClientSession, before: SnapshotRules): void {
  const { host } = session;
  const { limits } = host;
  session.controlLineBytesMax = limits.controlLineBytesMax;
  if (session.state === "logging-in") return;
  const listener = host.listener(session.listenerIndex);
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

/** Returns how many subscriptions a session lost that stays. */
function followRights(
  session: ClientSession,
  change: SnapshotChange,
  before: SnapshotRules,
): number {
  const { host, identity, tls } = session;
  if (tls !== undefined && change.isPinned?.(tls) === false) {
    session.close("TLS Handshake Failure");
    return 0;
  }
  if (identity === undefined) return 0;
  if (!host.rules.proxies.accepts(proxyOf(session))) {
    refuseNow(session, "proxy is not trusted");
    return 0;
  }
  if (hasToLoginAnew(session, before)) {
    session.close("Client Closed");
    return 0;
  }
  const verdict = host.rules.judgeAgain(identity, loginFacts(session));
  if (verdict !== undefined) return followToken(session, verdict);
  const { authenticator } = before;
  const { sameSecrets } = change;
  const facts = loginFacts(session);
  const outcome = host.rules.reauthorize({ identity, before: authenticator, facts, sameSecrets });
  if (outcome.kind === "denied") {
    refuseNow(session, outcome.reason);
    return 0;
  }
  if (outcome.kind === "granted") return takeRights(session, identity, outcome.identity);
  session.close("Client Closed");
  return 0;
}

/** AC-93. */
export function followToken(session: ClientSession, verdict: TokenVerdict): number {
  const { identity } = session;
  if (verdict.kind === "granted" && identity !== undefined) {
    return takeRights(session, identity, verdict.identity);
  }
  if (verdict.kind === "ended") {
    logAbout(session, "error", `authentication ended - ${verdict.detail}`);
    const line = TOKEN_ENDS[verdict.why];
    if (line === undefined) session.close("Authentication Failure");
    else session.fail(line);
  }
  return 0;
}

/** The session stays, as somebody who may do what `next` may. */
function takeRights(session: ClientSession, identity: Identity, next: Identity): number {
  const { host } = session;
  const account = host.rules.accountByName(next.accountName);
  if (account === undefined || account.index !== session.account) {
    session.close("Client Closed");
    return 0;
  }
  const hasSameRights = identity.permissionsKey === next.permissionsKey;
  const { responses, user, specialTarget } = session;
  setRights(session, account, next);
  // Who may answer what he was asked before keeps that right while his rights are the same.
  if (hasSameRights) session.responses = responses;
  if (session.user !== user) host.factsChanged(session);
  session.controlLineBytesMax = host.limits.controlLineBytesMax;
  session.specialTarget =
    !session.echo || session.responses !== undefined || session.trace !== undefined;
  session.refreshQuick();
  // An answer that was allowed by the former rights is looked at again.
  if (!hasSameRights && session.publishParked === "answer") session.publishParked = "message";
  const removed = hasSameRights ? 0 : removeDenied(session);
  // Plans know how a session is delivered to.
  if (session.specialTarget !== specialTarget && session.subscriptions !== undefined) {
    host.subscriptions.allChanged(session.subscriptions.values());
  }
  const { subscriptions, subscriptionsMax } = session;
  if (subscriptionsMax >= 0 && (subscriptions?.size ?? 0) > subscriptionsMax) {
    logAbout(session, "error", ERROR_LINES.subscriptionsExceeded.text);
    session.fail(ERROR_LINES.subscriptionsExceeded);
    session.close("Maximum Subscriptions Exceeded");
  }
  return removed;
}

/** AZ-16, CP-91. Plans hold what a subscription that stays may get of their subject. */
function removeDenied(session: ClientSession): number {
  let removed = 0;
  const replanned: Subscription[] = [];
  for (const subscription of [...(session.subscriptions?.values() ?? [])]) {
    const { filter, queue } = subscription;
    const verdict = session.permissions?.subscribeVerdict(filter, queue) ?? "allow";
    const isFiltered = verdict === "allow-filtered";
    if (verdict !== "deny" && (isFiltered || subscription.filtered)) replanned.push(subscription);
    subscription.filtered = isFiltered;
    if (verdict !== "deny") continue;
    removeSubscription(session, subscription);
    sayRemoved(session, subscription);
    removed += 1;
  }
  session.host.subscriptions.allChanged(replanned);
  // Its figures are those of now.
  if (removed > 0) session.host.endOfInput(session);
  return removed;
}

function sayRemoved(session: ClientSession, { filter, queue, sid }: Subscription): void {
  const subject = Buffer.from(filter, "latin1");
  const group = queue === undefined ? undefined : Buffer.from(queue, "latin1");
  session.fail(subscriptionRevoked(subject, group, Buffer.from(sid, "latin1")));
  const using = queue === undefined ? "" : ` using queue ${JSON.stringify(queue)}`;
  const place = `${JSON.stringify(filter)}${using} (sid ${JSON.stringify(sid)})`;
  const text = `Removed sub ${place} for ${whoText(session)} - not authorized`;
  logAbout(session, "info", text);
}

function whoText({ identity, user }: ClientSession): string {
  if (identity?.kind === "token") return 'Token "[REDACTED]"';
  if (user === "") return 'User "N/A"';
  return `${identity?.nkey === undefined ? "User" : "Nkey"} ${JSON.stringify(user)}`;
}

/** A shorter interval counts from now on; a longer one from the next ping on. */
function followPings(session: ClientSession, formerIntervalMs: number): void {
  const { pingIntervalMs } = session.host.limits;
  if (session.pingDueMs === 0 || pingIntervalMs >= formerIntervalMs) return;
  const next = session.host.clock.monotonicMs() + pingIntervalMs;
  session.pingDueMs = Math.min(session.pingDueMs, next);
}
