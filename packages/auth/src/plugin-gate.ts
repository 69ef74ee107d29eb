// Which logins an authentication module decides about, and what becomes of its verdicts (GP-14). Owned
// by a worker, one per set of users. Must stay true: who is named in `authUsers` never waits for it, and
// nobody else gets in without it.
import type { CalloutUsers } from "./callout.ts";
import type { Identity, LoginAnswer, LoginOutcome, LoginRequest } from "./identity.ts";
import type { PluginSpec } from "./spec.ts";

const ASK: LoginOutcome = { kind: "pending", wait: { kind: "plugin" } };

function refused(detail: string): LoginOutcome {
  const text = `authentication module: ${detail}`;
  return { kind: "denied", reason: "plugin refused", detail: text };
}

export class PluginGate {
  readonly spec: PluginSpec;
  readonly #users: CalloutUsers;
  readonly #calloutAccount: string;

  /** `calloutAccount`: of the callout service of the configuration; "" = there is none. */
  constructor(spec: PluginSpec, users: CalloutUsers, calloutAccount: string) {
    this.spec = spec;
    this.#users = users;
    this.#calloutAccount = calloutAccount;
  }

  /** Undefined: the module has no say. */
  begin(request: LoginRequest): LoginOutcome | undefined {
    if (request.account || request.newAccount) {
      return { kind: "denied", reason: "account in connect" };
    }
    return this.#isExempt(request) ? undefined : ASK;
  }

  /**
   * What others say of somebody whom the module was not asked about: he has to be who he said. CONNECT
   * may name one user, and prove another by a token, a key or a certificate.
   */
  followOthers(outcome: LoginOutcome, request: LoginRequest): LoginOutcome {
    if (outcome.kind !== "granted" || !this.#isExempt(request)) return outcome;
    const { nkey, user, kind } = outcome.identity;
    // There the name is what a service says, which may be a tenant's own.
    const isByTenant = kind === "callout" && Boolean(request.jwt);
    if (!isByTenant && this.spec.authUsers.includes(nkey ?? user)) return outcome;
    return refused("it was not asked, as another user was named");
  }

  /** Undefined: it leaves the login to the others. */
  finish(
    answer: LoginAnswer,
    request: LoginRequest,
    hasAccount: (name: string) => boolean,
  ): LoginOutcome | undefined {
    if (answer.kind !== "plugin") return { kind: "denied", reason: "answer unexpected" };
    const { verdict } = answer;
    if (verdict.kind === "next") return undefined;
    if (verdict.kind === "refused") return refused(verdict.reason);
    const { user } = verdict;
    if (!hasAccount(user.accountName)) return refused("the account of its answer is not there");
    const identity = this.#users.identityOf(user, this.#calloutAccount, request);
    return { kind: "granted", identity: { ...identity, kind: "plugin" } };
  }

  #isExempt({ nkey, user }: LoginRequest): boolean {
    const names = [nkey, user].filter(Boolean) as string[];
    return names.length > 0 && names.every((name) => this.spec.authUsers.includes(name));
  }

  /** Somebody who got in under `before` has to ask this module. */
  hasToAsk({ nkey, user, kind }: Identity, before: PluginSpec | undefined): boolean {
    if (before?.name === this.spec.name) return false;
    return kind === "plugin" || !this.spec.authUsers.includes(nkey ?? user);
  }
}
