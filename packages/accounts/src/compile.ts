// From what a configuration says about accounts to the checked snapshot that workers use
// (docs/compat/02-subjects.md, 2.3; docs/compat/05-accounts.md, 5.1 and 5.2). Control thread; pure.
// All problems are reported, not only the first, with the reference's texts; the snapshot exists only
// if there are none.
import { isPublicKey } from "@weft/auth";
import { type ConfigProblem, LIMITS, type SourcePosition } from "@weft/base";
import {
  isValidPublishSubject,
  isValidSubject,
  resolveMappingDestinations,
  type SearchBudget,
  subjectFromText,
  subjectSizeFault,
} from "@weft/subjects";
import { compileImports } from "./compile-imports.ts";
import { ExportTable } from "./export-table.ts";
import { mappingText } from "./mapping-text.ts";
import { MEASURED_STEPS_MAX } from "./measure-turns.ts";
import type { AccountLimits, AccountSnapshot, AccountsSnapshot } from "./snapshot.ts";
import type {
  AccountLimitsSpec,
  AccountSpec,
  ExportSpec,
  MappingSpec,
  MessageTraceSpec,
} from "./spec.ts";

export const GLOBAL_ACCOUNT_INDEX = 0;
export const SYSTEM_ACCOUNT_INDEX = 1;
const GLOBAL_ACCOUNT_NAME = "$G";
const DEFAULT_SYSTEM_ACCOUNT_NAME = "$SYS";

export interface CompileOptions {
  /** AC-05, as written; undefined = `$SYS`. */
  readonly systemAccount?: string | undefined;
  readonly noSystemAccount?: boolean | undefined;
  /** SU-35. Cluster of this server. */
  readonly cluster?: string | undefined;
  /**
   * Accounts that are not among the specifications and may be there later: nothing is said of them,
   * and what is imported from them is left out.
   */
  readonly isForeign?: ((name: string) => boolean) | undefined;
  /** SU-30. Mappings of `$G`. */
  readonly topLevelMappings?: readonly MappingSpec[] | undefined;
}

export type CompileResult =
  | {
      readonly ok: true;
      readonly snapshot: AccountsSnapshot;
      readonly warnings: readonly ConfigProblem[];
    }
  | { readonly ok: false; readonly errors: readonly ConfigProblem[] };

/** An account while it is compiled. */
export interface DraftAccount {
  readonly index: number;
  readonly spec: AccountSpec;
  readonly streams: ExportTable;
  readonly services: ExportTable;
}

/** Where problems are collected. */
export interface Findings {
  readonly errors: ConfigProblem[];
  readonly warnings: ConfigProblem[];
}

/** Compiles accounts. `specs` are in the order of the configuration, without `$G`. */
export function compileAccounts(
  specs: readonly AccountSpec[],
  options: CompileOptions = {},
): CompileResult {
  const findings: Findings = { errors: [], warnings: [] };
  const drafts = draftAccounts(specs, options, findings);
  const byName = new Map<string, DraftAccount>();
  for (const draft of drafts) byName.set(draft.spec.name, draft);
  for (const draft of drafts) compileExports(draft, byName, findings, options);
  const imports = compileImports(drafts, byName, findings, options.isForeign);
  const accounts = drafts.map((draft) => compileAccount(draft, options, findings));
  if (findings.errors.length > 0) return { ok: false, errors: findings.errors };
  const hasSystemAccount = options.noSystemAccount !== true;
  const snapshot = { accounts, hasSystemAccount, ...imports };
  return { ok: true, snapshot, warnings: findings.warnings };
}

/** Gives the indexes: `$G`, the system account, then the others as written. */
function draftAccounts(
  specs: readonly AccountSpec[],
  options: CompileOptions,
  findings: Findings,
): DraftAccount[] {
  const known = new Map<string, AccountSpec>();
  const problem = (message: string, at: SourcePosition | undefined) =>
    findings.errors.push({ message, at });
  for (const spec of specs) {
    if (spec.name === GLOBAL_ACCOUNT_NAME) {
      problem(`"${GLOBAL_ACCOUNT_NAME}" is a Reserved Account`, spec.at);
    } else if (known.has(spec.name)) {
      problem(`Duplicate Account Entry: ${spec.name}`, spec.at);
    } else known.set(spec.name, spec);
    if (spec.nkey !== undefined && !isPublicKey(spec.nkey, "account")) {
      problem(`Not a valid public nkey for an account: ${JSON.stringify(spec.nkey)}`, spec.at);
    }
  }
  const system = systemAccount(known, options, findings);
  const others = [...known.values()].filter((spec) => spec !== system);
  const global: AccountSpec = { name: GLOBAL_ACCOUNT_NAME, mappings: options.topLevelMappings };
  const all = [global, system, ...others];
  if (all.length > LIMITS.accountsMax) {
    problem(`${all.length} accounts, at most ${LIMITS.accountsMax} are possible`, undefined);
    all.length = LIMITS.accountsMax;
  }
  return all.map(draftAccount);
}

/** An account of which nothing is compiled yet. */
export function draftAccount(spec: AccountSpec, index: number): DraftAccount {
  return { index, spec, streams: new ExportTable(), services: new ExportTable() };
}

/** AC-05. Without a system account its place is held by one that nothing can name. */
function systemAccount(
  known: ReadonlyMap<string, AccountSpec>,
  options: CompileOptions,
  findings: Findings,
): AccountSpec {
  if (options.noSystemAccount) return { name: "" };
  const name = options.systemAccount || DEFAULT_SYSTEM_ACCOUNT_NAME;
  const configured = known.get(name);
  if (configured !== undefined) return configured;
  if (name !== DEFAULT_SYSTEM_ACCOUNT_NAME) {
    findings.errors.push({ message: "error resolving system account: account missing" });
  }
  return { name };
}

/**
 * AC-20, AC-22, AC-23, AC-35, AC-60. What is wrong is left out; `budget` is for what its measurements are
 * published on.
 */
export function compileExports(
  draft: DraftAccount,
  byName: ReadonlyMap<string, DraftAccount>,
  findings: Findings,
  options: CompileOptions = {},
  budget: SearchBudget = { stepsLeft: MEASURED_STEPS_MAX },
): void {
  for (const spec of draft.spec.exports ?? []) {
    const at = spec.at ?? draft.spec.at;
    const error = (message: string) => findings.errors.push({ message, at });
    for (const message of misplacedDirectives(spec)) error(message);
    const sizeFault = subjectSizeFault(spec.subject);
    if (sizeFault !== undefined) {
      error(`Error adding ${spec.kind} export: ${sizeFault}`);
      continue;
    }
    for (const name of spec.accounts ?? []) {
      const isDefined =
        byName.get(name) !== undefined && name !== "" && name !== GLOBAL_ACCOUNT_NAME;
      if (isDefined || options.isForeign?.(name) === true) continue;
      error(`${JSON.stringify(name)} account not defined for ${spec.kind} export`);
    }
    const table = spec.kind === "stream" ? draft.streams : draft.services;
    const subject = JSON.stringify(spec.subject);
    const fault = table.add(spec);
    if (fault !== undefined) error(`Error adding ${spec.kind} export ${subject}: ${fault}`);
    else if (!isValidSubject(spec.subject)) {
      const message = `${spec.kind} export ${subject} is not a valid subject: nobody can import it`;
      findings.warnings.push({ message, at });
    }
    if (spec.latency === undefined || spec.kind === "stream" || fault !== undefined) continue;
    if (options.noSystemAccount) {
      error(`Error adding service latency sampling for ${subject}: system account not setup`);
      continue;
    }
    const latencyFault = table.measure(spec.subject, spec.latency, budget);
    if (latencyFault === undefined) continue;
    const results = JSON.stringify(spec.latency.subject);
    const what = `service latency sampling for ${subject} on subject ${results}`;
    error(`Error adding ${what}: ${latencyFault}`);
  }
}

function misplacedDirectives(spec: ExportSpec): string[] {
  if (spec.kind === "service") return [];
  const found: string[] = [];
  if (spec.responseType !== undefined || spec.responseThresholdMs !== undefined) {
    found.push("Detected response directive on non-service");
  }
  if (spec.latency !== undefined) found.push("Detected latency directive on non-service");
  if (spec.allowTrace !== undefined) found.push("Detected allow_trace directive on non-service");
  return found;
}

/** What the account is beside its exports and imports. What is wrong is left out. */
export function compileAccount(
  draft: DraftAccount,
  options: CompileOptions,
  findings: Findings,
): AccountSnapshot {
  const { spec, index } = draft;
  const mappings = new Map<string, string>();
  for (const mapping of spec.mappings ?? []) {
    const text = compileMappingSpec(mapping, spec, options.cluster, findings);
    // The last one for a source counts, in the place of the first.
    if (text !== undefined) mappings.set(mapping.source, text);
  }
  return {
    index,
    name: spec.name,
    nameTag: spec.nameTag,
    limits: limitsOf(spec.limits),
    mappings: [...mappings.values()],
    messageTrace: spec.messageTrace && compileTrace(spec.messageTrace, spec, findings),
  };
}

/** AC-73. The server itself publishes there: a blank would write lines into what others read. */
function compileTrace(
  trace: MessageTraceSpec,
  { at }: AccountSpec,
  findings: Findings,
): MessageTraceSpec | undefined {
  const destination = subjectFromText(trace.destination);
  if (isValidPublishSubject(destination)) return { ...trace, destination };
  const message = `Trace destination ${JSON.stringify(trace.destination)} is not valid`;
  findings.errors.push({ message, at });
  return undefined;
}

/** SU-30 to SU-36. */
function compileMappingSpec(
  mapping: MappingSpec,
  account: AccountSpec,
  cluster: string | undefined,
  findings: Findings,
): string | undefined {
  const { source, destinations } = mapping;
  const resolved = resolveMappingDestinations(source, destinations, cluster);
  if (resolved.ok) return mappingText(source, resolved.destinations);
  findings.errors.push({ message: resolved.error, at: mapping.at ?? account.at });
  return undefined;
}

/** AC-06. */
function limitsOf(spec: AccountLimitsSpec | undefined): AccountLimits {
  return {
    connectionsMax: spec?.connectionsMax ?? -1,
    subscriptionsMax: spec?.subscriptionsMax ?? -1,
    payloadBytesMax: spec?.payloadBytesMax ?? -1,
    leafnodesMax: spec?.leafnodesMax ?? -1,
  };
}
