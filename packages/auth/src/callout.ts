// Which logins an auth callout service decides about, and what becomes of its answer (AN-60 to
// AN-71). Owned by a worker, one per set of users. What must stay true: who is named in `auth_users`
// gets in without it, or the service could not log in; nobody in the account of the service may
// publish what only the server may ask.

import { REDACTED } from "@weft/base";
import { withoutCalloutSubject } from "./callout-subject.ts";
import { GLOBAL_ACCOUNT } from "./credential-table.ts";
import type {
  CalloutPending,
  CalloutUser,
  DenyReason,
  Identity,
  LoginAnswer,
  LoginOutcome,
  LoginRequest,
} from "./identity.ts";
import { isPublicKey } from "./nkeys/key.ts";
import { type CompiledPermissions, compilePermissions, permissionsKey } from "./permissions.ts";
import type { CalloutSpec, PermissionsSpec } from "./spec.ts";

/** Whoever says this, whatever his name: nobody learns anything from the time. */
const AT_ONCE: DenyReason = "account in connect";
/** What no service can undo. */
const FINAL: DenyReason = "proxy connection required";
/** Sets of permissions that stay compiled, and their tokens; all make room together. */
const COMPILED_MAX = 1_024;
const TOKENS_MAX = 65_536;

/** AN-68: who a login counts as; a token has no name. User tokens say nothing here (AN-73). */
export function rawUserOf({ nkey, user, authToken }: LoginRequest): string {
  return nkey || user || (authToken ? REDACTED : "");
}

/** Users of this account are the service's business. */
function isDelegated(spec: CalloutSpec, accountName: string): boolean {
  const { allowedAccounts } = spec;
  if (accountName === GLOBAL_ACCOUNT || allowedAccounts.length === 0) return true;
  return allowedAccounts.includes(accountName);
}

/** True if somebody whom the static users know has to be let in by the service all the same. */
export function calloutDecides(spec: CalloutSpec | undefined, identity: Identity): boolean {
  if (spec === undefined || !isDelegated(spec, identity.accountName)) return false;
  return !spec.authUsers.includes(identity.nkey ?? identity.user);
}

/** One service's part in the logins of a worker. */
export class CalloutGate {
  readonly #spec: CalloutSpec;

  constructor(spec: CalloutSpec) {
    this.#spec = spec;
  }

  /**
   * What follows from what the static users say of a login. Attack 29: who is refused whatever the
   * service says is asked about all the same, in vain: in time he is like one whom nobody knows.
   */
  follow(outcome: LoginOutcome, request: LoginRequest): LoginOutcome {
    if (outcome.kind === "denied") {
      if (outcome.reason === AT_ONCE) return outcome;
      return this.#ask(this.#isFinal(outcome.reason, request) ? { refusal: outcome } : {});
    }
    if (outcome.kind === "granted") {
      return this.#mayPass(outcome.identity) ? outcome : this.#ask();
    }
    const { wait } = outcome;
    if (wait.kind !== "hash") return outcome;
    // What the comparison says is of no consequence where the service is asked in any case.
    if (wait.candidate === undefined) {
      const isFinal = this.#isFinal(wait.reason ?? "user unknown", request);
      return isFinal ? outcome : this.#ask({ costs: wait });
    }
    if (this.#mayPass(wait.candidate)) return outcome;
    return this.#ask({ costs: { ...wait, candidate: undefined } });
  }

  /** `costs`: see `afterCallout`. */
  #ask(more: Pick<CalloutPending, "costs" | "refusal"> = {}): LoginOutcome {
    const { account } = this.#spec;
    return { kind: "pending", wait: { kind: "callout", account, jwt: "", ...more } };
  }

  #isFinal(reason: DenyReason, request: LoginRequest): boolean {
    return reason === FINAL || this.#isAuthUser(request);
  }

  #isAuthUser(request: LoginRequest): boolean {
    const name = rawUserOf(request);
    return name !== "" && this.#spec.authUsers.includes(name);
  }

  /** By who he is: CONNECT may name somebody else beside, as in `nkey`, which counts for nothing. */
  #mayPass(identity: Identity): boolean {
    return !calloutDecides(this.#spec, identity);
  }
}

/**
 * Attack 29. Whoever is compared with a hash before the service is asked is refused later than a
 * stranger, who is only asked about: the stranger's refusal costs a hash too, behind the answer. Who is
 * let in by the service does not wait for it.
 */
export function afterCallout(
  outcome: LoginOutcome,
  { costs, refusal }: CalloutPending,
): LoginOutcome {
  if (refusal !== undefined) return refusal;
  if (outcome.kind !== "denied" || costs === undefined) return outcome;
  return { kind: "pending", wait: { ...costs, refusal: outcome } };
}

/** What becomes of the answers of services, in any account. */
export class CalloutUsers {
  readonly #compiled = new Map<string, CompiledPermissions>();
  #tokensCount = 0;

  /** The identity that the service gives, or why there is none. */
  finish(wait: CalloutPending, answer: LoginAnswer, request: LoginRequest): LoginOutcome {
    if (answer.kind !== "callout") return { kind: "denied", reason: "answer unexpected" };
    if (answer.user === undefined) {
      const { account: accountName } = wait;
      return { kind: "denied", reason: "callout refused", detail: answer.reason, accountName };
    }
    return { kind: "granted", identity: this.identityOf(answer.user, wait.account, request) };
  }

  /** Who `user` is; `serviceAccount`: who is placed there may not ask what only the server may. */
  identityOf(user: CalloutUser, serviceAccount: string, request: LoginRequest): Identity {
    const { accountName, name, payloadBytesMax, subscriptionsMax, expiresAtMs } = user;
    const isBesideService = accountName === serviceAccount;
    const permissions = isBesideService
      ? withoutCalloutSubject(user.permissions)
      : user.permissions;
    const key = permissionsKey(permissions);
    return {
      kind: "callout",
      user: name === "" ? shownName(request) : name,
      accountName,
      permissionsKey: key,
      permissions: this.#compile(key, permissions),
      payloadBytesMax,
      subscriptionsMax,
      expiresAtMs,
      proxyRequired: user.proxyRequired,
      tags: user.tags,
      placed: user.placed,
    };
  }

  #compile(key: string, spec: PermissionsSpec | undefined): CompiledPermissions {
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const compiled = compilePermissions(spec);
    this.#tokensCount += compiled.tokensCount;
    if (this.#compiled.size >= COMPILED_MAX || this.#tokensCount > TOKENS_MAX) {
      this.#compiled.clear();
      this.#tokensCount = compiled.tokensCount;
    }
    if (compiled.tokensCount <= TOKENS_MAX) this.#compiled.set(key, compiled);
    return compiled;
  }
}

/** As the client called itself, without what may be a secret. */
function shownName({ nkey, user, authToken, jwt }: LoginRequest): string {
  if (nkey) return isPublicKey(nkey, "user") ? nkey : REDACTED;
  if (user) return user;
  return authToken || jwt ? REDACTED : "";
}
