// Accounts that come, change and go one by one while the server runs, as account tokens do (5.3,
// AC-56, AC-93). Control thread; pure. Each change compiles what it touches and says what of the
// compiled form is different. Must stay true: a wrong import, export or mapping is left out and told,
// and the rest works; an index means one account until the caller gives it free; a change costs what
// it touches, not what there is, and never more than the steps of `SearchTurns` and `MeasureTurns`.
import { type ConfigProblem, LIMITS } from "@weft/base";
import {
  compileAccount,
  compileExports,
  type DraftAccount,
  draftAccount,
  type Findings,
  SYSTEM_ACCOUNT_INDEX,
} from "./compile.ts";
import { compileImportsOf, type ImportCycles, type ImportIdentity } from "./compile-imports.ts";
import { CYCLE_ERRORS, type ExportsSubject, ServiceCycles, StreamCycles } from "./cycles.ts";
import { MeasureTurns } from "./measure-turns.ts";
import { retiredAccount } from "./rebase.ts";
import { SearchTurns } from "./search-turns.ts";
import type {
  AccountImports,
  AccountSnapshot,
  AccountsDelta,
  AccountsSnapshot,
} from "./snapshot.ts";
import type { AccountSpec } from "./spec.ts";

const CIRCLES: readonly string[] = Object.values(CYCLE_ERRORS);

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
  /** All that is left out now, by account; of those that were looked at. */
  readonly problems: ReadonlyMap<string, readonly ConfigProblem[]>;
  /** Accounts for which there was no index left. */
  readonly crowded: readonly string[];
}

interface LiveAccount {
  readonly draft: DraftAccount;
  readonly snapshot: AccountSnapshot;
  /** What is wrong with its exports ... */
  readonly exportErrors: readonly ConfigProblem[];
  /** ... and with its mappings. */
  readonly mappingErrors: readonly ConfigProblem[];
  imports: AccountImports;
  /** Keys of the imports that were accepted when it was compiled last. */
  accepted: ReadonlySet<string>;
}

const NONE: readonly never[] = [];
const NOTHING: ReadonlySet<string> = new Set();

export class LiveAccounts {
  readonly #options: LiveAccountsOptions;
  readonly #accounts: AccountSnapshot[];
  readonly #live = new Map<string, LiveAccount>();
  readonly #drafts = new Map<string, DraftAccount>();
  readonly #byIndex: (DraftAccount | undefined)[] = [];
  /** By exporter: who wants to import from it, whether it is there or not. */
  readonly #importers = new Map<string, Set<string>>();
  readonly #turns = new SearchTurns();
  readonly #measures = new MeasureTurns();
  readonly #cycles: ImportCycles;
  readonly #hasSystemAccount: boolean;
  /** Indexes that accounts of the base have, until they are put in. */
  readonly #places: Map<string, number>;

  /** `base`: `$G`, the system account and others, as compiled; accounts of `base` may be replaced. */
  constructor(base: AccountsSnapshot, options: LiveAccountsOptions) {
    this.#options = options;
    this.#accounts = [...base.accounts];
    this.#places = new Map(base.accounts.map(({ name, index }) => [name, index]));
    this.#hasSystemAccount = base.hasSystemAccount;
    const covers: ExportsSubject = (account, filter, steps) => {
      const draft = this.#byIndex[account];
      return draft === undefined ? false : draft.streams.covers(filter, steps);
    };
    const { searches, lookups } = this.#turns;
    this.#cycles = {
      streams: new StreamCycles(covers, searches),
      services: new ServiceCycles(searches),
      searches,
      lookups,
    };
  }

  /** Accounts by index, as of now; it is not changed later. */
  get accounts(): readonly AccountSnapshot[] {
    return [...this.#accounts];
  }

  get count(): number {
    return this.#live.size;
  }

  /** Something waits for more time to be searched: a change of nothing gives it. */
  get isUnfinished(): boolean {
    return this.#turns.isUnfinished || this.#measures.isUnfinished;
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
    this.#measures.beginChange();
    for (const name of gone) this.#remove(name, work);
    for (const name of this.#measures.waiting()) this.#measureAgain(name, work);
    for (const spec of specs) this.#put(spec, work);
    for (const name of work.exporters) {
      for (const importer of this.importersOf(name)) work.changed.add(importer);
    }
    this.#turns.beginChange();
    for (const name of work.changed) this.#compileImports(name, work);
    // What closed a circle, before or with what was to be changed after it, may close none now.
    if (work.opensCircles) this.#turns.retry();
    for (const name of this.#turns.waiting()) this.#compileImports(name, work);
    const { delta, crowded, problems } = work;
    return { delta, crowded, problems };
  }

  #remove(name: string, work: Change): void {
    const live = this.#live.get(name);
    if (live === undefined) return;
    const { index, spec } = live.draft;
    this.#forgetImports(spec);
    this.#live.delete(name);
    this.#drafts.delete(name);
    this.#turns.forget(name);
    this.#measures.forget(name);
    this.#byIndex[index] = undefined;
    this.#cycles.streams.forget(index);
    this.#cycles.services.forget(index);
    const retired = retiredAccount(index, name);
    this.#accounts[index] = retired;
    work.accounts.set(index, retired);
    work.exporters.add(name);
    work.movesMessages = true;
    const { streams, services } = live.imports;
    if (streams.length + services.length > 0) {
      work.opensCircles = true;
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
    const exportsSame = before !== undefined && isEqual(before.draft.spec.exports, spec.exports);
    // Whoever imports from a changed account comes here as well: that must not be dear for their sake.
    const kept = exportsSame && !this.#namesOthers(spec) ? before : undefined;
    const draft = kept === undefined ? draftAccount(spec, index) : { ...kept.draft, spec };
    this.#drafts.set(spec.name, draft);
    this.#byIndex[index] = draft;
    const exportErrors = kept?.exportErrors ?? this.#compileExports(draft);
    const findings: Findings = { errors: [], warnings: [] };
    const snapshot = compileAccount(draft, { cluster: this.#options.cluster }, findings);
    const former = this.#accounts[index];
    const isNew = former === undefined;
    const mappingsSame = !isNew && areSame(former.mappings, snapshot.mappings);
    if (!isNew && !mappingsSame) work.movesMessages = true;
    // Whatever was kept for the index belongs to another account.
    if (!isNew && former.name !== snapshot.name) work.movesMessages = true;
    const isSame =
      mappingsSame && isEqual({ ...former, mappings: NONE }, { ...snapshot, mappings: NONE });
    if (!isSame) work.accounts.set(index, snapshot);
    this.#accounts[index] = snapshot;
    if (before !== undefined) this.#forgetImports(before.draft.spec);
    for (const { account } of spec.imports ?? NONE) {
      const known = this.#importers.get(account) ?? new Set();
      this.#importers.set(account, known.add(spec.name));
    }
    const imports = before?.imports ?? { importer: index, streams: NONE, services: NONE };
    const accepted = before?.accepted ?? NOTHING;
    const { errors: mappingErrors } = findings;
    const live = { draft, snapshot, exportErrors, mappingErrors, imports, accepted };
    this.#live.set(spec.name, live);
    work.changed.add(spec.name);
    if (isNew) work.fresh.add(index);
    if (exportsSame) return;
    work.exporters.add(spec.name);
    work.reexported.add(index);
    // What is no longer exported is no link of a chain of streams.
    if (before !== undefined) work.opensCircles = true;
  }

  /** What is wrong with them depends on who is there. */
  #namesOthers({ name, exports }: AccountSpec): boolean {
    const isOther = (one: string): boolean =>
      one !== name && this.#options.isForeign?.(one) !== true;
    return exports?.some(({ accounts }) => accounts?.some(isOther)) === true;
  }

  #compileExports(draft: DraftAccount): readonly ConfigProblem[] {
    const findings: Findings = { errors: [], warnings: [] };
    const { isForeign } = this.#options;
    this.#measures.compile(draft.spec.name, (budget) =>
      compileExports(draft, this.#drafts, findings, { isForeign }, budget),
    );
    return findings.errors;
  }

  /** The same exports, some of which may be measured now: whoever imports them has to be told. */
  #measureAgain(name: string, work: Change): void {
    const live = this.#live.get(name);
    if (live === undefined) return;
    const { spec, index } = live.draft;
    const draft = draftAccount(spec, index);
    this.#drafts.set(name, draft);
    this.#byIndex[index] = draft;
    this.#live.set(name, { ...live, draft, exportErrors: this.#compileExports(draft) });
    work.changed.add(name);
    work.exporters.add(name);
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
    const findings: Findings = { errors: [], warnings: [] };
    const isKept = ({ key, kind, exporter }: ImportIdentity): boolean =>
      live.accepted.has(key) && (kind === "service" || !work.reexported.has(exporter));
    this.#turns.beginAccount();
    const { streams, services, accepted } = compileImportsOf(
      live.draft,
      this.#drafts,
      this.#cycles,
      findings,
      isKept,
    );
    const isCircle = (text: string): boolean => CIRCLES.some((one) => text.endsWith(one));
    this.#turns.endAccount(
      name,
      findings.errors.some(({ message }) => isCircle(message)),
    );
    live.accepted = accepted;
    work.problems.set(name, [...live.exportErrors, ...live.mappingErrors, ...findings.errors]);
    const imports: AccountImports = { importer: index, streams, services };
    if (isEqual(imports, live.imports)) return;
    const { length } = live.imports.streams;
    if (length + live.imports.services.length > 0) work.opensCircles = true;
    // What a new account asks of others changes the way of nobody's messages.
    const hadNone = work.fresh.has(index) && streams.length === 0;
    if (!hadNone) work.movesMessages = true;
    live.imports = imports;
    work.imports.set(index, imports);
  }
}

/** What is collected while a change is made. */
class Change {
  readonly accounts = new Map<number, AccountSnapshot>();
  readonly imports = new Map<number, AccountImports>();
  readonly problems = new Map<string, readonly ConfigProblem[]>();
  /** Whose imports are compiled. */
  readonly changed = new Set<string>();
  /** Those that came, went, or export something else: who imports from them is looked at. */
  readonly exporters = new Set<string>();
  /** Indexes of those that are there. */
  readonly reexported = new Set<number>();
  readonly crowded: string[] = [];
  /** Indexes that nobody had before. */
  readonly fresh = new Set<number>();
  movesMessages = false;
  /** An import went, or an export. */
  opensCircles = false;

  get delta(): AccountsDelta {
    return {
      accounts: [...this.accounts.values()],
      imports: [...this.imports.values()],
      movesMessages: this.movesMessages,
    };
  }
}

/** Without a copy: an account may have a megabyte of them. */
function areSame(texts: readonly string[], others: readonly string[]): boolean {
  return texts.length === others.length && texts.every((text, at) => text === others[at]);
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
