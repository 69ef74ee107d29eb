// Who may log in, and to which accounts, as one snapshot says. Owned by the worker's core; immutable,
// made anew for each snapshot.
import type { AccountSnapshot } from "@weft/accounts";
import {
  CalloutGate,
  type FormerLogin,
  type Identity,
  type LoginAnswer,
  type LoginFacts,
  type LoginOutcome,
  type LoginRequest,
  type ReauthorizeOutcome,
  reauthorize,
  StaticAuthenticator,
} from "@weft/auth";
import type { BrokerSnapshot } from "../ports.ts";
import { CertificateUsers } from "./certificate-users.ts";
import type { PendingLogin } from "./session-host.ts";

export class SnapshotRules {
  readonly snapshot: BrokerSnapshot;
  readonly authenticator: StaticAuthenticator;
  readonly #callout: CalloutGate | undefined;
  readonly #accountsByName = new Map<string, AccountSnapshot>();

  constructor(snapshot: BrokerSnapshot) {
    this.snapshot = snapshot;
    for (const account of snapshot.accounts.accounts) {
      if (account.retired !== true) this.#accountsByName.set(account.name, account);
    }
    const certificates = new CertificateUsers(snapshot.auth.users);
    this.authenticator = new StaticAuthenticator(snapshot.auth, certificates);
    const { callout } = snapshot.auth;
    this.#callout = callout && new CalloutGate(callout);
  }

  /** Index and limits of an account by name. */
  accountByName(name: string): AccountSnapshot | undefined {
    return this.#accountsByName.get(name);
  }

  beginLogin(request: LoginRequest, facts: LoginFacts): LoginOutcome {
    return this.#follow(this.authenticator.begin(request, facts), request);
  }

  finishLogin({ wait }: PendingLogin, answer: LoginAnswer, request: LoginRequest): LoginOutcome {
    if (wait.kind === "callout" && this.#callout !== undefined) {
      return this.#callout.finish(wait, answer, request);
    }
    return this.#follow(this.authenticator.finish(wait, answer), request);
  }

  #follow(outcome: LoginOutcome, request: LoginRequest): LoginOutcome {
    return this.#callout === undefined ? outcome : this.#callout.follow(outcome, request);
  }

  /** Identity of somebody who did not send CONNECT, if there is one (CP-32, AN-11). */
  anonymous(facts: LoginFacts): Identity | undefined {
    const outcome = this.beginLogin({}, facts);
    return outcome.kind === "granted" ? outcome.identity : undefined;
  }

  /** What these users make of somebody who was let in by others. */
  reauthorize(login: FormerLogin): ReauthorizeOutcome {
    return reauthorize(login, this.authenticator);
  }
}
