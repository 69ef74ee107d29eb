// AC-36: imports that lead back to where they start. Control thread; pure. Imports are added one by
// one, and one that closes a cycle with those before it is refused. What must stay true: the search
// ends after a bounded number of steps for any configuration (attack 45), and what it looks at is
// counted before it is collected.
import { createPrng } from "@weft/base";
import {
  FilterMap,
  type SearchBudget,
  type SubjectTransform,
  subjectIsSubsetMatch,
  subjectsCollide,
} from "@weft/subjects";
import { intersectFilters } from "./filter-algebra.ts";

/** Accounts on one chain of imports, as in the reference. */
export const CYCLE_SEARCH_DEPTH_MAX = 1024;
/** Steps of all searches of one compilation together. */
export const CYCLE_SEARCH_STEPS_MAX = 12_000_000;
/** What an import costs that is followed, in nodes of a map of imports ... */
const EDGE_STEPS = 8;
/** ... and the characters of its subjects that cost one more. */
const CHARACTERS_PER_STEP = 8;

export const CYCLE_ERRORS = {
  cycle: "import forms a cycle",
  depth: "search cycle depth exhausted",
} as const;

export type CycleVerdict = keyof typeof CYCLE_ERRORS | undefined;

/** A service import as the search sees it. */
export interface ServiceEdge {
  readonly importer: number;
  readonly exporter: number;
  readonly from: string;
  readonly to: string;
  /** From `from` to `to`; undefined = unchanged if they are equal, else always `to`. */
  readonly transform: SubjectTransform | undefined;
}

/** Counts an import that is followed on `filter`; false = the time has run out. */
function pays(budget: SearchBudget, filter: string, edgeFilter: string): boolean {
  const length = filter.length + edgeFilter.length;
  budget.stepsLeft -= EDGE_STEPS + Math.floor(length / CHARACTERS_PER_STEP);
  return budget.stepsLeft >= 0;
}

/** Strict transforms take no random choice, but their signature wants a source. */
const NO_CHOICE = createPrng(0);

/**
 * The subjects in the exporter that requests on `filter`, a subset of `from`, become; undefined =
 * none, as all would be longer than a subject can be.
 */
function imageOf(edge: ServiceEdge, filter: string): string | undefined {
  if (edge.transform !== undefined) return edge.transform.apply(filter, NO_CHOICE);
  return edge.from === edge.to ? filter : edge.to;
}

/** Finds service imports that answer themselves: a request that comes back as itself. */
export class ServiceCycles {
  readonly #byImporter = new Map<number, FilterMap<ServiceEdge>>();
  readonly #budget: SearchBudget;

  constructor(budget: SearchBudget) {
    this.#budget = budget;
  }

  add(edge: ServiceEdge): void {
    const known = this.#byImporter.get(edge.importer) ?? new FilterMap<ServiceEdge>();
    this.#byImporter.set(edge.importer, known);
    known.add(edge.from, edge);
  }

  /** The imports of an account are compiled anew. */
  forget(importer: number): void {
    this.#byImporter.delete(importer);
  }

  /** Would `start`, not added yet, close a cycle? */
  check(start: ServiceEdge): CycleVerdict {
    const image = imageOf(start, start.from);
    if (image === undefined) return undefined;
    return this.#follow(start, start.exporter, image, 2, new Set());
  }

  /** Requests arrive in `account` on `filter`; `depth` accounts are on the way there. */
  #follow(
    start: ServiceEdge,
    account: number,
    filter: string,
    depth: number,
    seen: Set<string>,
  ): CycleVerdict {
    if (account === start.importer && subjectsCollide(filter, start.from)) return "cycle";
    const known = this.#byImporter.get(account);
    if (known === undefined) return undefined;
    const edges = known.within(this.#budget, "colliding", filter);
    if (edges === undefined) return "depth";
    for (const edge of edges) {
      if (!pays(this.#budget, filter, edge.from) || depth >= CYCLE_SEARCH_DEPTH_MAX) return "depth";
      const narrowed = intersectFilters(filter, edge.from);
      if (narrowed === undefined) continue;
      const image = imageOf(edge, narrowed);
      if (image === undefined) continue;
      const key = `${edge.exporter} ${image}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const verdict = this.#follow(start, edge.exporter, image, depth + 1, seen);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }
}

/** A stream import as the search sees it. */
export interface StreamEdge {
  readonly importer: number;
  readonly exporter: number;
  readonly from: string;
  /** Filter of the importer's subjects. */
  readonly to: string;
}

/** Does the account export all of `filter`? Undefined = the budget is used up. */
export type ExportsSubject = (
  account: number,
  filter: string,
  budget: SearchBudget,
) => boolean | undefined;

/**
 * Finds stream imports that lead back. Streams are not passed on from account to account, so no
 * message would ever circle; the rule is the reference's: an account that exports what it imports
 * is a link of a chain.
 */
export class StreamCycles {
  readonly #byImporter = new Map<number, FilterMap<StreamEdge>>();
  readonly #exportsSubject: ExportsSubject;
  readonly #budget: SearchBudget;

  constructor(exportsSubject: ExportsSubject, budget: SearchBudget) {
    this.#exportsSubject = exportsSubject;
    this.#budget = budget;
  }

  add(edge: StreamEdge): void {
    const known = this.#byImporter.get(edge.importer) ?? new FilterMap<StreamEdge>();
    this.#byImporter.set(edge.importer, known);
    known.add(edge.to, edge);
  }

  /** The imports of an account are compiled anew. */
  forget(importer: number): void {
    this.#byImporter.delete(importer);
  }

  /** Would `start`, not added yet, close a cycle? */
  check(start: StreamEdge): CycleVerdict {
    const { importer, exporter } = start;
    return (
      this.#follow(importer, exporter, start.to, new Set(), new Set()) ??
      this.#follow(importer, exporter, start.from, new Set(), new Set())
    );
  }

  /** `path`: accounts on the way from `importer` to `account`, without these two. */
  #follow(
    importer: number,
    account: number,
    filter: string,
    path: Set<number>,
    seen: Set<string>,
  ): CycleVerdict {
    const known = this.#byImporter.get(account);
    if (known === undefined) return undefined;
    const isExported = this.#exportsSubject(account, filter, this.#budget);
    if (isExported === false) return undefined;
    const edges = isExported && known.within(this.#budget, "colliding", filter);
    if (edges === undefined) return "depth";
    for (const edge of edges) {
      const isDeep = path.size + 1 >= CYCLE_SEARCH_DEPTH_MAX;
      if (isDeep || !pays(this.#budget, filter, edge.to)) return "depth";
      if (edge.exporter === importer) return "cycle";
      // A ring that does not lead back here, as an account that imports from itself, is not this
      // import's doing, and was taken when it was added.
      if (path.has(edge.exporter)) continue;
      const narrowed = subjectIsSubsetMatch(edge.to, filter) ? edge.to : filter;
      const key = `${edge.exporter} ${narrowed}`;
      if (seen.has(key)) continue;
      seen.add(key);
      path.add(account);
      const verdict = this.#follow(importer, edge.exporter, narrowed, path, seen);
      path.delete(account);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }
}
