// The accounts of operators that are in use: which there are, what they say, how long it is true
// (AC-56, AC-91, AC-93, AN-47). Control thread; pure: the time is an argument. What comes and goes is
// collected, and `commit` says what workers have to know of it. Must stay true: only accounts that an
// operator trusts are in here; the same token again changes nothing; a change costs what it touches.
import type { AccountSpec, AccountsDelta, BrokenImport, LiveAccounts } from "@weft/accounts";
import type { ForgottenAccount, SignatureVerifier, TokenEnd } from "@weft/auth";
import {
  type AccountVerdict,
  accountSpec,
  calloutMayPlaceInto,
  ExportIndexes,
  newAccountClaims,
  type TrustedAccount,
  type TrustedOperators,
  trustAccountToken,
  withoutLineEnds,
} from "@weft/jwt";
import { EarlyTokens } from "./early-tokens.ts";
import { StaticAccounts } from "./static-accounts.ts";

/** In place of the token of an account that could not be had. */
const STAND_IN = "";

export interface OperatorAccountsOptions {
  readonly operators: TrustedOperators;
  readonly live: LiveAccounts;
  readonly verifier: SignatureVerifier;
}

/** An account in use. */
export interface LoadedAccount {
  readonly trusted: TrustedAccount;
  /** Its token; "" = it stands in for one that could not be had. */
  readonly text: string;
  readonly updatedMs: number;
  /** What of its imports, exports and mappings does not work, for people. */
  problems: readonly string[];
  /** Those of them that were written to the log. */
  told: ReadonlySet<string>;
  /** Those that are left out of `spec`. */
  brokenImports: readonly BrokenImport[];
  spec: AccountSpec | undefined;
  isExpired: boolean;
  /** When an activation of it begins or ends, Unix milliseconds. */
  validUntilMs: number | undefined;
}

/** What was committed. */
export interface OperatorChange {
  readonly delta: AccountsDelta;
  /** For threads that know the accounts already: by what they judge users from now on. */
  readonly trusted: readonly TrustedAccount[];
  readonly gone: readonly ForgottenAccount[];
  readonly expired: readonly string[];
  /** Indexes of accounts whose users have to be judged again. */
  readonly judged: ReadonlySet<number>;
  /** Account indexes whose limit of connections was lowered, with the new one. */
  readonly lowered: ReadonlyMap<number, number>;
  /** For the log. */
  readonly texts: readonly string[];
  /** Accounts that found no room. */
  readonly crowded: readonly string[];
}

/** Problems of one account that one change writes to the log. */
const TEXTS_MAX = 64;
const NOTHING: ReadonlySet<string> = new Set();
/** A clock that was set back by more than this is another clock. */
const SET_BACK_MS = 1_000;

export class OperatorAccounts {
  readonly #options: OperatorAccountsOptions;
  readonly #loaded = new Map<string, LoadedAccount>();
  /** By exporter: the accounts that want to import from it. */
  readonly #wantedBy = new Map<string, Set<string>>();
  /** Accounts with another token than before. */
  readonly #renewed = new Set<string>();
  /** Accounts whose imports have to be looked at again, by the same token. */
  readonly #stale = new Set<string>();
  readonly #gone = new Map<string, { readonly index: number; readonly end: TokenEnd }>();
  readonly #judged = new Set<string>();
  /** Accounts into which the callout of another one may not place users any more. */
  readonly #withdrawn = new Set<string>();
  /** Accounts of which a change of the configuration has told something. */
  readonly #noted = new Set<string>();
  readonly #early = new EarlyTokens();
  /** The latest time that was seen since the clock was set back. */
  #latestMs = 0;
  /** The next commit goes on with what the last one had no time for. */
  #goesOn = false;
  /** Empty where only operators have accounts. */
  readonly configured: StaticAccounts;

  constructor(options: OperatorAccountsOptions) {
    this.#options = options;
    this.configured = new StaticAccounts(options.live);
  }

  get count(): number {
    return this.#loaded.size;
  }

  get(key: string): LoadedAccount | undefined {
    return this.#loaded.get(key);
  }

  all(): Iterable<LoadedAccount> {
    return this.#loaded.values();
  }

  /** Something waits for `commit`. */
  get isDirty(): boolean {
    const changed = [this.#renewed, this.#stale, this.#gone];
    const waiting = [...changed, this.#judged, this.#withdrawn, this.#noted];
    return waiting.some(({ size }) => size > 0) || this.#goesOn;
  }

  /** Takes the token that was found for an account; a bad one changes nothing, an early one waits. */
  put(key: string, found: string, nowMs: number): AccountVerdict {
    const { operators, verifier } = this.#options;
    const text = withoutLineEnds(found);
    const known = this.#loaded.get(key);
    if (known !== undefined && known.text === text && !known.isExpired) {
      return { ok: true, account: known.trusted };
    }
    const verdict = trustAccountToken(key, text, operators, nowMs, verifier);
    if (verdict.ok) this.#take(verdict.account, text, nowMs);
    else if (known !== undefined && verdict.refusal.notBeforeSeconds !== undefined) {
      this.#early.put(key, text, verdict.refusal.notBeforeSeconds * 1_000);
    }
    return verdict;
  }

  /**
   * A system account that cannot be had yet: its own key signs its users, so that somebody can bring
   * the token of it.
   */
  putStandIn(key: string, nowMs: number): void {
    const [issuer = ""] = this.#options.operators.keys;
    const claims = { ...newAccountClaims(key), issuer };
    this.#take(
      { key, claims, signers: new Map([[key, undefined]]), findings: [] },
      STAND_IN,
      nowMs,
    );
  }

  isStandIn(key: string): boolean {
    return this.#loaded.get(key)?.text === STAND_IN;
  }

  /** `end`: what its users are told. */
  remove(key: string, end: TokenEnd): void {
    const known = this.#loaded.get(key);
    if (known === undefined) return;
    this.#unload(known);
    this.#gone.set(key, { index: this.#options.live.indexOf(key) ?? -1, end });
  }

  /** Accounts that `key` imports from and that are not here. */
  missingExporters(key: string): string[] {
    const imports = this.#loaded.get(key)?.trusted.claims.nats.imports ?? [];
    const exporters = new Set(imports.map(({ account }) => account));
    return [...exporters].filter(
      (one) => one !== "" && !this.#loaded.has(one) && !this.configured.has(one),
    );
  }

  /** An account in use imports from it. */
  isWanted(key: string): boolean {
    return this.#wantedBy.has(key) || this.configured.wanted.has(key);
  }

  /**
   * The accounts of the configuration, in place of those before: in force at once for threads that are
   * told everything. Returns the indexes that were given up.
   */
  configure(specs: readonly AccountSpec[]): number[] {
    const before = [...this.configured.keys];
    const { delta, problems } = this.configured.replace(specs);
    for (const key of this.#loaded.keys()) if (this.configured.has(key)) this.#giveUp(key);
    for (const key of [...before, ...this.configured.keys]) {
      for (const importer of this.#wantedBy.get(key) ?? []) this.#stale.add(importer);
    }
    for (const [key, found] of problems) if (this.#note(key, found)) this.#noted.add(key);
    return delta.accounts.filter(({ retired }) => retired === true).map(({ index }) => index);
  }

  /** The configuration has the account now. */
  #giveUp(key: string): void {
    const known = this.#loaded.get(key);
    // By the same name it has taken the place already.
    if (known === undefined || this.configured.nameOf(key) !== key) {
      this.remove(key, "refused");
      return;
    }
    this.#unload(known);
  }

  #unload({ trusted }: LoadedAccount): void {
    const { key } = trusted;
    this.#want(trusted, false);
    this.#withdraw(trusted, undefined);
    this.#early.delete(key);
    this.#loaded.delete(key);
    this.#renewed.delete(key);
    this.#stale.delete(key);
    this.#judged.delete(key);
    this.#noted.delete(key);
  }

  /** Notes tokens that are good by now, accounts that have expired, activations that begin or end. */
  tick(nowMs: number): void {
    for (const [key, text] of this.#early.take(nowMs)) this.put(key, text, nowMs);
    this.#goesOn = this.#options.live.isUnfinished;
    const isSetBack = this.#latestMs - nowMs > SET_BACK_MS;
    this.#latestMs = isSetBack ? nowMs : Math.max(this.#latestMs, nowMs);
    for (const [key, account] of this.#loaded) {
      const { expiresAtSeconds } = account.trusted.claims;
      if (!account.isExpired && expiresAtSeconds !== 0 && expiresAtSeconds * 1_000 <= nowMs) {
        account.isExpired = true;
        this.#judged.add(key);
        this.#withdraw(account.trusted, undefined);
      }
      const { validUntilMs } = account;
      if (validUntilMs !== undefined && validUntilMs <= nowMs) this.#stale.add(key);
      // What was said of activations was said by a wrong time.
      if (isSetBack && dependsOnTime(account)) this.#stale.add(key);
    }
  }

  /** Compiles everything that is waiting. */
  commit(nowMs: number): OperatorChange {
    const { live } = this.#options;
    this.#latestMs = Math.max(this.#latestMs, nowMs);
    const put = [...this.#renewed];
    const gone = [...this.#gone.keys()].filter((key) => !this.#loaded.has(key));
    const affected = new Set([...put, ...this.#stale]);
    for (const key of [...put, ...this.#gone.keys()]) {
      for (const importer of this.#wantedBy.get(key) ?? []) affected.add(importer);
    }
    const former = new Map(put.map((key) => [key, limitOf(live, key)]));
    // Users are judged by the token of their own account; what it imports is nothing to them.
    const judged = new Set([...this.#judged, ...this.#withdrawn, ...put]);
    const exports = new ExportIndexes();
    const specs = [...affected].flatMap((key) => this.#specOf(key, exports, nowMs));
    const formerIndexes = new Map([...judged].map((key) => [key, live.indexOf(key)]));
    const { delta, problems, crowded } = live.change(specs, gone);
    for (const key of crowded) this.remove(key, "refused");
    for (const [key, found] of problems) this.#note(key, found);
    const texts = [...new Set([...this.#noted, ...problems.keys()])].flatMap((key) =>
      this.#untold(key),
    );
    this.configured.note(problems);
    const goneIndexes = [...this.#gone.values()].map(({ index }) => index);
    const indexes = [...goneIndexes, ...formerIndexes.values()];
    const change: OperatorChange = {
      delta,
      trusted: put.flatMap((key) => this.forLogins(key)),
      gone: gone.map((key) => ({ key, end: this.#gone.get(key)?.end ?? "refused" })),
      expired: [...this.#judged],
      judged: new Set(indexes.filter((index) => index !== undefined && index >= 0) as number[]),
      lowered: this.#lowered(former),
      texts,
      crowded,
    };
    this.#renewed.clear();
    this.#stale.clear();
    this.#goesOn = false;
    this.#gone.clear();
    this.#judged.clear();
    this.#withdrawn.clear();
    this.#noted.clear();
    return change;
  }

  /** What workers judge users of the account by: without what they have no use for. */
  forLogins(key: string): TrustedAccount[] {
    const trusted = this.#loaded.get(key)?.trusted;
    if (trusted === undefined) return [];
    const { claims, signers } = trusted;
    const nats = {
      ...claims.nats,
      imports: [],
      exports: [],
      mappings: new Map(),
      signingKeys: new Map(),
      description: "",
      infoUrl: "",
    };
    return [{ key, claims: { ...claims, nats }, signers, findings: [] }];
  }

  #take(trusted: TrustedAccount, text: string, nowMs: number): void {
    const { key } = trusted;
    const before = this.#loaded.get(key);
    this.#early.delete(key);
    if (before !== undefined) {
      this.#want(before.trusted, false);
      this.#withdraw(before.trusted, trusted);
    }
    this.#want(trusted, true);
    this.#loaded.set(key, {
      trusted,
      text,
      updatedMs: nowMs,
      problems: [],
      told: NOTHING,
      brokenImports: [],
      spec: before?.spec,
      isExpired: false,
      validUntilMs: undefined,
    });
    this.#renewed.add(key);
  }

  /** Notes where the callout of an account placed users before, and places none after. */
  #withdraw(before: TrustedAccount, after: TrustedAccount | undefined): void {
    const { allowedAccounts } = before.claims.nats.authorization;
    const places = allowedAccounts.includes("*") ? this.#loaded.keys() : allowedAccounts;
    for (const place of places) {
      if (!calloutMayPlaceInto(before, place)) continue;
      if (after !== undefined && calloutMayPlaceInto(after, place)) continue;
      this.#withdrawn.add(place);
    }
  }

  #want({ key, claims }: TrustedAccount, isWanted: boolean): void {
    for (const { account } of claims.nats.imports) {
      const known = this.#wantedBy.get(account) ?? new Set();
      if (isWanted) this.#wantedBy.set(account, known.add(key));
      else known.delete(key);
      if (known.size === 0) this.#wantedBy.delete(account);
    }
  }

  #specOf(key: string, exports: ExportIndexes, nowMs: number): AccountSpec[] {
    const account = this.#loaded.get(key);
    if (account === undefined) return [];
    const find = (name: string): TrustedAccount | undefined => this.#loaded.get(name)?.trusted;
    const nameOf = (name: string): string | undefined => this.configured.nameOf(name);
    const { verifier } = this.#options;
    const made = accountSpec(account.trusted, find, nowMs, verifier, exports, nameOf);
    account.spec = made.spec;
    account.validUntilMs = made.validUntilMs;
    account.brokenImports = made.problems.map(({ kind, subject, exporter, problem }) => ({
      kind,
      subject,
      account: exporter,
      problem,
    }));
    return [made.spec];
  }

  /** What does not work of an account that was looked at: all of it. False = it is not here. */
  #note(key: string, found: readonly { readonly message: string }[]): boolean {
    const account = this.#loaded.get(key);
    if (account === undefined) return false;
    const left = account.brokenImports.map(
      ({ kind, subject, account: exporter, problem }) =>
        `${kind} import ${JSON.stringify(subject)} from ${exporter}: ${problem}`,
    );
    account.problems = [...left, ...found.map(({ message }) => message)];
    return true;
  }

  /** For the log: what was not told since the account has its token. */
  #untold(key: string): string[] {
    const account = this.#loaded.get(key);
    if (account === undefined) return [];
    const { problems, told } = account;
    account.told = new Set(problems);
    const fresh = problems.filter((problem) => !told.has(problem));
    const texts = fresh.slice(0, TEXTS_MAX).map((problem) => `Account ${key}: ${problem}`);
    const more = fresh.length - texts.length;
    return more > 0 ? [...texts, `Account ${key}: ${more} problems more`] : texts;
  }

  #lowered(former: ReadonlyMap<string, number | undefined>): Map<number, number> {
    const lowered = new Map<number, number>();
    for (const [key, before] of former) {
      const index = this.#options.live.indexOf(key);
      const after = limitOf(this.#options.live, key);
      if (index === undefined || before === undefined || after === undefined || after < 0) continue;
      if (before < 0 || after < before) lowered.set(index, after);
    }
    return lowered;
  }
}

function dependsOnTime({ validUntilMs, trusted }: LoadedAccount): boolean {
  return (
    validUntilMs !== undefined || trusted.claims.nats.imports.some(({ token }) => token !== "")
  );
}

/** -1 = none; undefined = no such account. */
function limitOf(live: LiveAccounts, key: string): number | undefined {
  return live.get(key)?.limits.connectionsMax;
}
