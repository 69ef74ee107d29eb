// Logins that an authentication module decides about (GP-14), before anybody else does. Owned by the
// session's worker. Must stay true: without a module nothing of this costs anything; where the module
// leaves a login to the server and nobody has to log in there, nobody is let in for that.
import {
  type CalloutPending,
  type LoginAnswer,
  type LoginFacts,
  type LoginOutcome,
  type LoginQuestion,
  type LoginRequest,
  requireProxy,
  type TokenVerdict,
} from "@weft/auth";
import { CONNECT_DEFAULTS } from "@weft/protocol";
import { mayAskAgain } from "./callout-question.ts";
import type { ClientSession } from "./client-session.ts";
import { proxyOf } from "./proxied.ts";
import type { PendingLogin } from "./session-host.ts";
import type { SnapshotRules } from "./snapshot-rules.ts";

/** Control gives up first; this is for the case that it does not. */
const GRACE_MS = 1_000;

/** First half of a login, whoever decides. */
export function beginBy(
  rules: SnapshotRules,
  request: LoginRequest,
  facts: LoginFacts,
): LoginOutcome {
  const { plugin } = rules;
  if (plugin === undefined) return rules.beginLogin(request, facts);
  return plugin.begin(request) ?? plugin.followOthers(rules.beginLogin(request, facts), request);
}

/** Second half. */
export function finishBy(
  rules: SnapshotRules,
  pending: PendingLogin,
  answer: LoginAnswer,
  request: LoginRequest,
  facts: LoginFacts,
): LoginOutcome {
  const { plugin } = rules;
  const { wait } = pending;
  if (wait.kind !== "plugin") {
    const outcome = requireProxy(rules.finishLogin(pending, answer, request, facts), facts);
    const finished = wait.kind === "callout" ? judgeCallout(rules, outcome, facts, wait) : outcome;
    return plugin?.followOthers(finished, request) ?? finished;
  }
  const hasAccount = (name: string): boolean => rules.mayPlaceInto(name);
  const outcome = plugin?.finish(answer, request, hasAccount);
  if (outcome !== undefined) return requireProxy(judgePlaced(rules, outcome, facts), facts);
  if (rules.ownAuthRequired) return rules.beginLogin(request, facts);
  return { kind: "denied", reason: "credentials missing" };
}

/**
 * Where accounts come by tokens: what would end the connection later does not let it begin, and it begins
 * with the rights that it would be given later.
 */
function judgePlaced(rules: SnapshotRules, outcome: LoginOutcome, facts: LoginFacts): LoginOutcome {
  const verdict = verdictOf(rules, outcome, facts);
  if (verdict?.kind !== "ended") return verdict ?? outcome;
  const detail = `authentication module: ${verdict.detail}`;
  return { kind: "denied", reason: "plugin refused", detail };
}

/**
 * The same of a callout: accounts may have changed while its service was asked, or while the answer waited
 * for its turn (AN-65). Who logs in is not among those whom such a change judges.
 */
function judgeCallout(
  rules: SnapshotRules,
  outcome: LoginOutcome,
  facts: LoginFacts,
  { account: accountName }: CalloutPending,
): LoginOutcome {
  const verdict = verdictOf(rules, outcome, facts);
  if (verdict?.kind !== "ended") return verdict ?? outcome;
  return { kind: "denied", reason: "callout refused", detail: verdict.detail, accountName };
}

function verdictOf(
  rules: SnapshotRules,
  outcome: LoginOutcome,
  facts: LoginFacts,
): TokenVerdict | undefined {
  return outcome.kind === "granted" ? rules.judgeAgain(outcome.identity, facts) : undefined;
}

/** Undefined when the session has asked too often. The deadline of the login begins anew. */
export function askPlugin(session: ClientSession): LoginQuestion | undefined {
  if (!mayAskAgain(session)) return undefined;
  const { host, transport, clientId, nonce, tls } = session;
  const timeoutMs = host.rules.plugin?.spec.timeoutMs ?? 0;
  session.authDeadlineMs = host.clock.monotonicMs() + timeoutMs + GRACE_MS;
  const { nkey, sig, auth_token, user, pass, jwt, name, lang, version, protocol } =
    session.lastOptions ?? CONNECT_DEFAULTS;
  const certificates = [tls?.peerCertificate, ...(tls?.peerIssuers ?? [])].filter(
    (certificate) => certificate !== undefined,
  );
  return {
    kind: "plugin",
    request: {
      kind: "client",
      connectionType: "STANDARD",
      clientId,
      address: transport.remoteAddress,
      port: transport.remotePort,
      nonce,
      connect: { user, pass, token: auth_token, nkey, sig, jwt, name, lang, version, protocol },
      tls: tls && { version: tls.version, cipher: tls.cipher, certificates },
      proxy: proxyOf(session),
    },
  };
}

/** A module that was not there before has to be asked; one that is gone let nobody in. */
export function hasToLoginAnew(session: ClientSession, before: SnapshotRules): boolean {
  const { identity, host } = session;
  if (identity === undefined) return false;
  const { plugin } = host.rules;
  if (plugin === undefined) return identity.kind === "plugin";
  return plugin.hasToAsk(identity, before.plugin?.spec);
}
