// What an account exports and who may import it (AC-20, AC-22, AC-35). Control thread; pure.
import { FilterMap, type SearchBudget } from "@weft/subjects";
import { latencyFault } from "./latency-fault.ts";
import { narrowest } from "./narrowest.ts";
import type { ExportSpec, ImportSpec, LatencySpec, ResponseType } from "./spec.ts";

const BAD_SUBJECT = "sublist: invalid subject";
const UNSEEN = "too many exports to look through";

/** One exported subject; several entries of a configuration for it are one. */
interface ExportEntry {
  readonly subject: string;
  /** Names of the accounts that may import; undefined = all. */
  approved: Set<string> | undefined;
  /** AC-35, from 1; 0 = none. */
  accountTokenPosition: number;
  responseType: ResponseType;
  responseThresholdMs: number | undefined;
  allowTrace: boolean;
  latency: LatencySpec | undefined;
}

/** All exports of one kind of one account. */
export class ExportTable {
  readonly #bySubject = new Map<string, ExportEntry>();
  readonly #byFilter = new FilterMap<ExportEntry>();

  /** Adds an entry; returns the reference's text if it cannot be. */
  add(spec: ExportSpec): string | undefined {
    const position = spec.accountTokenPosition ?? 0;
    if (position > 0 && spec.subject.split(".")[position - 1] !== "*") return BAD_SUBJECT;
    const known = this.#bySubject.get(spec.subject);
    const entry: ExportEntry = known ?? {
      subject: spec.subject,
      approved: undefined,
      accountTokenPosition: 0,
      responseType: "singleton",
      responseThresholdMs: undefined,
      allowTrace: false,
      latency: undefined,
    };
    if (known === undefined) {
      this.#bySubject.set(spec.subject, entry);
      this.#byFilter.add(spec.subject, entry);
    }
    if (spec.accounts !== undefined) {
      entry.approved ??= new Set();
      for (const name of spec.accounts) entry.approved.add(name);
    }
    if (position > 0) entry.accountTokenPosition = position;
    if (spec.responseType !== undefined) entry.responseType = spec.responseType;
    if (spec.responseThresholdMs) entry.responseThresholdMs = spec.responseThresholdMs;
    if (spec.allowTrace) entry.allowTrace = true;
    return undefined;
  }

  /**
   * AC-60. Answers of this subject, which was added, are measured; or the reference's text. Without
   * budget they are not.
   */
  measure(subject: string, latency: LatencySpec, budget: SearchBudget): string | undefined {
    const entry = this.#bySubject.get(subject);
    let isUnseen = false;
    const isService = (results: string): boolean => {
      const covered = this.covers(results, budget);
      isUnseen = covered === undefined;
      return covered ?? true;
    };
    const fault = latencyFault(latency, entry?.responseType, isService);
    if (isUnseen) return UNSEEN;
    if (fault === undefined && entry !== undefined) entry.latency = latency;
    return fault;
  }

  /** True if some export takes in all of `filter`; undefined = the budget is used up. */
  covers(filter: string, budget: SearchBudget): boolean | undefined {
    if (this.#bySubject.has(filter)) return true;
    const covering = this.#byFilter.within(budget, "covering", filter);
    return covering && covering.length > 0;
  }

  /**
   * The exports that decide about `filter`: the one with just this subject, else of those that take
   * it in the narrowest. (The reference takes any of them, as its hash order falls.) Undefined = the
   * budget is used up.
   */
  deciding(filter: string, budget: SearchBudget): readonly Readonly<ExportEntry>[] | undefined {
    const exact = this.#bySubject.get(filter);
    if (exact !== undefined) return [exact];
    const covering = this.#byFilter.within(budget, "covering", filter);
    return covering && narrowest(covering, filter, budget);
  }

  /** May the account called `importer` import this? All of `deciding` must agree. */
  static isApproved(
    deciding: readonly Readonly<ExportEntry>[],
    importer: string,
    { subject, activated }: ImportedSubject,
  ): boolean {
    return (
      deciding.length > 0 &&
      deciding.every((entry) => approves(entry, importer, subject, activated === true))
    );
  }
}

type ImportedSubject = Pick<ImportSpec, "subject" | "activated">;

function approves(
  entry: Readonly<ExportEntry>,
  importer: string,
  filter: string,
  activated: boolean,
): boolean {
  // AC-35: the position decides alone; the wildcard of the export itself names nobody.
  if (entry.accountTokenPosition > 0) {
    return filter.split(".")[entry.accountTokenPosition - 1] === importer;
  }
  return activated || (entry.approved?.has(importer) ?? true);
}
