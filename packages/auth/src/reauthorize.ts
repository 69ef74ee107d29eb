// What becomes of somebody who is logged in when the users of the configuration change (AZ-16,
// AZ-17, RL-13). Owned by a worker; pure. Must stay true: nobody keeps a right that the new users do
// not give, and no secret of a connection is needed: stored secrets are compared with each other.
import { calloutDecides } from "./callout.ts";
import { connectionTypeAllowed } from "./connection-type.ts";
import type { Credential } from "./credential-table.ts";
import type { DenyReason, Identity, LoginFacts } from "./identity.ts";
import type { StaticAuthenticator } from "./login.ts";
import { secretName } from "./secret-changes.ts";
import type { CalloutSpec } from "./spec.ts";

/**
 * `granted`: stays, as this identity. `moved`: the user is gone or belongs to another account now;
 * the connection ends without a word, as in the reference. `denied`: has to log in anew.
 */
export type ReauthorizeOutcome =
  | { readonly kind: "granted"; readonly identity: Identity }
  | { readonly kind: "moved" }
  | { readonly kind: "denied"; readonly reason: DenyReason };

/** Who was let in by which users, and what else is known. */
export interface FormerLogin {
  readonly identity: Identity;
  readonly before: StaticAuthenticator;
  readonly facts: LoginFacts;
  /** Secrets that are written in another way and mean the same; see `secretChanges`. */
  readonly sameSecrets: ReadonlySet<string>;
}

const MOVED: ReauthorizeOutcome = { kind: "moved" };

function denied(reason: DenyReason): ReauthorizeOutcome {
  return { kind: "denied", reason };
}

/** Judges one connection by the new users. */
export function reauthorize(login: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  const outcome = byKind(login, after);
  if (outcome.kind !== "granted") return outcome;
  if (outcome.identity.proxyRequired && !login.facts.proxy) {
    return denied("proxy connection required");
  }
  const { mechanisms } = after;
  // Here the service has a say about accounts of its own only.
  if (mechanisms !== undefined) return mechanisms.fits(outcome.identity) ? outcome : MOVED;
  const { kind } = login.identity;
  if (kind === "callout" || kind === "plugin") return outcome;
  if (isSameCallout(login.before, after)) return outcome;
  // The service has a say now: the client asks for itself when it comes back.
  return calloutDecides(after.callout, outcome.identity) ? MOVED : outcome;
}

function byKind(login: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  switch (login.identity.kind) {
    case "none":
      return anonymous(login, after);
    case "token":
      return byToken(login, after);
    case "no-auth-user":
      return byNoAuthUser(login, after);
    case "nkey":
      return byNkey(login, after);
    case "user":
      return byUser(login, after);
    case "certificate":
      return byCertificate(login, after);
    case "callout":
      return byCallout(login, after);
    // What the module said holds for as long as it is the same module; who looks at that is before this.
    case "plugin":
      return { kind: "granted", identity: login.identity };
    // A token is judged by whoever took it; here nobody trusts it any more.
    case "jwt":
      return denied("token refused");
  }
}

/** What a service said holds for as long as the same service is asked. */
function byCallout(login: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  if (!isSameCallout(login.before, after)) return MOVED;
  return { kind: "granted", identity: login.identity };
}

function isSameCallout(before: StaticAuthenticator, after: StaticAuthenticator): boolean {
  return JSON.stringify(calloutOf(before)) === JSON.stringify(calloutOf(after));
}

/** Where accounts have mechanisms these say where the service may place users. */
function calloutOf({ callout, mechanisms }: StaticAuthenticator): CalloutSpec | undefined {
  if (callout === undefined || mechanisms === undefined) return callout;
  return { ...callout, allowedAccounts: [] };
}

function anonymous({ facts }: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  const outcome = after.begin({}, facts);
  return outcome.kind === "granted" ? outcome : denied("credentials missing");
}

function byToken(login: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  if (!after.authRequired) return { kind: "granted", identity: after.table.anonymous };
  const { token } = after.table;
  if (token === undefined) return denied("token wrong");
  const isSame = hasSameSecret(login, secretName.token, login.before.table.token, token);
  return isSame ? { kind: "granted", identity: token.identity } : denied("token wrong");
}

function byNoAuthUser(login: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  const { user, nkey } = login.identity;
  const found = nkey === undefined ? after.table.users.get(user) : after.table.nkeys.get(nkey);
  const outcome = inSameAccount(login, found);
  if (outcome.kind !== "granted") return outcome;
  if (after.noAuthUser !== (nkey ?? user)) return denied("credentials missing");
  return { kind: "granted", identity: { ...outcome.identity, kind: "no-auth-user" } };
}

function byNkey(login: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  return inSameAccount(login, after.table.nkeys.get(login.identity.nkey ?? ""));
}

function byUser(login: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  const { user } = login.identity;
  const found = userOf(after, user);
  const outcome = inSameAccount(login, found);
  if (outcome.kind !== "granted" || found === undefined) return outcome;
  if (after.tlsMap || found.certificateOnly) return denied("certificate required");
  const known = userOf(login.before, user);
  const isSame = hasSameSecret(login, secretName.user(user), known, found);
  return isSame ? outcome : denied("password wrong");
}

/** The certificate may name another user now. */
function byCertificate(login: FormerLogin, after: StaticAuthenticator): ReauthorizeOutcome {
  const { identity, facts, before } = login;
  const named = inSameAccount(login, after.table.users.get(identity.user));
  if (named.kind !== "granted") return named;
  if (!after.tlsMap || facts.tls === undefined) return denied("certificate required");
  const name = after.certificates?.mapCertificate(facts.tls, facts.connectionType);
  const found = name === undefined ? undefined : after.table.users.get(name);
  if (name === undefined || found === undefined) return denied("certificate not mapped");
  const outcome = inSameAccount(login, found);
  if (outcome.kind !== "granted") return outcome;
  const known = name === identity.user ? before.table.users.get(name) : undefined;
  const isOpen = found.secret === "";
  if (!isOpen && !hasSameSecret(login, secretName.user(name), known, found)) {
    return denied("password wrong");
  }
  return { kind: "granted", identity: { ...outcome.identity, kind: "certificate" } };
}

function userOf({ table }: StaticAuthenticator, user: string): Credential | undefined {
  return table.users.get(user) ?? (table.single?.identity.user === user ? table.single : undefined);
}

function inSameAccount(
  { identity, facts }: FormerLogin,
  found: Credential | undefined,
): ReauthorizeOutcome {
  if (found === undefined || found.identity.accountName !== identity.accountName) return MOVED;
  if (!connectionTypeAllowed(found.allowedConnectionTypes, facts.connectionType)) {
    return denied("connection type not allowed");
  }
  return { kind: "granted", identity: found.identity };
}

function hasSameSecret(
  { sameSecrets }: FormerLogin,
  name: string,
  before: Credential | undefined,
  after: Credential,
): boolean {
  if (before === undefined) return false;
  return before.secret === after.secret || sameSecrets.has(name);
}
