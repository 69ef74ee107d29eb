// The imports of all accounts: authorised, free of cycles, resolved to indexes (AC-21 to AC-27,
// AC-35, AC-36, AC-38). Control thread; pure. Exports must be compiled before.
import { type ConfigProblem, LIMITS } from "@weft/base";
import {
  compileTransform,
  isValidSubject,
  type SearchBudget,
  subjectFromText,
} from "@weft/subjects";
import { AccountGraph } from "./account-graph.ts";
import type { DraftAccount, Findings } from "./compile.ts";
import {
  CYCLE_ERRORS,
  CYCLE_SEARCH_DEPTH_MAX,
  CYCLE_SEARCH_STEPS_MAX,
  type CycleVerdict,
  type ExportsSubject,
  ServiceCycles,
  type ServiceEdge,
  StreamCycles,
  type StreamEdge,
} from "./cycles.ts";
import { ExportTable } from "./export-table.ts";
import { inFairShares, type SharedBudget, setHalfAside } from "./fair-shares.ts";
import { collectLinks, type Link } from "./import-links.ts";
import { resolveServiceSubjects, resolveStreamSubjects } from "./import-subjects.ts";
import type { ServiceImportSnapshot, StreamImportSnapshot } from "./snapshot.ts";
import type { LatencySpec } from "./spec.ts";

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; error: string };

function refused(error: string): { readonly ok: false; error: string } {
  return { ok: false, error };
}

/** Compiles all imports: streams first, then services, each in the order of the configuration. */
export function compileImports(
  drafts: readonly DraftAccount[],
  byName: ReadonlyMap<string, DraftAccount>,
  findings: Findings,
  isForeign?: (name: string) => boolean,
): { streamImports: StreamImportSnapshot[]; serviceImports: ServiceImportSnapshot[] } {
  const links = collectLinks(drafts, byName, findings, isForeign);
  const budget: SearchBudget = { stepsLeft: CYCLE_SEARCH_STEPS_MAX };
  const streams = links.filter((link) => link.spec.kind === "stream");
  const services = links.filter((link) => link.spec.kind === "service");
  const covers: ExportsSubject = (account, filter, steps) => {
    const draft = drafts[account];
    return draft === undefined ? false : draft.streams.covers(filter, steps);
  };
  const streamCompiler = new StreamCompiler(
    new StreamCycles(covers, budget),
    new SearchNeed(drafts.length, streams),
    budget,
  );
  const serviceCompiler = new ServiceCompiler(
    new ServiceCycles(budget),
    new SearchNeed(drafts.length, services),
    budget,
  );
  return {
    streamImports: compileAll(streams, streamCompiler, findings),
    serviceImports: compileAll(services, serviceCompiler, findings),
  };
}

/** The searches of accounts that come one by one; they know the imports of all others. */
export interface ImportCycles {
  readonly streams: StreamCycles;
  readonly services: ServiceCycles;
  /** What they may cost ... */
  readonly searches: SharedBudget;
  /** ... and looking up exports. */
  readonly lookups: SharedBudget;
}

export interface CompiledImports {
  readonly streams: StreamImportSnapshot[];
  readonly services: ServiceImportSnapshot[];
  /** Keys of those that work. */
  readonly accepted: ReadonlySet<string>;
}

/** An import of an account, as it is known to others. */
export interface ImportIdentity {
  /** Equal for imports that lead from the same subjects to the same subjects. */
  readonly key: string;
  readonly kind: "stream" | "service";
  readonly exporter: number;
}

/**
 * Compiles the imports of one account anew; those of others stay as `cycles` knows them. `isKept`: the
 * import was accepted before, and whom it is from exports no more streams than then. It closes no
 * circle: whoever came after it was searched with it in place.
 */
export function compileImportsOf(
  importer: DraftAccount,
  byName: ReadonlyMap<string, DraftAccount>,
  cycles: ImportCycles,
  findings: Findings,
  isKept: (one: ImportIdentity) => boolean,
): CompiledImports {
  cycles.streams.forget(importer.index);
  cycles.services.forget(importer.index);
  const links = collectLinks([importer], byName, findings);
  const need: Need = {
    of: (link) => {
      const { spec, exporter } = link;
      return !isKept({ key: keyOf(link), kind: spec.kind, exporter: exporter.index });
    },
    chainLength: () => 0,
  };
  const { lookups, searches } = cycles;
  const living: Living = { accepted: new Set(), lookups, searches };
  const streamLinks = links.filter((link) => link.spec.kind === "stream");
  const serviceLinks = links.filter((link) => link.spec.kind === "service");
  const streamCompiler = new StreamCompiler(cycles.streams, need, lookups);
  const serviceCompiler = new ServiceCompiler(cycles.services, need, lookups);
  const budgets = serviceLinks.length > 0 ? [lookups, searches] : [];
  const putBack = budgets.map(setHalfAside);
  const streams = compileAll(streamLinks, streamCompiler, findings, living);
  for (const put of putBack) put();
  const services = compileAll(serviceLinks, serviceCompiler, findings, living);
  return { streams, services, accepted: living.accepted };
}

/** What there is for an account that lives on without one import. */
interface Living {
  /** Keys of its imports that work. */
  readonly accepted: Set<string>;
  /** None of those that it imports from can use up what is for the others. */
  readonly lookups: SharedBudget;
  readonly searches: SharedBudget;
}

function keyOf({ spec, exporter }: Link): string {
  const { kind, subject, prefix, to } = spec;
  return JSON.stringify([kind, exporter.index, subject, prefix ?? "", to ?? ""]);
}

/** Whether a search for a cycle can find anything. */
interface Need {
  of(link: Link): boolean;
  chainLength(link: Link): number;
}

/** An import that is allowed, and what it is for the search. */
interface Allowed<E, T> {
  readonly edge: E;
  readonly value: T;
}

/** What compiles the imports of one kind, one after the other. */
interface ImportCompiler<E, T> {
  readonly need: Need;
  readonly cycles: { check(edge: E): CycleVerdict; add(edge: E): void };
  /** Undefined = the budget is used up. */
  compile(link: Link): Outcome<Allowed<E, T>> | undefined;
}

/** An import whose search is to come. */
interface Candidate<E, T> extends Allowed<E, T> {
  readonly link: Link;
  readonly at: number;
}

/**
 * Compiles those that others build on first, so that the length of a chain is known whatever the
 * order of the configuration; results and errors are in that order again. Of an account that is
 * `living` each import is told of, and the others are kept.
 */
function compileAll<E, T>(
  links: readonly Link[],
  compiler: ImportCompiler<E, T>,
  findings: Findings,
  living?: Living,
): T[] {
  const { need, cycles } = compiler;
  const ordered = links.map((link, at) => ({ link, at, length: need.chainLength(link) }));
  ordered.sort((left, right) => left.length - right.length || left.at - right.at);
  const compiled: T[] = [];
  const errors: (ConfigProblem | undefined)[] = [];
  const refuse = ({ link, at }: { link: Link; at: number }, error: string): void => {
    const { spec, importer } = link;
    const message = `Error adding ${spec.kind} import ${JSON.stringify(spec.subject)}: ${error}`;
    errors[at] = { message, at: spec.at ?? importer.spec.at };
  };
  const accept = ({ edge, value, link, at }: Candidate<E, T>): void => {
    cycles.add(edge);
    living?.accepted.add(keyOf(link));
    compiled[at] = value;
  };
  const settle = (one: Candidate<E, T>, verdict: CycleVerdict): void => {
    if (verdict === undefined) accept(one);
    else refuse(one, CYCLE_ERRORS[verdict]);
  };
  const allowed: Candidate<E, T>[] = [];
  const look = (one: { link: Link; at: number }): boolean => {
    const result = compiler.compile(one.link);
    if (result?.ok) allowed.push({ ...result.value, ...one });
    else if (result !== undefined) refuse(one, result.error);
    return result !== undefined;
  };
  if (living === undefined) {
    for (const one of ordered) if (!look(one)) refuse(one, CYCLE_ERRORS.depth);
    for (const one of allowed) {
      const verdict = need.of(one.link) ? cycles.check(one.edge) : undefined;
      settle(one, verdict);
      // Looking further would only cost more of the time that has run out.
      if (verdict === "depth") break;
    }
  } else {
    const { lookups, searches } = living;
    for (const one of inFairShares(ordered, exporterOf, lookups, look)) {
      refuse(one, CYCLE_ERRORS.depth);
    }
    allowed.sort((left, right) => left.at - right.at);
    const fresh = new Set(allowed.filter(({ link }) => need.of(link)));
    // What was there before is there when what is new is searched.
    for (const one of allowed) if (!fresh.has(one)) accept(one);
    const search = (one: Candidate<E, T>): boolean => {
      const verdict = cycles.check(one.edge);
      if (searches.stepsLeft < 0) return false;
      settle(one, verdict);
      return true;
    };
    for (const one of inFairShares([...fresh], exporterOf, searches, search)) {
      refuse(one, CYCLE_ERRORS.depth);
    }
  }
  for (const error of errors) if (error !== undefined) findings.errors.push(error);
  return compiled.filter((one) => one !== undefined);
}

function exporterOf({ link }: { readonly link: Link }): DraftAccount {
  return link.exporter;
}

/** Seen from the accounts alone. */
class SearchNeed implements Need {
  readonly #graph: AccountGraph;

  constructor(accounts: number, links: readonly Link[]) {
    const edges = links.map((link) => [link.importer.index, link.exporter.index] as const);
    this.#graph = new AccountGraph(accounts, edges);
  }

  of(link: Link): boolean {
    if (this.#graph.mayCycle(link.importer.index, link.exporter.index)) return true;
    return this.chainLength(link) > CYCLE_SEARCH_DEPTH_MAX;
  }

  chainLength({ importer }: Link): number {
    return this.#graph.chainLength(importer.index);
  }
}

class StreamCompiler implements ImportCompiler<StreamEdge, StreamImportSnapshot> {
  readonly need: Need;
  readonly cycles: StreamCycles;
  readonly #budget: SearchBudget;
  readonly #seen = new Set<string>();

  constructor(cycles: StreamCycles, need: Need, budget: SearchBudget) {
    // An account may import from itself: streams are not passed on, nothing can circle.
    const isOwn = ({ importer, exporter }: Link): boolean => importer === exporter;
    this.need = {
      of: (link) => !isOwn(link) && need.of(link),
      chainLength: (link) => need.chainLength(link),
    };
    this.cycles = cycles;
    this.#budget = budget;
  }

  compile(link: Link): Outcome<Allowed<StreamEdge, StreamImportSnapshot>> | undefined {
    const { spec, importer, exporter } = link;
    const from = spec.subject;
    const deciding = exporter.streams.deciding(from, this.#budget);
    if (deciding === undefined) return undefined;
    if (!isValidSubject(from) || !ExportTable.isApproved(deciding, importer.spec.name, spec)) {
      return refused("stream import not authorized");
    }
    const subjects = resolveStreamSubjects(spec);
    if (!subjects.ok) return subjects;
    const key = JSON.stringify([importer.index, exporter.index, from]);
    if (this.#seen.has(key)) return refused("stream import already exists");
    this.#seen.add(key);
    const edge = {
      importer: importer.index,
      exporter: exporter.index,
      from,
      to: subjects.local,
    };
    const to = subjects.to === undefined ? undefined : subjectFromText(subjects.to);
    const value: StreamImportSnapshot = {
      exporter: exporter.index,
      importer: importer.index,
      from: subjectFromText(from),
      to,
      allowTrace: spec.allowTrace ?? false,
    };
    return { ok: true, value: { edge, value } };
  }
}

class ServiceCompiler implements ImportCompiler<ServiceEdge, ServiceImportSnapshot> {
  readonly need: Need;
  readonly cycles: ServiceCycles;
  readonly #budget: SearchBudget;

  constructor(cycles: ServiceCycles, need: Need, budget: SearchBudget) {
    this.need = need;
    this.cycles = cycles;
    this.#budget = budget;
  }

  compile(link: Link): Outcome<Allowed<ServiceEdge, ServiceImportSnapshot>> | undefined {
    const { spec, importer, exporter } = link;
    const subjects = resolveServiceSubjects(spec);
    if (!subjects.ok && subjects.error === "sublist: invalid subject") return subjects;
    const deciding = exporter.services.deciding(spec.subject, this.#budget);
    if (deciding === undefined) return undefined;
    if (!ExportTable.isApproved(deciding, importer.spec.name, spec)) {
      return refused("service import not authorized");
    }
    if (!subjects.ok) return subjects;
    const { from, to, toIsLiteral } = subjects;
    const transform = toIsLiteral || from === to ? undefined : compileTransform(from, to);
    const edge: ServiceEdge = {
      importer: importer.index,
      exporter: exporter.index,
      from,
      to,
      transform: transform?.ok ? transform.transform : undefined,
    };
    const exported = deciding[0];
    const value: ServiceImportSnapshot = {
      importer: importer.index,
      exporter: exporter.index,
      from: subjectFromText(from),
      to: subjectFromText(to),
      toIsLiteral,
      responseType: exported?.responseType ?? "singleton",
      responseThresholdMs: exported?.responseThresholdMs ?? LIMITS.serviceResponseThresholdMs,
      share: spec.share ?? false,
      allowTrace: exported?.allowTrace ?? false,
      latency: measured(exported?.latency),
    };
    return { ok: true, value: { edge, value } };
  }
}

function measured(latency: LatencySpec | undefined): LatencySpec | undefined {
  return latency && { ...latency, subject: subjectFromText(latency.subject) };
}
