// Who may log in, and to which accounts, as one snapshot says. Owned by the worker's core; made anew
// for each snapshot. Only the accounts in it may change: where they come by tokens, one by one.
import type { AccountSnapshot, AccountsDelta } from "@weft/accounts";
import {
  afterCallout,
  CalloutGate,
  CalloutUsers,
  type FormerLogin,
  GLOBAL_ACCOUNT,
  type Identity,
  type LoginAnswer,
  type LoginFacts,
  type LoginOutcome,
  type LoginRequest,
  MixedLogins,
  PluginGate,
  type ReauthorizeOutcome,
  reauthorize,
  StaticAuthenticator,
  type TokenLogins,
  type TokenVerdict,
  TrustedProxies,
} from "@weft/auth";
import { assert } from "@weft/base";
import type { BrokerSnapshot, ListenerOptions } from "../ports.ts";
import { CertificateUsers } from "./certificate-users.ts";
import type { PendingLogin } from "./session-host.ts";

export class SnapshotRules {
  readonly snapshot: BrokerSnapshot;
  readonly authenticator: StaticAuthenticator;
  /** True if a CONNECT has to be accepted before anything else is. */
  readonly authRequired: boolean;
  /** The same without an authentication module. */
  readonly ownAuthRequired: boolean;
  /** CP-05. */
  readonly infoAuthRequired: boolean;
  /** CP-04. */
  readonly nonceRequired: boolean;
  /** AN-80. */
  readonly proxies: TrustedProxies;
  /** GP-14. Undefined = there is no authentication module. */
  readonly plugin: PluginGate | undefined;
  /** Undefined without operators. */
  readonly #tokens: TokenLogins | undefined;
  readonly #callout: CalloutGate | undefined;
  readonly #calloutUsers = new CalloutUsers();
  /** GP-1. Undefined = everybody logs in by one mechanism. */
  readonly #mixed: MixedLogins | undefined;
  readonly #accountsByName = new Map<string, AccountSnapshot>();

  constructor(snapshot: BrokerSnapshot, tokens?: TokenLogins) {
    this.snapshot = snapshot;
    for (const account of snapshot.accounts.accounts) this.#name(account);
    const certificates = new CertificateUsers(snapshot.auth.users);
    const authenticator = new StaticAuthenticator(snapshot.auth, certificates);
    this.authenticator = authenticator;
    const { operator } = snapshot;
    this.#tokens = operator === undefined ? undefined : tokens;
    this.#tokens?.follow(operator);
    const byToken = this.#tokens !== undefined;
    const { mechanisms, noAuthUser } = authenticator;
    this.#mixed =
      mechanisms && new MixedLogins({ authenticator, mechanisms, tokens: this.#tokens });
    const hasGuests = mechanisms !== undefined && noAuthUser !== "";
    const { callout, trustedProxies, plugin } = snapshot.auth;
    this.proxies = new TrustedProxies(trustedProxies);
    this.plugin = plugin && new PluginGate(plugin, this.#calloutUsers, callout?.account ?? "");
    const hasPlugin = plugin !== undefined;
    this.ownAuthRequired = byToken || authenticator.authRequired;
    this.authRequired = hasPlugin || this.ownAuthRequired;
    this.infoAuthRequired = hasPlugin || (byToken && !hasGuests) || authenticator.infoAuthRequired;
    const needsNonce = hasPlugin || !this.proxies.isEmpty;
    this.nonceRequired = byToken || needsNonce || authenticator.nonceRequired;
    this.#callout = callout && new CalloutGate(callout);
  }

  /** Accounts that came, changed and went. The snapshot is this thread's own copy. */
  followAccounts({ accounts }: AccountsDelta): void {
    const known = this.snapshot.accounts.accounts as AccountSnapshot[];
    for (const account of accounts) {
      const former = known[account.index];
      if (former !== undefined && this.#accountsByName.get(former.name) === former) {
        this.#accountsByName.delete(former.name);
      }
      known[account.index] = account;
      this.#name(account);
    }
  }

  #name(account: AccountSnapshot): void {
    if (account.retired !== true) this.#accountsByName.set(account.name, account);
  }

  listener(index: number): ListenerOptions {
    const listener = this.snapshot.listeners[index];
    assert(listener !== undefined, "a connection comes from a known listener");
    return listener;
  }

  account(index: number): AccountSnapshot {
    const account = this.snapshot.accounts.accounts[index];
    assert(account !== undefined, "an account of the snapshot");
    return account;
  }

  /** Index and limits of an account by name. */
  accountByName(name: string): AccountSnapshot | undefined {
    return this.#accountsByName.get(name);
  }

  /**
   * GP-14. Where users come by tokens, nobody belongs to the account of those without one; where
   * accounts have mechanisms, a module has its say about those of the configuration.
   */
  mayPlaceInto(account: string): boolean {
    const { mechanisms } = this.authenticator;
    if (mechanisms !== undefined && mechanisms.of(account) !== "static") return false;
    const isNobodys = this.#tokens !== undefined && account === GLOBAL_ACCOUNT;
    return !isNobodys && this.#accountsByName.has(account);
  }

  beginLogin(request: LoginRequest, facts: LoginFacts): LoginOutcome {
    if (this.#mixed !== undefined) return this.#mixed.begin(request, facts);
    if (this.#tokens !== undefined) return this.#tokens.begin(request, facts);
    return this.#follow(this.authenticator.begin(request, facts), request);
  }

  finishLogin(
    { wait }: PendingLogin,
    answer: LoginAnswer,
    request: LoginRequest,
    facts: LoginFacts,
  ): LoginOutcome {
    if (this.#mixed !== undefined) return this.#mixed.finish(wait, answer, request, facts);
    const unexpected = { kind: "denied", reason: "answer unexpected" } as const;
    if (wait.kind === "account") return this.#tokens?.finish(wait, answer, facts) ?? unexpected;
    if (wait.kind === "callout") {
      return afterCallout(this.#calloutUsers.finish(wait, answer, request), wait);
    }
    if (wait.kind === "hash" && wait.refusal !== undefined) return wait.refusal;
    return this.#follow(this.authenticator.finish(wait, answer), request);
  }

  #follow(outcome: LoginOutcome, request: LoginRequest): LoginOutcome {
    return this.#callout === undefined ? outcome : this.#callout.follow(outcome, request);
  }

  /** Identity of somebody who did not send CONNECT, if there is one (CP-32, AN-11). */
  anonymous(facts: LoginFacts): Identity | undefined {
    const isByToken = this.#tokens !== undefined && this.#mixed === undefined;
    if (isByToken || this.plugin !== undefined) return undefined;
    const outcome = this.beginLogin({}, facts);
    // A sentinel is for who sends CONNECT.
    if (outcome.kind !== "granted" || outcome.identity.token !== undefined) return undefined;
    return outcome.identity;
  }

  /** What these users make of somebody who was let in by others. */
  reauthorize(login: FormerLogin): ReauthorizeOutcome {
    return reauthorize(login, this.authenticator);
  }

  /** What is true now of somebody who logged in by a token; undefined = by something else. */
  judgeAgain(identity: Identity, facts: LoginFacts): TokenVerdict | undefined {
    if (this.#mixed !== undefined) return this.#mixed.judgeAgain(identity, facts);
    return isByToken(identity) ? this.#tokens?.judgeAgain(identity, facts) : undefined;
  }

  /** What has ended a login by a token, as far as that costs nothing to know. */
  knownEnd(identity: Identity): TokenVerdict | undefined {
    if (this.#mixed !== undefined) return this.#mixed.knownEnd(identity);
    return isByToken(identity) ? this.#tokens?.knownEnd(identity) : undefined;
  }
}

/** Or placed by somebody beside tokens. */
function isByToken({ token, kind }: Identity): boolean {
  return token !== undefined || kind === "callout" || kind === "plugin";
}
