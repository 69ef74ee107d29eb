// Where the messages of an account go beyond it, and what its mappings make of them: the form of
// the snapshot that a worker asks per distinct subject. Owned by a worker; made anew for each
// snapshot, changed between two turns where accounts come and go one by one. The booleans are for
// the hit path: an account without imports and mappings costs nothing. Subjects are byte views.
import { assert, createPrng, LIMITS, type Prng } from "@weft/base";
import {
  compileMapping,
  compileTransform,
  FilterMap,
  type SubjectMapping,
  type SubjectTransform,
  subjectHasWildcard,
} from "@weft/subjects";
import { destinationsOf, sourceOf } from "./mapping-text.ts";
import type {
  AccountSnapshot,
  AccountsDelta,
  AccountsSnapshot,
  ServiceImportSnapshot,
  StreamImportSnapshot,
} from "./snapshot.ts";
import { mayBeSystemRequest, systemImport } from "./system-imports.ts";

/** The importers that see a message under the same subject; each gets a copy (AC-24). */
export interface StreamTargetGroup {
  readonly importers: readonly number[];
  /** Subject in the importers. */
  readonly subject: string;
  readonly allowTrace: boolean;
  /** As in {@link StreamImportSnapshot}. */
  readonly from: string;
  readonly to: string | undefined;
}

/** A request that goes to another account (AC-28). */
export interface ServiceTarget {
  readonly import: ServiceImportSnapshot;
  /** Subject in the exporter, before the mappings of that account (SU-32). */
  readonly subject: string;
}

/** What the mappings of an account make of one subject (SU-31). */
export interface MappingChoice {
  /** The one result; undefined = it has to be chosen for each message. */
  readonly fixed: string | undefined;
  /** The result for one message; null = the message is lost on purpose (SU-34), or too long. */
  choose(prng: Prng): string | null;
}

interface StreamGroup {
  readonly importers: number[];
  readonly from: string;
  readonly to: string | undefined;
  readonly rewrite: Rewrite | undefined;
  readonly allowTrace: boolean;
}

interface ServiceEntry {
  readonly import: ServiceImportSnapshot;
  readonly rewrite: Rewrite | undefined;
}

/** Import transforms are strict: they take no choice. */
const NO_CHOICE = createPrng(0);
const NO_STREAM_GROUPS: readonly StreamTargetGroup[] = [];
const NO_SERVICE_TARGETS: readonly ServiceTarget[] = [];

function compileStrict(from: string, to: string): SubjectTransform {
  const result = compileTransform(from, to, { strict: true });
  assert(result.ok, "the transforms of a snapshot were checked");
  return result.transform;
}

/** What an import makes of a subject; compiled with the first one: an account may import much. */
class Rewrite {
  readonly #from: string;
  readonly #to: string;
  readonly #isTransform: boolean;
  #transform: SubjectTransform | undefined;

  constructor(from: string, to: string, isTransform: boolean) {
    this.#from = from;
    this.#to = to;
    this.#isTransform = isTransform;
  }

  apply(subject: string): string | undefined {
    if (!this.#isTransform) return this.#to;
    this.#transform ??= compileStrict(this.#from, this.#to);
    return this.#transform.apply(subject, NO_CHOICE);
  }
}

/** Undefined = it would be longer than a subject can be, and reaches nobody. */
function rewritten(rewrite: Rewrite | undefined, subject: string): string | undefined {
  const result = rewrite === undefined ? subject : rewrite.apply(subject);
  if (result === undefined) return undefined;
  return result.length <= LIMITS.subjectBytesMax ? result : undefined;
}

/**
 * One that does not compile loses the messages on its source: they stay away from whom they may not
 * be for, and one faulty mapping does not end the server.
 */
function compileChecked(text: string): SubjectMapping {
  const source = sourceOf(text);
  const result = compileMapping(source, destinationsOf(text));
  if (result.ok) return result.mapping;
  const losing = compileMapping(source, []);
  assert(losing.ok, "messages are on the source");
  return losing.mapping;
}

class CompiledChoice implements MappingChoice {
  readonly fixed: string | undefined;
  readonly #mapping: SubjectMapping;
  readonly #subject: string;

  constructor(mapping: SubjectMapping, subject: string) {
    this.#mapping = mapping;
    this.#subject = subject;
    this.fixed = mapping.isDeterministic ? mapping.apply(subject, NO_CHOICE) : undefined;
  }

  choose(prng: Prng): string | null {
    return this.fixed ?? this.#mapping.apply(this.#subject, prng) ?? null;
  }
}

const DOT = 0x2e;

/** Which first tokens some filters have: "no" is always right, "yes" may be wrong. */
class FirstTokens {
  readonly #marks = new Uint8Array(256);
  #all = false;

  add(filter: string): void {
    const bytes = Buffer.from(filter, "latin1");
    const isWild = subjectHasWildcard(filter.split(".")[0] ?? "");
    if (isWild) this.#all = true;
    else this.#marks[placeOf(bytes, 0, bytes.length)] = 1;
  }

  mayHave(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#all || this.#marks[placeOf(bytes, start, end)] === 1;
  }
}

/** Made of the length of the first token and its ends. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== DOT) at += 1;
  if (at === start) return 0;
  const first = bytes[start] as number;
  return (first + 3 * (bytes[at - 1] as number) + 31 * (at - start)) & 255;
}

/** One account. */
export class CompiledAccount {
  readonly index: number;
  snapshot: AccountSnapshot;
  readonly #streams = new FilterMap<StreamGroup>();
  readonly #groups = new Map<string, StreamGroup>();
  #services = new FilterMap<ServiceEntry>();
  #servicesBegin: FirstTokens | undefined;
  #mappings = new FilterMap<string>();
  /** Those that a subject fell under: to compile all would hold everybody up. */
  readonly #compiled = new Map<string, SubjectMapping>();
  readonly #hasSystemAccount: boolean;
  /** What was asked of the system account, by subject. */
  #system: Map<string, ServiceTarget> | undefined;

  constructor(snapshot: AccountSnapshot, hasSystemAccount: boolean) {
    this.index = snapshot.index;
    this.snapshot = snapshot;
    this.#hasSystemAccount = hasSystemAccount;
    this.replace(snapshot);
  }

  /** For {@link AccountRouting} only: the same account by other claims. */
  replace(snapshot: AccountSnapshot): void {
    this.snapshot = snapshot;
    this.#mappings = new FilterMap();
    this.#compiled.clear();
    for (const text of snapshot.mappings) this.#mappings.add(sourceOf(text), text);
  }

  /** True if messages of this account can be seen in others. */
  get hasStreamImporters(): boolean {
    return this.#streams.size > 0;
  }

  /** True if requests of this account can go to others. */
  get hasServiceImports(): boolean {
    return this.#services.size > 0 || this.#hasSystemAccount;
  }

  /** False if no service import matches this subject, told by its first token. */
  mayBeService(subject: Uint8Array, start: number, end: number): boolean {
    if (this.#hasSystemAccount && mayBeSystemRequest(subject, start, end)) return true;
    return this.#services.size > 0 && this.#servicesBegin?.mayHave(subject, start, end) === true;
  }

  get hasMappings(): boolean {
    return this.#mappings.size > 0;
  }

  /**
   * Who sees a message published here on `subject`, by what they see: cheap however many accounts
   * import the same. An account that imports a subject twice sees it twice. What was imported is not
   * passed on.
   */
  streamTargetGroups(subject: string): readonly StreamTargetGroup[] {
    if (!this.hasStreamImporters) return NO_STREAM_GROUPS;
    const groups: StreamTargetGroup[] = [];
    for (const { importers, rewrite, allowTrace, from, to } of this.#streams.match(subject)) {
      const seenAs = rewritten(rewrite, subject);
      if (seenAs !== undefined) groups.push({ importers, subject: seenAs, allowTrace, from, to });
    }
    return groups;
  }

  /** The services that a message published here on `subject` is a request to; all get it. */
  serviceImports(subject: string): readonly ServiceTarget[] {
    const targets = this.#importTargets(subject);
    const system = this.#systemTarget(subject);
    if (system === undefined || targets.some((target) => target.import.from === subject)) {
      return targets;
    }
    return [...targets, system];
  }

  #importTargets(subject: string): readonly ServiceTarget[] {
    if (this.#services.size === 0) return NO_SERVICE_TARGETS;
    const targets: ServiceTarget[] = [];
    for (const { import: spec, rewrite } of this.#services.match(subject)) {
      const askedOn = rewritten(rewrite, subject);
      if (askedOn !== undefined) targets.push({ import: spec, subject: askedOn });
    }
    return targets;
  }

  /** One object for each, as replies are told by it. */
  #systemTarget(subject: string): ServiceTarget | undefined {
    const known = this.#system?.get(subject);
    if (known !== undefined || !this.#hasSystemAccount) return known;
    const made = systemImport(this.snapshot, subject);
    if (made === undefined) return undefined;
    const target = { import: made, subject: made.to };
    this.#system ??= new Map();
    this.#system.set(subject, target);
    return target;
  }

  /** SU-31. The first mapping in declared order that `subject` falls under; no chaining. */
  mapping(subject: string): MappingChoice | undefined {
    if (!this.hasMappings) return undefined;
    const found = this.#mappings.first(subject);
    if (found === undefined) return undefined;
    const mapping = this.#compiled.get(found) ?? compileChecked(found);
    this.#compiled.set(found, mapping);
    return new CompiledChoice(mapping, subject);
  }

  /** For {@link AccountRouting} only. */
  addStreamImporter(spec: StreamImportSnapshot): void {
    const key = groupKey(spec);
    const known = this.#groups.get(key);
    if (known !== undefined) {
      known.importers.push(spec.importer);
      return;
    }
    const { from, to, allowTrace } = spec;
    const rewrite = to === undefined ? undefined : new Rewrite(from, to, subjectHasWildcard(from));
    const group: StreamGroup = { importers: [spec.importer], from, to, rewrite, allowTrace };
    this.#groups.set(key, group);
    this.#streams.add(from, group);
  }

  /** For {@link AccountRouting} only. */
  removeStreamImporter(spec: StreamImportSnapshot): void {
    const key = groupKey(spec);
    const group = this.#groups.get(key);
    const place = group?.importers.indexOf(spec.importer) ?? -1;
    if (group === undefined || place < 0) return;
    group.importers.splice(place, 1);
    if (group.importers.length > 0) return;
    this.#groups.delete(key);
    this.#streams.remove(spec.from, group);
  }

  /** For {@link AccountRouting} only. */
  removeServiceImports(): void {
    this.#services = new FilterMap();
    this.#servicesBegin = undefined;
  }

  /** For {@link AccountRouting} only. */
  addServiceImport(spec: ServiceImportSnapshot): void {
    const { from, to } = spec;
    this.#servicesBegin ??= new FirstTokens();
    const isSame = from === to && !spec.toIsLiteral;
    const rewrite = isSame ? undefined : new Rewrite(from, to, !spec.toIsLiteral);
    this.#services.add(from, { import: spec, rewrite });
    this.#servicesBegin.add(from);
  }
}

function groupKey({ from, to, allowTrace }: StreamImportSnapshot): string {
  return JSON.stringify([from, to, allowTrace]);
}

/** All accounts of a snapshot, and what changed since. */
export class AccountRouting {
  readonly #accounts: CompiledAccount[];
  readonly #hasSystemAccount: boolean;
  /** By importer, to be taken back. */
  readonly #streamImports = new Map<number, StreamImportSnapshot[]>();
  readonly #indexByName = new Map<string, number>();

  constructor(snapshot: AccountsSnapshot) {
    this.#hasSystemAccount = snapshot.hasSystemAccount;
    // Nothing is asked of a retired account but whether it has anything: they share one.
    let retired: CompiledAccount | undefined;
    this.#accounts = snapshot.accounts.map((account) => {
      if (account.retired !== true) return new CompiledAccount(account, snapshot.hasSystemAccount);
      retired ??= new CompiledAccount(account, false);
      return retired;
    });
    for (const { name, index, retired: isGone } of snapshot.accounts) {
      if (name !== "" && isGone !== true) this.#indexByName.set(name, index);
    }
    for (const spec of snapshot.streamImports) {
      this.account(spec.exporter).addStreamImporter(spec);
      const known = this.#streamImports.get(spec.importer) ?? [];
      known.push(spec);
      this.#streamImports.set(spec.importer, known);
    }
    for (const spec of snapshot.serviceImports) this.account(spec.importer).addServiceImport(spec);
  }

  /** Between two turns. Plans of before are wrong where the delta says that messages move. */
  apply({ accounts, imports }: AccountsDelta): void {
    // Imports of before refer to accounts of before.
    for (const { importer } of imports) {
      for (const spec of this.#streamImports.get(importer) ?? []) {
        this.#accounts[spec.exporter]?.removeStreamImporter(spec);
      }
      this.#streamImports.delete(importer);
      this.#accounts[importer]?.removeServiceImports();
    }
    for (const account of accounts) this.#take(account);
    for (const { importer, streams, services } of imports) {
      for (const spec of streams) this.account(spec.exporter).addStreamImporter(spec);
      if (streams.length > 0) this.#streamImports.set(importer, [...streams]);
      for (const spec of services) this.account(importer).addServiceImport(spec);
    }
  }

  #take(account: AccountSnapshot): void {
    const { index, name, retired } = account;
    const before = this.#accounts[index];
    const formerName = before?.snapshot.name;
    if (formerName !== undefined && this.#indexByName.get(formerName) === index) {
      this.#indexByName.delete(formerName);
    }
    const isGone = retired === true;
    if (before === undefined || isGone || before.snapshot.retired === true) {
      this.#accounts[index] = new CompiledAccount(account, !isGone && this.#hasSystemAccount);
    } else before.replace(account);
    if (!isGone && name !== "") this.#indexByName.set(name, index);
  }

  /** The account with this index, which must exist. */
  account(index: number): CompiledAccount {
    const account = this.#accounts[index];
    assert(account !== undefined, "account indexes come from this snapshot");
    return account;
  }

  /** Index of the account called `name`. */
  indexOf(name: string): number | undefined {
    return this.#indexByName.get(name);
  }
}
