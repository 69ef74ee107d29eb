// Who may log in, and to which accounts, as one snapshot says. Owned by the worker's core; immutable,
// made anew for each snapshot.
import type { AccountSnapshot } from "@weft/accounts";
import {
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
  readonly #accountsByName = new Map<string, AccountSnapshot>();

  constructor(snapshot: BrokerSnapshot) {
    this.snapshot = snapshot;
    for (const account of snapshot.accounts.accounts) {
      if (account.retired !== true) this.#accountsByName.set(account.name, account);
    }
    const certificates = new CertificateUsers(snapshot.auth.users);
    this.authenticator = new StaticAuthenticator(snapshot.auth, certificates);
  }

  /** Index and limits of an account by name. */
  accountByName(name: string): AccountSnapshot | undefined {
    return this.#accountsByName.get(name);
  }

  beginLogin(request: LoginRequest, facts: LoginFacts): LoginOutcome {
    return this.authenticator.begin(request, facts);
  }

  finishLogin(pending: PendingLogin, answer: LoginAnswer): LoginOutcome {
    return this.authenticator.finish(pending.wait, answer);
  }

  /** Identity of somebody who did not send CONNECT, if there is one (CP-32, AN-11). */
  anonymous(facts: LoginFacts): Identity | undefined {
    const outcome = this.authenticator.begin({}, facts);
    return outcome.kind === "granted" ? outcome.identity : undefined;
  }

  /** What these users make of somebody who was let in by others. */
  reauthorize(login: FormerLogin): ReauthorizeOutcome {
    return reauthorize(login, this.authenticator);
  }
}
