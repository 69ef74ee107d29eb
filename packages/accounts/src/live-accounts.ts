// Accounts that come, change and go one by one while the server runs, as account tokens do (5.3,
// AC-56, AC-93). Control thread; pure. Each change compiles what it touches and says what of the
// compiled form is different. Must stay true: a wrong import, export or mapping is left out and told,
// and the rest works; an index means one account until the caller gives it free; a change costs what
// it touches, not what there is.
import { type ConfigProblem, LIMITS } from "@weft/base";
import {
  compileAccount,
  compileExports,
  type DraftAccount,
  draftAccount,
  type Findings,
  SYSTEM_ACCOUNT_INDEX,
} from "./compile.ts";
import { compileImportsOf, type ImportCycles } from "./compile-imports.ts";
import { CYCLE_ERRORS, type SearchBudget, ServiceCycles, StreamCycles } from "./cycles.ts";
import { retiredAccount } from "./rebase.ts";
import type {
  AccountImports,
  AccountSnapshot,
  AccountsDelta,
  AccountsSnapshot,
} from "./snapshot.ts";
import type { AccountSpec } from "./spec.ts";

/** Accounts with circles that are compiled again at each change. */
const CIRCLING_LOOKED_AT = 64;
const CIRCLES: readonly string[] = Object.values(CYCLE_ERRORS);
/** Steps that the search for cycles may take for the imports of one account. */
const SEARCH_STEPS_MAX = 20_000;

export interface LiveAccountsOptions {
  /** SU-35. Cluster of this server. */
  readonly cluster?: string | undefined;
  /** Accounts that exports may name before they are there. */
  readonly isForeign?: ((name: string) => boolean) | undefined;
  /** An index of an account that is gone, to be given away; undefined = there is none. */
  takeFreeIndex(): number | undefined;
}

/** What a change did. */
export interface LiveChange {
  readonly delta: AccountsDelta;
  /** What was left out, by account. */
  readonly problems: ReadonlyMap<string, readonly ConfigProblem[]>;
  /** Accounts for which there was no index left. */
  readonly crowded: readonly string[];
}

interface LiveAccount {
  readonly draft: DraftAccount;
  readonly snapshot: AccountSnapshot;
  imports: AccountImports;
}

const NONE: readonly never[] = [];

export class LiveAccounts {
  readonly #options: LiveAccountsOptions;
  readonly #accounts: AccountSnapshot[];
  readonly #live = new Map<string, LiveAccount>();
  readonly #drafts = new Map<string, DraftAccount>();
  readonly #byIndex: (DraftAccount | undefined)[] = [];
  /** By exporter: who wants to import from it, whether it is there or not. */
  readonly #importers = new Map<string, Set<string>>();
  readonly #budget: SearchBudget = { stepsLeft: SEARCH_STEPS_MAX };
  readonly #cycles: ImportCycles;
  readonly #hasSystemAccount: boolean;
  /** Indexes that accounts of the base have, until they are put in. */
  readonly #places: Map<string, number>;
  /** Accounts with imports that were left out because they close a circle. */
  readonly #circling = new Set<string>();

  /** `base`: `$G`, the system account and others, as compiled; accounts of `base` may be replaced. */
  constructor(base: AccountsSnapshot, options: LiveAccountsOptions) {
    this.#options = options;
    this.#accounts = [...base.accounts];
    this.#places = new Map(base.accounts.map(({ name, index }) => [name, index]));
    this.#hasSystemAccount = base.hasSystemAccount;
    const covers = (account: number, filter: string) =>
      this.#byIndex[account]?.streams.covers(filter) ?? false;
    this.#cycles = {
      streams: new StreamCycles(covers, this.#budget),
      services: new ServiceCycles(this.#budget),
    };
  }

  /** Accounts by index, as of now; it is not changed later. */
  get accounts(): readonly AccountSnapshot[] {
    return [...this.#accounts];
  }

  get count(): number {
    return this.#live.size;
  }

  indexOf(name: string): number | undefined {
    return this.#live.get(name)?.draft.index;
  }

  get(name: string): AccountSnapshot | undefined {
    return this.#live.get(name)?.snapshot;
  }

  /** Accounts that say that they import from `exporter`. */
  importersOf(exporter: string): Iterable<string> {
    return this.#importers.get(exporter) ?? NONE;
  }

  /** Everything, for a thread that knows nothing yet. */
  snapshot(): AccountsSnapshot {
    const imports = [...this.#live.values()].map((live) => live.imports);
    return {
      accounts: this.accounts,
      hasSystemAccount: this.#hasSystemAccount,
      streamImports: imports.flatMap(({ streams }) => streams),
      serviceImports: imports.flatMap(({ services }) => services),
    };
  }

  /** `specs` come or replace those of the same name; `gone` go. Importers of both are looked at. */
  change(specs: readonly AccountSpec[], gone: readonly string[] = NONE): LiveChange {
    const work = new Change();
    for (const name of gone) this.#remove(name, work);
    for (const spec of specs) this.#put(spec, work);
    for (const name of [...work.changed]) {
      for (const importer of this.importersOf(name)) work.changed.add(importer);
    }
    for (const name of work.changed) this.#compileImports(name, work);
    // What closed a circle, before or with what was to be changed after it, may close none now.
    const circling = [...this.#circling].slice(0, CIRCLING_LOOKED_AT);
    for (const name of circling) this.#compileImports(name, work);
    const { delta, crowded } = work;
    return { delta, crowded, problems: work.problems };
  }

  #remove(name: string, work: Change): void {
    const live = this.#live.get(name);
    if (live === undefined) return;
    const { index, spec } = live.draft;
    this.#forgetImports(spec);
    this.#live.delete(name);
    this.#drafts.delete(name);
    this.#circling.delete(name);
    this.#byIndex[index] = undefined;
    this.#cycles.streams.forget(index);
    this.#cycles.services.forget(index);
    const retired = retiredAccount(index, name);
    this.#accounts[index] = retired;
    work.accounts.set(index, retired);
    work.changed.add(name);
    work.movesMessages = true;
    const { streams, services } = live.imports;
    if (streams.length + services.length > 0) {
      work.imports.set(index, { importer: index, streams: NONE, services: NONE });
    }
  }

  #put(spec: AccountSpec, work: Change): void {
    const before = this.#live.get(spec.name);
    const index = before?.draft.index ?? this.#newIndex(spec.name);
    if (index === undefined) {
      work.crowded.push(spec.name);
      return;
    }
    const draft = draftAccount(spec, index);
    const findings = work.findingsOf(spec.name);
    this.#drafts.set(spec.name, draft);
    this.#byIndex[index] = draft;
    compileExports(draft, this.#drafts, findings, { isForeign: this.#options.isForeign });
    const snapshot = compileAccount(draft, { cluster: this.#options.cluster }, findings);
    const former = this.#accounts[index];
    const isNew = former === undefined;
    if (!isNew && !isEqual(former.mappings, snapshot.mappings)) work.movesMessages = true;
    // Whatever was kept for the index belongs to another account.
    if (!isNew && former.name !== snapshot.name) work.movesMessages = true;
    if (isNew || !isEqual(former, snapshot)) work.accounts.set(index, snapshot);
    this.#accounts[index] = snapshot;
    if (before !== undefined) this.#forgetImports(before.draft.spec);
    for (const { account } of spec.imports ?? NONE) {
      const known = this.#importers.get(account) ?? new Set();
      this.#importers.set(account, known.add(spec.name));
    }
    const imports = before?.imports ?? { importer: index, streams: NONE, services: NONE };
    this.#live.set(spec.name, { draft, snapshot, imports });
    work.changed.add(spec.name);
    if (isNew) work.fresh.add(index);
  }

  #noteCircles(name: string, work: Change): void {
    const errors = work.importErrors(name);
    const isRefused = errors.some(({ message }) => CIRCLES.some((text) => message.endsWith(text)));
    if (isRefused) this.#circling.add(name);
    else this.#circling.delete(name);
  }

  #newIndex(name: string): number | undefined {
    const place = this.#places.get(name);
    // Those two are never given away.
    if (place !== undefined && place > SYSTEM_ACCOUNT_INDEX) this.#places.delete(name);
    if (place !== undefined) return place;
    const free = this.#options.takeFreeIndex();
    if (free !== undefined) return free;
    return this.#accounts.length < LIMITS.accountsMax ? this.#accounts.length : undefined;
  }

  #forgetImports({ name, imports }: AccountSpec): void {
    for (const { account } of imports ?? NONE) {
      const known = this.#importers.get(account);
      known?.delete(name);
      if (known?.size === 0) this.#importers.delete(account);
    }
  }

  #compileImports(name: string, work: Change): void {
    const live = this.#live.get(name);
    if (live === undefined) return;
    const { index } = live.draft;
    this.#budget.stepsLeft = SEARCH_STEPS_MAX;
    const compiled = compileImportsOf(
      live.draft,
      this.#drafts,
      this.#cycles,
      work.newImportFindings(name),
    );
    this.#noteCircles(name, work);
    const imports: AccountImports = { importer: index, ...compiled };
    if (isEqual(imports, live.imports)) return;
    // What a new account asks of others changes the way of nobody's messages.
    const hadNone = work.fresh.has(index) && imports.streams.length === 0;
    if (!hadNone) work.movesMessages = true;
    live.imports = imports;
    work.imports.set(index, imports);
  }
}

/** What is collected while a change is made. */
class Change {
  readonly accounts = new Map<number, AccountSnapshot>();
  readonly imports = new Map<number, AccountImports>();
  readonly changed = new Set<string>();
  readonly crowded: string[] = [];
  /** Indexes that nobody had before. */
  readonly fresh = new Set<number>();
  movesMessages = false;
  readonly #findings = new Map<string, Findings>();
  /** Of imports, which may be compiled more than once. */
  readonly #importFindings = new Map<string, Findings>();

  findingsOf(name: string): Findings {
    const known = this.#findings.get(name) ?? { errors: [], warnings: [] };
    this.#findings.set(name, known);
    return known;
  }

  newImportFindings(name: string): Findings {
    const findings: Findings = { errors: [], warnings: [] };
    this.#importFindings.set(name, findings);
    return findings;
  }

  importErrors(name: string): readonly ConfigProblem[] {
    return this.#importFindings.get(name)?.errors ?? NONE;
  }

  get problems(): ReadonlyMap<string, readonly ConfigProblem[]> {
    const names = new Set([...this.#findings.keys(), ...this.#importFindings.keys()]);
    const problemsOf = (name: string): readonly ConfigProblem[] => [
      ...(this.#findings.get(name)?.errors ?? NONE),
      ...this.importErrors(name),
    ];
    return new Map([...names].map((name) => [name, problemsOf(name)]));
  }

  get delta(): AccountsDelta {
    return {
      accounts: [...this.accounts.values()],
      imports: [...this.imports.values()],
      movesMessages: this.movesMessages,
    };
  }
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
