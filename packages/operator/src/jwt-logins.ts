// Logins by user tokens as a worker judges them (AN-43 to AN-55, AN-82): by the accounts that it was
// told of, and by asking for those that it was not. Owned by a worker; pure but for the clock that is
// handed in. Must stay true: a right comes from the token, the account and the operators as they are
// known at that moment; nothing of a token reaches a text.
import {
  type AccountPending,
  CALLOUT_SUBJECT,
  type ForgottenAccount,
  type Identity,
  type LoginAnswer,
  type LoginFacts,
  type LoginOutcome,
  type LoginRequest,
  type PlacedFacts,
  SignatureVerifier,
  type TokenEnd,
  type TokenLogins,
  type TokenVerdict,
  withoutCalloutSubject,
} from "@weft/auth";
import {
  accountExpired,
  accountKeyOf,
  calloutMayPlaceInto,
  decodeTokenOf,
  hasCallout,
  isAuthUser,
  isRevoked,
  type JudgeFacts,
  type JwtIdentity,
  judgeUserAlone,
  judgeUserOf,
  permissionsSpec,
  type TrustedAccount,
  templateKey,
  type UserClaims,
  type UserRefusal,
  withoutLineEnds,
} from "@weft/jwt";
import { KnownTokens } from "./known-tokens.ts";
import type { OperatorRules } from "./operator-rules.ts";
import { PermissionsPool } from "./permissions-pool.ts";
import { TrustingVerifier } from "./trusting-verifier.ts";

/** 64 zero bytes: stands for a signature that was checked at the login. */
const ANY_SIGNATURE = "A".repeat(86);

const ENDS: Readonly<Partial<Record<UserRefusal["reason"], TokenEnd>>> = {
  "user revoked": "revoked",
  "user expired or not yet valid": "user expired",
  "outside of connect times": "user expired",
  "account expired": "account expired",
  "bearer token not allowed": "violation",
  "proxy required": "violation",
};

/** A token that is good alone, while its account is asked for. */
interface JudgedAlone {
  readonly text: string;
  readonly user: UserClaims;
  readonly signature: string | undefined;
}

/** Two are told by themselves: one closes for a reason of its own, one is counted (AN-55, AN-82). */
function refusedFor(refusal: UserRefusal): LoginOutcome {
  const { reason } = refusal;
  if (reason === "proxy required") return { kind: "denied", reason: "proxy connection required" };
  if (reason === "account not pinned") return { kind: "denied", reason, detail: detailOf(refusal) };
  return denied(detailOf(refusal));
}

function denied(detail: string): LoginOutcome {
  return { kind: "denied", reason: "token refused", detail };
}

function ended(why: TokenEnd, detail: string): TokenVerdict {
  return { kind: "ended", why, detail };
}

const ALTERED = ended("refused", "the template of the signing key has changed");

function detailOf({ reason, detail }: UserRefusal): string {
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

export class JwtLogins implements TokenLogins {
  #rules: OperatorRules;
  readonly #unixMs: () => number;
  readonly #accounts = new Map<string, TrustedAccount>();
  readonly #verifier = new SignatureVerifier();
  readonly #known = new KnownTokens(this.#verifier);
  readonly #trusting = new TrustingVerifier();
  readonly #permissions = new PermissionsPool();
  /** Keys of default permissions: made once for each token of an account, and not for each user. */
  readonly #defaultKeys = new WeakMap<TrustedAccount, string>();
  /** Accounts that went with the last change. */
  readonly #forgotten = new Map<string, TokenEnd>();
  /**
   * Scoped signing keys whose template has changed with the last accounts; for those with tokens who
   * came before.
   */
  readonly #altered = new Set<string>();

  constructor(rules: OperatorRules, unixMs: () => number) {
    this.#rules = rules;
    this.#unixMs = unixMs;
  }

  get hasSentinel(): boolean {
    return this.#rules.sentinel !== undefined;
  }

  /** Those who came by a template of before are known to have ended by now. */
  follow(rules: unknown): void {
    this.#rules = rules as OperatorRules;
    this.#altered.clear();
  }

  know(accounts: readonly unknown[], forgotten: readonly ForgottenAccount[]): void {
    this.#altered.clear();
    this.#forgotten.clear();
    for (const { key, end } of forgotten) {
      this.#accounts.delete(key);
      this.#forgotten.set(key, end);
    }
    for (const account of accounts as readonly TrustedAccount[]) {
      const before = this.#accounts.get(account.key);
      if (before !== undefined) this.#noteAltered(before, account);
      this.#accounts.set(account.key, account);
    }
  }

  begin(request: LoginRequest, facts: LoginFacts): LoginOutcome {
    if (request.account || request.newAccount) {
      return { kind: "denied", reason: "account in connect" };
    }
    const { sentinel, pinnedAccounts } = this.#rules;
    const token = withoutLineEnds(request.jwt ?? "");
    const sent = token === "" ? undefined : this.#decode(token);
    const text = sent?.ok === true ? token : sentinel;
    if (text === undefined) {
      const why = sent === undefined ? "Authentication requires a user JWT" : "User JWT not valid";
      return denied(sent?.ok === false ? `${why}: ${sent.error.message}` : why);
    }
    const decoded = sent?.ok === true ? sent : this.#decode(text);
    if (!decoded.ok) return denied(`default sentinel not valid: ${decoded.error.message}`);
    const user = decoded.claims;
    const signature = request.sig || undefined;
    const judgeFacts = this.#facts(facts, signature, pinnedAccounts);
    const early = judgeUserAlone(user, this.#unixMs(), judgeFacts, this.#verifier);
    if (early !== undefined) return refusedFor(early.refusal);
    const key = accountKeyOf(user);
    const judged: JudgedAlone = { text, user, signature };
    const account = this.#accounts.get(key);
    // One that has expired may have been renewed where it came from.
    if (account === undefined || accountExpired(account, this.#unixMs())) {
      return { kind: "pending", wait: { kind: "account", key, judged } };
    }
    return this.#judge(judged, account, facts);
  }

  finish(pending: AccountPending, answer: LoginAnswer, facts: LoginFacts): LoginOutcome {
    if (answer.kind !== "account") return { kind: "denied", reason: "answer unexpected" };
    const account = this.#accounts.get(pending.key);
    if (answer.error !== undefined || account === undefined) {
      const { error = "not known" } = answer;
      // Lines of the log are bounded: what names it, as an address does, is not made longer.
      return denied(error.includes(pending.key) ? error : `account ${pending.key}: ${error}`);
    }
    return this.#judge(pending.judged as JudgedAlone, account, facts);
  }

  judgeAgain(known: Identity, facts: LoginFacts): TokenVerdict {
    if (known.kind === "callout" || known.kind === "plugin") return this.#judgePlaced(known);
    const { token, accountName } = known;
    const decoded = decodeTokenOf("user", token?.text ?? "", this.#trusting);
    if (!decoded.ok) return ended("refused", decoded.error.message);
    const user = decoded.claims;
    const now = this.#unixMs();
    const judgeFacts = this.#facts(facts, ANY_SIGNATURE, this.#rules.pinnedAccounts);
    const early = judgeUserAlone(user, now, judgeFacts, this.#trusting);
    if (early !== undefined) return ended(endOf(early.refusal), detailOf(early.refusal));
    const account = this.#accounts.get(accountName);
    if (account === undefined) return this.#gone(accountName);
    const { operators } = this.#rules;
    const verdict = judgeUserOf(user, account, operators, now, judgeFacts, this.#trusting);
    if (!verdict.ok) return ended(endOf(verdict.refusal), detailOf(verdict.refusal));
    if (this.#rules.oneMechanism && hasCallout(account) && !isAuthUser(account, user.subject)) {
      return ended("refused", "the account takes logins by callout now");
    }
    if (this.#altered.has(`${account.key} ${user.issuer}`)) return ALTERED;
    return {
      kind: "granted",
      identity: this.#identityOf(verdict.identity, token?.text ?? "", user),
    };
  }

  /** In the order of `judgeAgain`. */
  knownEnd(known: Identity): TokenVerdict | undefined {
    const { kind, token, user, accountName } = known;
    if (kind === "callout" || kind === "plugin") return this.#placedEnd(known);
    if (token === undefined) return undefined;
    const account = this.#accounts.get(accountName);
    if (account === undefined) return this.#gone(accountName);
    if (accountExpired(account, this.#unixMs())) return ended("account expired", "account expired");
    const { revocations } = account.claims.nats;
    if (isRevoked(revocations, user, token.issuedAtSeconds)) {
      return ended("revoked", "user revoked");
    }
    const isAltered =
      this.#altered.size > 0 && this.#altered.has(`${account.key} ${token.issuerKey}`);
    return isAltered ? ALTERED : undefined;
  }

  #gone(accountKey: string): TokenVerdict {
    return ended(this.#forgotten.get(accountKey) ?? "account expired", "account deleted");
  }

  #noteAltered(before: TrustedAccount, after: TrustedAccount): void {
    for (const [key, scope] of after.signers) {
      const former = before.signers.get(key);
      if (!before.signers.has(key) || JSON.stringify(former) === JSON.stringify(scope)) continue;
      this.#altered.add(`${after.key} ${key}`);
    }
  }

  #judge({ text, user, signature }: JudgedAlone, account: TrustedAccount, facts: LoginFacts) {
    const { operators, pinnedAccounts } = this.#rules;
    const judgeFacts = this.#facts(facts, signature, pinnedAccounts);
    const now = this.#unixMs();
    const verdict = judgeUserOf(user, account, operators, now, judgeFacts, this.#verifier);
    if (!verdict.ok) return refusedFor(verdict.refusal);
    // AN-70: the token only says which account's service is asked.
    if (hasCallout(account) && !isAuthUser(account, user.subject)) {
      const wait = { kind: "callout", account: account.key, jwt: text } as const;
      return { kind: "pending", wait } satisfies LoginOutcome;
    }
    const identity = this.#identityOf(verdict.identity, text, user);
    return { kind: "granted", identity } satisfies LoginOutcome;
  }

  /**
   * Somebody whom a service or a module let in: stays for as long as the account takes him; whom a
   * service of an account by token placed, for as long as all that vouched for him does (AN-65).
   */
  #judgePlaced(identity: Identity): TokenVerdict {
    const end = this.#placedEnd(identity);
    if (end !== undefined) return end;
    const account = this.#accounts.get(identity.accountName) as TrustedAccount;
    return { kind: "granted", identity: this.#placedNow(identity, account) };
  }

  /** Asked of all of an account's users in one turn: costs the same whatever lists there are. */
  #placedEnd({ accountName, placed }: Identity): TokenVerdict | undefined {
    const account = this.#accounts.get(accountName);
    if (account === undefined || accountExpired(account, this.#unixMs())) {
      return ended("account expired", "account expired or deleted");
    }
    // SA-29: the login by a module is judged by this, too.
    if (this.#rules.oneMechanism && !hasCallout(account)) {
      return ended("refused", "the account takes user JWTs only");
    }
    return placed && this.#voucherEnd(placed, account);
  }

  /**
   * Who he is now: default permissions follow the account, and with permissions of his own he does not ask
   * in the server's name (AN-69). Where the account has no service any more that stays so until he
   * logs in again.
   */
  #placedNow(identity: Identity, account: TrustedAccount): Identity {
    const { permissions, placed } = identity;
    if (placed?.hasDefaultPermissions === true) return this.#withDefaults(identity, account);
    if (!hasCallout(account) || !permissions.publishAllowed(CALLOUT_SUBJECT)) return identity;
    const pooled = this.#permissions.of(withoutCalloutSubject(permissions.rules));
    return { ...identity, ...pooled };
  }

  #withDefaults(identity: Identity, account: TrustedAccount): Identity {
    const known = this.#defaultKeys.get(account);
    // What he has already, it may be thousands of entries.
    if (known === identity.permissionsKey) return identity;
    const byDefault = permissionsSpec(account.claims.nats.defaultPermissions);
    // AN-69.
    const spec = hasCallout(account) ? withoutCalloutSubject(byDefault) : byDefault;
    const pooled = this.#permissions.of(spec, known);
    this.#defaultKeys.set(account, pooled.permissionsKey);
    return { ...identity, ...pooled };
  }

  /** Who vouches for him does not any more. */
  #voucherEnd(
    { calloutAccount, userKey, issuerKey, templateKey: template, issuedAtSeconds }: PlacedFacts,
    account: TrustedAccount,
  ): TokenVerdict | undefined {
    if (!account.signers.has(issuerKey)) {
      return ended("refused", `user issuer unknown: ${issuerKey}`);
    }
    if (isRevoked(account.claims.nats.revocations, userKey, issuedAtSeconds)) {
      return ended("revoked", "user revoked");
    }
    // Not by what the last change altered: he may have waited for longer, or the key was gone meanwhile.
    if (templateKey(account, issuerKey) !== template) return ALTERED;
    const service = this.#accounts.get(calloutAccount);
    const isServed = service === account && hasCallout(account);
    if (isServed || this.#mayPlace(service, account)) return undefined;
    return ended("refused", "the callout places nobody here any more");
  }

  /** An account that has expired places as few as one that is deleted. */
  #mayPlace(service: TrustedAccount | undefined, { key }: TrustedAccount): boolean {
    if (service === undefined || accountExpired(service, this.#unixMs())) return false;
    return calloutMayPlaceInto(service, key);
  }

  #identityOf(judged: JwtIdentity, text: string, user: UserClaims): Identity {
    const account = this.#accounts.get(judged.accountKey);
    // AN-69.
    const isBesideService = account !== undefined && hasCallout(account);
    const spec = isBesideService ? withoutCalloutSubject(judged.permissions) : judged.permissions;
    const { permissionsKey, permissions } = this.#permissions.of(spec);
    return {
      kind: "jwt",
      user: judged.userKey,
      accountName: judged.accountKey,
      permissionsKey,
      permissions,
      payloadBytesMax: judged.payloadBytesMax,
      subscriptionsMax: judged.subscriptionsMax,
      expiresAtMs: judged.expiresAtMs,
      token: {
        text,
        name: judged.userName,
        tags: judged.tags,
        issuerKey: user.issuer,
        issuedAtSeconds: user.issuedAtSeconds,
      },
    };
  }

  #decode(text: string) {
    return this.#known.decode(text);
  }

  #facts(
    { connectionType, nonce, address, proxy }: LoginFacts,
    signature: string | undefined,
    pinnedAccounts: ReadonlySet<string> | undefined,
  ): JudgeFacts {
    const { timeZone } = this.#rules;
    return {
      connectionType,
      host: address,
      nonce,
      signature,
      timeZone,
      viaTrustedProxy: proxy !== undefined,
      pinnedAccounts,
    };
  }
}

function endOf({ reason }: UserRefusal): TokenEnd {
  return ENDS[reason] ?? "refused";
}
