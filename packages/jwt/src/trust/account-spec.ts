// From the claims of accounts to what the compiler of accounts takes (docs/compat/05-accounts.md,
// 5.3). Control thread; pure. Imports that the exporter does not allow are left out and told, so
// that the others work (AC-56). What a specification cannot say as yet stands in
// docs/formats/jwt.md.
import {
  type AccountSpec,
  type ExportSpec,
  type ImportSpec,
  inFairShares,
  type LatencySpec,
  type MappingSpec,
  type ResponseType,
} from "@weft/accounts";
import type { SignatureVerifier } from "@weft/auth";
import type { AccountLimitsClaim, ExportClaim, ImportClaim } from "../claims/claims.ts";
import { judgeActivation } from "./activation.ts";
import { ExportIndexes } from "./export-index.ts";
import { permissionsSpec } from "./permissions.ts";
import type { TrustedAccount } from "./trusted-account.ts";

/** An import that does not work, and why. */
export interface ImportProblem {
  readonly account: string;
  readonly exporter: string;
  readonly kind: "stream" | "service";
  readonly subject: string;
  readonly problem: string;
}

export interface AccountSpecs {
  readonly specs: readonly AccountSpec[];
  readonly problems: readonly ImportProblem[];
  /** The first moment at which an activation begins or ends: it has to be made anew. Unix ms. */
  readonly validUntilMs: number | undefined;
}

/** An account that found no time is looked at again. */
const STARVED_MS = 1_000;
const NANOS_PER_MS = 1_000_000;
const NO_LIMIT = -1;

const RESPONSE_TYPES: Readonly<Record<string, ResponseType>> = {
  Singleton: "singleton",
  Stream: "stream",
  Chunked: "chunked",
};

/** Specifications of accounts that may import from each other. */
export function accountSpecs(
  accounts: readonly TrustedAccount[],
  nowMs: number,
  verifier: SignatureVerifier,
): AccountSpecs {
  const byKey = new Map(accounts.map((account) => [account.key, account]));
  const exports = new ExportIndexes();
  const specs = new SpecMaker((key) => byKey.get(key), nowMs, verifier, exports);
  const imports = accounts.map((account) => specs.importsOf(account));
  return {
    specs: accounts.map((account, at) => specs.specOf(account, imports[at] ?? [])),
    problems: specs.problems,
    validUntilMs: specs.validUntilMs,
  };
}

/** The specification of one account of many that come and go. */
export interface SingleAccountSpec {
  readonly spec: AccountSpec;
  readonly problems: readonly ImportProblem[];
  readonly validUntilMs: number | undefined;
}

/**
 * The same for one account; `find` gives those that it imports from, as far as they are there. Its
 * exports with tokens list nobody: who has a good token is told by `activated` of the import.
 * `exports` is shared by accounts that are looked at together. `configured` gives the name of an account
 * that is no account by token: whether it exports what is wanted is for the compiler to say.
 */
export function accountSpec(
  account: TrustedAccount,
  find: (key: string) => TrustedAccount | undefined,
  nowMs: number,
  verifier: SignatureVerifier,
  exports = new ExportIndexes(),
  configured: (key: string) => string | undefined = () => undefined,
): SingleAccountSpec {
  const specs = new SpecMaker(find, nowMs, verifier, exports, configured);
  const spec = specs.specOf(account, specs.importsOf(account));
  return { spec, problems: specs.problems, validUntilMs: specs.validUntilMs };
}

/** What an import asks of its exporter. */
interface Wanted {
  readonly kind: "stream" | "service";
  /** Subject in the exporting account. */
  readonly subject: string;
}

/** An import as its account asks for it. */
interface AskedImport {
  readonly claim: ImportClaim;
  readonly spec: ImportSpec;
}

type ImportJudgement =
  | { readonly ok: true; readonly spec: ImportSpec }
  | { readonly ok: false; readonly problem: string };

const UNSEEN: ImportJudgement = { ok: false, problem: "too many exports to look through" };

class SpecMaker {
  readonly problems: ImportProblem[] = [];
  validUntilMs: number | undefined;
  readonly #find: (key: string) => TrustedAccount | undefined;
  readonly #nowMs: number;
  readonly #verifier: SignatureVerifier;
  readonly #exports: ExportIndexes;
  readonly #configured: (key: string) => string | undefined;
  /** Importers of exports that need a token. */
  readonly #approved = new Map<ExportClaim, Set<string>>();

  constructor(
    find: (key: string) => TrustedAccount | undefined,
    nowMs: number,
    verifier: SignatureVerifier,
    exports: ExportIndexes,
    configured: (key: string) => string | undefined = () => undefined,
  ) {
    this.#exports = exports;
    this.#configured = configured;
    this.#find = find;
    this.#nowMs = nowMs;
    this.#verifier = verifier;
  }

  importsOf(account: TrustedAccount): ImportSpec[] {
    const asked = account.claims.nats.imports.flatMap((claim): AskedImport[] =>
      claim.type === "" ? [] : [{ claim, spec: importSpec(claim, claim.type) }],
    );
    const judged = new Map<AskedImport, ImportJudgement>();
    const judge = (one: AskedImport): boolean => {
      const judgement = this.#judge(account, one);
      if (judgement !== undefined) judged.set(one, judgement);
      return judgement !== undefined;
    };
    this.#exports.beginAccount();
    inFairShares(asked, ({ claim }) => claim.account, this.#exports.budget, judge);
    if (this.#exports.isStarved) this.#changesAt(this.#nowMs + STARVED_MS);
    return asked.flatMap((one) => {
      const judgement = judged.get(one) ?? UNSEEN;
      if (judgement.ok) return [judgement.spec];
      const { kind, subject, account: exporter } = one.spec;
      const { problem } = judgement;
      this.problems.push({ account: account.key, exporter, kind, subject, problem });
      return [];
    });
  }

  /** Undefined = there was no time to tell. */
  #judge(account: TrustedAccount, { claim, spec }: AskedImport): ImportJudgement | undefined {
    const name = this.#configured(claim.account);
    if (name !== undefined) return { ok: true, spec: { ...spec, account: name } };
    const verdict = this.#authorize(account, claim, spec);
    if (verdict === "public") return { ok: true, spec };
    if (verdict === "activated") return { ok: true, spec: { ...spec, activated: true } };
    return verdict && { ok: false, problem: verdict.problem };
  }

  /** Whether the import works; what needs a token is noted as approved. Undefined as above. */
  #authorize(
    account: TrustedAccount,
    claim: ImportClaim,
    wanted: Wanted,
  ): "public" | "activated" | { readonly problem: string } | undefined {
    const exporter = this.#find(claim.account);
    if (exporter === undefined) return { problem: "account missing" };
    const { exports } = exporter.claims.nats;
    const deciding = this.#exports.deciding(exports, wanted.kind, wanted.subject);
    if (deciding === undefined) return undefined;
    if (deciding.length === 0) return { problem: "not exported" };
    const tokenExports = deciding.filter(needsToken);
    let untilSeconds = 0;
    for (const { revocations } of tokenExports) {
      const verdict = judgeActivation(
        claim,
        account.key,
        exporter,
        revocations,
        this.#nowMs,
        this.#verifier,
      );
      if (!verdict.ok) {
        const { notBeforeSeconds } = verdict;
        if (notBeforeSeconds !== undefined) this.#changesAt(notBeforeSeconds * 1_000);
        return verdict;
      }
      untilSeconds = verdict.claims.expiresAtSeconds;
    }
    for (const one of deciding) {
      const position = one.accountTokenPosition;
      // The wildcard of the export itself names nobody.
      if (position > 0 && wanted.subject.split(".")[position - 1] !== account.key) {
        return { problem: "account is not named at the account token position" };
      }
    }
    for (const one of tokenExports) {
      const approved = this.#approved.get(one) ?? new Set();
      this.#approved.set(one, approved.add(account.key));
    }
    if (untilSeconds > 0) this.#changesAt(untilSeconds * 1_000);
    return tokenExports.length > 0 ? "activated" : "public";
  }

  #changesAt(untilMs: number): void {
    if (this.validUntilMs === undefined || untilMs < this.validUntilMs) this.validUntilMs = untilMs;
  }

  specOf(account: TrustedAccount, imports: readonly ImportSpec[]): AccountSpec {
    const { nats } = account.claims;
    const mappings: MappingSpec[] = [];
    for (const [source, destinations] of nats.mappings) {
      mappings.push({
        source,
        destinations: destinations.map(({ subject, weight, cluster }) => ({
          subject,
          weight: weight === 0 ? 100 : weight,
          cluster: cluster === "" ? undefined : cluster,
        })),
      });
    }
    return {
      name: account.key,
      nkey: account.key,
      nameTag: account.claims.name === "" ? undefined : account.claims.name,
      limits: limitsSpec(nats.limits),
      mappings,
      exports: nats.exports.flatMap((claim) => exportSpec(claim, this.#approved.get(claim))),
      imports,
      defaultPermissions: permissionsSpec(nats.defaultPermissions),
      messageTrace: nats.trace && {
        destination: nats.trace.destination,
        samplingPercent: nats.trace.sampling || 100,
      },
    };
  }
}

/** The position of the account name decides alone, as in the reference. */
function needsToken(claim: ExportClaim): boolean {
  return claim.tokenRequired && claim.accountTokenPosition === 0;
}

/** -1 = no limit; other negative numbers allow nothing, as in the reference. */
function limitOf(value: number): number | undefined {
  return value === NO_LIMIT ? undefined : Math.max(0, value);
}

function limitsSpec(limits: AccountLimitsClaim): AccountSpec["limits"] {
  return {
    connectionsMax: limitOf(limits.connectionsMax),
    subscriptionsMax: limitOf(limits.subscriptionsMax),
    payloadBytesMax: limitOf(limits.payloadBytesMax),
    leafnodesMax: limitOf(limits.leafnodesMax),
  };
}

function exportSpec(claim: ExportClaim, approved: ReadonlySet<string> | undefined): ExportSpec[] {
  const { type, subject, accountTokenPosition, responseThresholdNanos } = claim;
  if (type === "") return [];
  const common = {
    kind: type,
    subject,
    accounts: needsToken(claim) ? [...(approved ?? [])] : undefined,
    accountTokenPosition: accountTokenPosition === 0 ? undefined : accountTokenPosition,
  };
  if (type === "stream") return [common];
  const threshold = responseThresholdNanos / NANOS_PER_MS;
  const responseType = RESPONSE_TYPES[claim.responseType] ?? "singleton";
  const service = {
    responseType,
    responseThresholdMs: threshold > 0 ? threshold : undefined,
    // AC-60: asked of a service with many answers it is passed over, as in the reference.
    latency: responseType === "singleton" ? latencySpec(claim) : undefined,
    allowTrace: claim.allowTrace,
  };
  return [{ ...common, ...service }];
}

function latencySpec({ latency }: ExportClaim): LatencySpec | undefined {
  if (latency === undefined) return undefined;
  const { sampling, results } = latency;
  return { samplingPercent: sampling === 0 ? "headers" : sampling, subject: results };
}

/** With `local_subject`, `subject` is the exporter's for both kinds; `to` is the older form. */
function importSpec(claim: ImportClaim, kind: "stream" | "service"): ImportSpec {
  const { account, subject, to, localSubject } = claim;
  if (kind === "stream") {
    const prefix = localSubject === "" && to !== "" ? to : undefined;
    const local = localSubject === "" ? undefined : localSubject;
    return { kind, account, subject, prefix, to: local, allowTrace: claim.allowTrace };
  }
  const { share } = claim;
  if (localSubject !== "") return { kind, account, subject, to: localSubject, share };
  if (to === "") return { kind, account, subject, share };
  return { kind, account, subject: to, to: subject, share };
}
