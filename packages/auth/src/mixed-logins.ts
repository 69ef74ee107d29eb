// Logins where users of the configuration, users with tokens and a callout service stand beside each
// other (GP-1, SA-28, SA-29). Owned by a worker, one per set of users. The order:
//
//   1. a token: who judges tokens decides
//   2. a user, nkey, token or certificate of the configuration: the configuration decides
//   3. nothing at all, and there is a sentinel: the sentinel's token
//   4. everything else: the callout service, if there is one
//
// Must stay true: nobody comes into an account by another mechanism than the account's; a refusal says
// and costs the same whether the name is known or not: who gives a wrong password for a known name is
// asked about like a stranger, without his password, and refused whatever the answer is.
import { CalloutUsers } from "./callout.ts";
import type {
  CalloutPending,
  DenyReason,
  HashPending,
  Identity,
  LoginAnswer,
  LoginFacts,
  LoginOutcome,
  LoginRequest,
  Pending,
  Refusal,
} from "./identity.ts";
import type { StaticAuthenticator } from "./login.ts";
import type { Mechanisms } from "./mechanisms.ts";
import type { CalloutSpec } from "./spec.ts";
import type { TokenLogins, TokenVerdict } from "./token-logins.ts";

const OTHER_MECHANISM: Refusal = { kind: "denied", reason: "mechanism not allowed" };
const UNEXPECTED: Refusal = { kind: "denied", reason: "answer unexpected" };

/** The configuration has nobody of this name or with this proof: somebody else may. */
const UNKNOWN: ReadonlySet<DenyReason> = new Set<DenyReason>([
  "credentials missing",
  "user unknown",
  "nkey unknown",
  "token wrong",
  "certificate not mapped",
]);

export interface MixedParts {
  readonly authenticator: StaticAuthenticator;
  readonly mechanisms: Mechanisms;
  /** Undefined without operators. */
  readonly tokens: TokenLogins | undefined;
}

export class MixedLogins {
  readonly #authenticator: StaticAuthenticator;
  readonly #mechanisms: Mechanisms;
  readonly #tokens: TokenLogins | undefined;
  readonly #callout: CalloutSpec | undefined;
  readonly #calloutUsers = new CalloutUsers();

  constructor({ authenticator, mechanisms, tokens }: MixedParts) {
    this.#authenticator = authenticator;
    this.#mechanisms = mechanisms;
    this.#tokens = tokens;
    this.#callout = authenticator.callout;
  }

  begin(request: LoginRequest, facts: LoginFacts): LoginOutcome {
    if (request.account || request.newAccount) {
      return { kind: "denied", reason: "account in connect" };
    }
    if (request.jwt && this.#tokens !== undefined) {
      return this.#followToken(this.#tokens.begin(request, facts));
    }
    const { table } = this.#authenticator;
    // A guest is who brings nothing: not who brings a key that is unknown here.
    if (request.nkey && !table.nkeys.has(request.nkey)) return this.#others(request, facts);
    if (!this.#authenticator.authRequired && this.#tokens !== undefined) {
      return this.#others(request, facts);
    }
    return this.#followUsers(this.#authenticator.begin(request, facts), request, facts);
  }

  /** `answer` is what `wait` was waiting for. */
  finish(
    wait: Pending,
    answer: LoginAnswer,
    request: LoginRequest,
    facts: LoginFacts,
  ): LoginOutcome {
    if (wait.kind === "account") {
      const outcome = this.#tokens?.finish(wait, answer, facts) ?? UNEXPECTED;
      return this.#followToken(outcome);
    }
    if (wait.kind === "callout") return this.#finishCallout(wait, answer, request);
    if (wait.kind === "hash" && wait.refusal !== undefined) return wait.refusal;
    const outcome = this.#authenticator.finish(wait, answer);
    // It was compared with nothing, for the time that it takes; there is nobody else to ask.
    const isOver =
      wait.kind === "hash" && wait.candidate === undefined && this.#callout === undefined;
    return isOver ? outcome : this.#followUsers(outcome, request, facts);
  }

  /** What is true now of somebody who came by a token; undefined = the users decide about him. */
  judgeAgain(identity: Identity, facts: LoginFacts): TokenVerdict | undefined {
    const { token, kind, accountName } = identity;
    if (token === undefined && kind !== "callout") return undefined;
    if (this.#mechanisms.of(accountName) !== "jwt") {
      if (token === undefined) return undefined;
      return { kind: "ended", why: "refused", detail: "mechanism not allowed" };
    }
    return this.#tokens?.judgeAgain(identity, facts);
  }

  /** The same as far as it costs nothing; see `TokenLogins`. */
  knownEnd(identity: Identity): TokenVerdict | undefined {
    const { token, kind, accountName } = identity;
    if (token === undefined && kind !== "callout") return undefined;
    if (this.#mechanisms.of(accountName) !== "jwt") return undefined;
    return this.#tokens?.knownEnd(identity);
  }

  #followToken(outcome: LoginOutcome): LoginOutcome {
    const account = accountOf(outcome);
    if (account === undefined || this.#mechanisms.of(account) === "jwt") return outcome;
    return OTHER_MECHANISM;
  }

  /** What follows from what the users of the configuration say. */
  #followUsers(outcome: LoginOutcome, request: LoginRequest, facts: LoginFacts): LoginOutcome {
    if (outcome.kind === "granted") {
      return this.#mechanisms.fits(outcome.identity) ? outcome : OTHER_MECHANISM;
    }
    if (outcome.kind === "denied") {
      return this.#isUnknown(outcome.reason)
        ? this.#others(request, facts, outcome)
        : this.#refuse(outcome);
    }
    const { wait } = outcome;
    const isStranger = wait.kind === "hash" && wait.candidate === undefined;
    if (!isStranger || !this.#isUnknown(wait.reason)) return outcome;
    return this.#others(request, facts, outcome, wait);
  }

  #isUnknown(reason: DenyReason | undefined): boolean {
    if (reason === undefined || UNKNOWN.has(reason)) return true;
    // Where certificates name users, none names nobody; elsewhere it is missing for a known one.
    return reason === "certificate required" && this.#authenticator.tlsMap;
  }

  /** Nobody here knows the login. `costs`: what a refusal has to cost beside the question. */
  #others(
    request: LoginRequest,
    facts: LoginFacts,
    otherwise: LoginOutcome = { kind: "denied", reason: "user unknown" },
    costs?: HashPending,
  ): LoginOutcome {
    if (this.#tokens?.hasSentinel === true && bringsNothing(request)) {
      return this.#followToken(this.#tokens.begin(request, facts));
    }
    if (this.#callout === undefined) return otherwise;
    const { account } = this.#callout;
    return { kind: "pending", wait: { kind: "callout", account, jwt: "", costs } };
  }

  /** Somebody who is known, and cannot prove it. */
  #refuse(refusal: Refusal): LoginOutcome {
    if (this.#callout === undefined) return refusal;
    const { account } = this.#callout;
    return { kind: "pending", wait: { kind: "callout", account, jwt: "", refusal } };
  }

  #finishCallout(wait: CalloutPending, answer: LoginAnswer, request: LoginRequest): LoginOutcome {
    if (wait.refusal !== undefined) return wait.refusal;
    const outcome = this.#calloutUsers.finish(wait, answer, request);
    if (outcome.kind === "granted" && this.#mayPlace(outcome.identity, wait)) return outcome;
    const refusal = outcome.kind === "denied" ? outcome : OTHER_MECHANISM;
    if (wait.costs === undefined) return refusal;
    return { kind: "pending", wait: { ...wait.costs, refusal } };
  }

  /** The service of an account by token places users among those; control has looked at where. */
  #mayPlace(identity: Identity, { jwt }: CalloutPending): boolean {
    if (jwt !== "") return this.#mechanisms.of(identity.accountName) === "jwt";
    return this.#mechanisms.fits(identity);
  }
}

function bringsNothing({ user, pass, authToken, nkey, jwt }: LoginRequest): boolean {
  return !user && !pass && !authToken && !nkey && !jwt;
}

/** The account that a token belongs to, as far as it is known. */
function accountOf(outcome: LoginOutcome): string | undefined {
  if (outcome.kind === "granted") return outcome.identity.accountName;
  if (outcome.kind === "denied") return undefined;
  const { wait } = outcome;
  if (wait.kind === "account") return wait.key;
  return wait.kind === "callout" ? wait.account : undefined;
}
