// Accounts by tokens of a running server: found when the first user comes, kept true while they are
// in use, told to the workers by what has changed (AN-44, AN-47, AC-91, AC-93). Control thread. Must
// stay true: an account is looked for once however many ask; a worker that is answered has been told
// everything that it needs before; a change that is taken is in force within a second.

import {
  type AccountDocument,
  type AccountSpec,
  type AccountsSnapshot,
  LiveAccounts,
} from "@weft/accounts";
import { isPublicKey, type LoginAnswer, SignatureVerifier, type TokenEnd } from "@weft/auth";
import { errorText } from "@weft/base";
import {
  GLOBAL_ACCOUNT,
  type OperatorOptions,
  operatorClaimsOf,
  type ServerOptions,
  trustOf,
} from "@weft/config";
import type { TrustedAccount } from "@weft/jwt";
import {
  accountDocument,
  CalloutOverlaps,
  type LoadedAccount,
  OperatorAccounts,
  type OperatorChange,
  type OperatorRules,
  TokenReader,
} from "@weft/operator";
import { type ClaimRequest, type ClaimSubscription, checkPreloads } from "@weft/resolver";
import { AccountRests } from "./account-rests.ts";
import { AccountSources } from "./account-sources.ts";
import type { OperatorParts } from "./operator-parts.ts";
import { StandInSearch } from "./stand-in-search.ts";
import { atMost, WantedAccounts } from "./wanted-accounts.ts";

/** How often expired accounts and activations are looked for. */
const TICK_MS = 250;
/** How long a login waits for accounts that its own imports from. */
const EXPORTERS_WAIT_MS = 1_000;
/** Accounts on a chain of imports that one login loads. */
const CHAIN_MAX = 64;
/** Changes that move messages cost every thread its plans: they come no faster than this. */
const MOVES_GAP_MS = 20;

export class OperatorService {
  readonly accounts: OperatorAccounts;
  readonly #parts: OperatorParts;
  readonly #live: LiveAccounts;
  readonly #rests: AccountRests;
  readonly #reader: TokenReader;
  readonly #sources: AccountSources;
  readonly #systemKey: string;
  readonly #verifier = new SignatureVerifier();
  #options: OperatorOptions;
  /** By worker: accounts whose users it can judge. */
  readonly #knownBy: readonly Set<string>[];
  readonly #loading = new Map<string, Promise<string | undefined>>();
  readonly #overlaps = new CalloutOverlaps();
  readonly #wanted: WantedAccounts;
  #search: StandInSearch | undefined;
  #oneMechanism = false;
  #commit: Promise<void> | undefined;
  #held: Promise<void> | undefined;
  #movedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(parts: OperatorParts, options: OperatorOptions) {
    this.#parts = parts;
    this.#options = options;
    const operators = trustOf(options);
    const verifier = this.#verifier;
    const isMixed = parts.options.mixedAuthentication;
    this.#rests = new AccountRests(parts.accountConnections);
    this.#live = new LiveAccounts(parts.base, {
      takeFreeIndex: () => this.#rests.take(),
      isForeign: isMixed ? (name) => isPublicKey(name, "account") : undefined,
    });
    this.accounts = new OperatorAccounts({ operators, live: this.#live, verifier });
    const strict = operatorClaimsOf(options).filter(({ nats }) => nats.strictSigningKeyUsage);
    const identities = new Set(strict.map(({ subject }) => subject));
    const isConfigured = (key: string): boolean => this.accounts.configured.has(key);
    this.#reader = new TokenReader(operators, identities, verifier, isConfigured);
    const key = parts.options.systemAccount ?? "";
    this.#systemKey = isPublicKey(key, "account") ? key : "";
    this.#knownBy = Array.from({ length: parts.workersCount }, () => new Set());
    this.#wanted = new WantedAccounts({
      log: parts.log,
      isThere: (account) => this.accounts.get(account) !== undefined,
      load: (account) => this.#load(account),
    });
    this.#sources = new AccountSources(options, {
      log: { write: (level, text) => parts.log.write(level, text), ...SILENT },
      reader: this.#reader,
      systemAccount: this.#systemKey,
      replies: () => parts.replies(),
      isLoaded: (account) => this.accounts.get(account) !== undefined,
      changed: (account, text) => this.#changed(account, text),
      deleted: (account) => this.#deleted(account, "account expired"),
    });
  }

  /** What is asked for in the system account. */
  get subscriptions(): readonly ClaimSubscription[] {
    return this.#sources.subscriptions;
  }

  /** Before the workers start. Throws when the server cannot run like this. */
  async open(): Promise<void> {
    const { log, options } = this.#parts;
    this.#warnOfPreloads();
    this.configure(options);
    await this.#sources.open();
    const key = this.#systemKey;
    if (key !== "") {
      const error = await this.#load(key);
      if (error !== undefined) this.#standIn(key, error);
    }
    await this.#wanted.load();
    this.#commitNow();
    this.#isOpen = true;
    for (const claims of operatorClaimsOf(this.#options)) {
      log.write("info", `Trusted operator ${JSON.stringify(claims.name)} (${claims.subject})`);
    }
    const hasSystem = key !== "" || this.accounts.configured.has(options.systemAccount ?? "");
    if (!hasSystem) log.write("warn", "Trusted Operators should utilize a System Account");
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Everything, for threads that start or are told everything anew. */
  snapshot(): AccountsSnapshot {
    return this.#live.snapshot();
  }

  /** What workers judge logins by. */
  rules(options: ServerOptions): OperatorRules {
    const { operator = this.#options } = options;
    const pinned = operator.pinnedAccounts;
    const system = this.#systemKey === "" ? [] : [this.#systemKey];
    return {
      operators: trustOf(operator),
      pinnedAccounts: pinned === undefined ? undefined : new Set([...pinned, ...system]),
      sentinel: operator.defaultSentinel,
      oneMechanism: options.oneMechanismPerAccount,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
  }

  /** A worker, counted from 0, asks for an account on behalf of a login. Never rejects. */
  async answer(key: string, worker: number): Promise<LoginAnswer> {
    const error = await this.#load(key);
    if (error !== undefined) return { kind: "account", error };
    // Others of its logins have asked meanwhile: a token may be a megabyte.
    if (this.#knownBy[worker]?.has(key) === true) return { kind: "account" };
    const known = this.accounts.forLogins(key);
    this.#knownBy[worker]?.add(key);
    const change = { delta: NO_DELTA, known, forgotten: [], judged: NOBODY, lowered: NO_LIMITS };
    this.#parts.tellWorker(worker, { kind: "accounts", change });
    return { kind: "account" };
  }

  /** AN-70: an account for control itself. Never rejects. */
  async trusted(key: string): Promise<TrustedAccount | undefined> {
    const error = await this.#load(key);
    return error === undefined ? this.accounts.get(key)?.trusted : undefined;
  }

  /** What monitoring shows: how the account was understood. */
  spec(key: string): AccountSpec | undefined {
    return this.accounts.get(key)?.spec;
  }

  /** What monitoring shows of its token. */
  document(key: string): AccountDocument | undefined {
    const account = this.accounts.get(key);
    return account && accountDocument(account, Date.now(), this.#verifier);
  }

  /** AC-86 to AC-90. */
  onClaimRequest(request: ClaimRequest): void {
    this.#sources.onRequest(request);
  }

  /** Nothing is told to workers until the function that is returned is called: a reload is. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  /**
   * GP-1: the accounts of the configuration, for threads that are told everything after that; nothing
   * without them.
   */
  configure(options: ServerOptions): void {
    this.#oneMechanism = options.oneMechanismPerAccount;
    if (!options.mixedAuthentication) return;
    const global = { name: GLOBAL_ACCOUNT, mappings: options.globalMappings };
    for (const index of this.accounts.configure([global, ...options.accounts])) {
      this.#rests.retire(index);
    }
    const declared = options.auth.mixed?.accounts.filter(({ mechanism }) => mechanism === "jwt");
    const keys = declared?.map(({ name }) => name) ?? [];
    this.#wanted.want([...this.accounts.configured.wanted, ...keys]);
  }

  /** AC-95, RL-05: the options of a reload, once the workers have them. */
  async reload({ operator }: ServerOptions): Promise<void> {
    if (operator === undefined) return;
    this.#options = operator;
    this.#warnOfPreloads();
    await this.#sources.reload();
    this.#sources.preload(operator.preloads);
    await this.#wanted.load();
    if (operator.resolver?.type !== "memory") return;
    for (const { trusted } of [...this.accounts.all()]) {
      const { key } = trusted;
      const text = operator.preloads[key];
      if (text !== undefined) this.#changed(key, text);
      else if (key !== this.#systemKey) {
        this.#sources.deleted(key);
        this.#deleted(key, "violation");
      }
    }
    await this.#commitSoon();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sources.close();
  }

  // ---- inside

  #warnOfPreloads(): void {
    const { preloads, resolver } = this.#options;
    const all = new Map(Object.entries(preloads));
    const type = resolver?.type ?? "memory";
    for (const { text } of checkPreloads(all, type, this.#reader, Date.now())) {
      this.#parts.log.write("warn", text);
    }
  }

  /** AC-82: until the resolver has the token of the system account its own users may bring it. */
  #standIn(key: string, error: string): void {
    const type = this.#options.resolver?.type;
    if (type === undefined || type === "memory") {
      throw new Error(`error resolving system account: ${error}`);
    }
    this.accounts.putStandIn(key, Date.now());
    const parts = {
      log: this.#parts.log,
      isStandIn: () => this.accounts.isStandIn(key),
      isThere: () => this.accounts.get(key) !== undefined,
      find: () => this.#find(key, 0),
    };
    this.#search = new StandInSearch(parts, error, performance.now());
  }

  /** Settles when the account can be used; a text says why not. Never rejects. */
  #load(key: string, chain = 0): Promise<string | undefined> {
    if (this.accounts.configured.has(key)) return Promise.resolve("the configuration has it");
    const known = this.accounts.get(key);
    if (known !== undefined && !known.isExpired) return this.#commitSoon().then(() => undefined);
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = this.#find(key, chain)
        .catch(errorText)
        .finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    return loading;
  }

  async #find(key: string, chain: number): Promise<string | undefined> {
    const found = await this.#sources.find(key);
    if (!found.ok) {
      if (found.failure !== "not-found") {
        this.#parts.log.write("warn", `Account fetch failed: ${found.error}`);
      }
      return found.error;
    }
    const verdict = this.accounts.put(key, found.text, Date.now());
    if (!verdict.ok) {
      const { reason, detail } = verdict.refusal;
      return `${reason}: ${detail}`;
    }
    if (chain < CHAIN_MAX) await this.#loadExporters(key, chain + 1);
    await this.#commitSoon();
    return this.accounts.get(key) === undefined ? "too many accounts are in use" : undefined;
  }

  /** Those that come too late are put in when they come. */
  async #loadExporters(key: string, chain: number): Promise<void> {
    // Whoever is waited for finds this one here: nobody waits in a circle.
    const missing = this.accounts.missingExporters(key);
    if (missing.length === 0) return;
    await atMost(
      EXPORTERS_WAIT_MS,
      missing.map((one) => this.#load(one, chain)),
    );
  }

  /** Another token for an account, which may be in use or wanted by one that is. */
  #changed(key: string, text: string): void {
    const isWanted = this.accounts.get(key) !== undefined || this.accounts.isWanted(key);
    if (!isWanted || this.accounts.configured.has(key)) return;
    const verdict = this.accounts.put(key, text, Date.now());
    if (!verdict.ok) {
      const { reason, detail } = verdict.refusal;
      this.#parts.log.write("error", `Account ${key} is not updated: ${reason}: ${detail}`);
      return;
    }
    void this.#loadExporters(key, 1).then(() => this.#commitSoon());
  }

  #deleted(key: string, end: TokenEnd): void {
    if (this.accounts.get(key) === undefined) return;
    this.accounts.remove(key, end);
    void this.#commitSoon();
  }

  #tick(): void {
    this.accounts.tick(Date.now());
    if (this.accounts.isDirty) void this.#commitSoon();
    this.#wanted.tick();
    this.#search?.tick(performance.now());
  }

  /** Everything that has come by then, in one change. */
  #commitSoon(): Promise<void> {
    if (!this.#isOpen || (!this.accounts.isDirty && this.#commit === undefined)) {
      return Promise.resolve();
    }
    this.#commit ??= this.#afterGap().then(async () => {
      while (this.#held !== undefined) await this.#held;
      this.#commit = undefined;
      this.#commitNow();
    });
    return this.#commit;
  }

  #afterGap(): Promise<void> {
    const waitMs = this.#movedMs + MOVES_GAP_MS - performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    if (waitMs > 0) setTimeout(resolve, waitMs);
    else setImmediate(resolve);
    return promise;
  }

  #commitNow(): void {
    if (!this.accounts.isDirty) return;
    const before = new Map([...this.accounts.all()].map((one) => [one.trusted.key, one]));
    const change = this.accounts.commit(Date.now());
    const find = (key: string): TrustedAccount | undefined => this.accounts.get(key)?.trusted;
    for (const { key } of change.gone) this.#overlaps.forget(key);
    const overlaps = this.#overlaps.note(change.trusted, find, this.#oneMechanism);
    const texts = [...change.texts, ...this.accounts.configured.untold(), ...overlaps];
    for (const text of texts) this.#parts.log.write("warn", text);
    if (change.delta.movesMessages) this.#movedMs = performance.now();
    for (const { index, retired } of change.delta.accounts) {
      if (retired === true) this.#rests.retire(index);
    }
    if (!this.#isOpen) return;
    for (const [worker, known] of this.#knownBy.entries()) this.#tell(worker, known, change);
    this.#parts.applied(change.delta);
    this.#report(change, before);
  }

  #tell(worker: number, known: Set<string>, change: OperatorChange): void {
    const { delta, judged, lowered } = change;
    const trusted = change.trusted.filter(({ key }) => known.has(key));
    const forgotten = change.gone.filter(({ key }) => known.delete(key));
    this.#parts.tellWorker(worker, {
      kind: "accounts",
      change: { delta, known: trusted, forgotten, judged, lowered },
    });
  }

  #report(change: OperatorChange, before: ReadonlyMap<string, LoadedAccount>): void {
    for (const { key } of change.gone) this.#parts.happened("removed", key);
    for (const key of change.expired) this.#parts.happened("ended", key);
    for (const { key } of change.trusted) {
      if (before.has(key)) this.#parts.happened("refreshed", key);
    }
  }
}

const SILENT = { debugEnabled: false, traceEnabled: false } as const;
const NO_DELTA = { accounts: [], imports: [], movesMessages: false } as const;
const NOBODY: ReadonlySet<number> = new Set();
const NO_LIMITS: ReadonlyMap<number, number> = new Map();
