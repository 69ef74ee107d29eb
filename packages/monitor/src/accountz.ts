// `/accountz` and `/accstatz`: accounts, what crosses their borders, and what they did (MO-25, MO-26).
// Thread: control. Must stay true: nothing of a user is shown, neither name nor password nor key.
import {
  type AccountDocument,
  type ExportSpec,
  type ImportSpec,
  type LatencySpec,
  type MappingSpec,
  SYSTEM_EXPORT_SPECS,
  systemImportSpecs,
} from "@weft/accounts";
import { subjectIsSubsetMatch } from "@weft/subjects";
import { type AccountTotals, accountTotals, allAccountTotals } from "./account-totals.ts";
import type { AccountFacts, MonitorFacts, Steps } from "./facts.ts";
import type { JsonObject, JsonValue } from "./go-json.ts";
import { timeText } from "./go-text.ts";
import type { Outcome } from "./page.ts";
import { accountStats } from "./subsz.ts";

/** Accounts that are written out between two pauses. */
const SLICE_ACCOUNTS = 4_096;
const RESPONSE_TYPES = { singleton: "Singleton", stream: "Streamed", chunked: "Chunked" } as const;

/** `account`: name of the account to be shown; empty = the list of all. */
export function* accountz(facts: MonitorFacts, account: string): Steps<Outcome> {
  const accounts = facts.accounts();
  const shown = accounts.find(({ name }) => name === account);
  if (account !== "" && shown === undefined) {
    return { mistake: `Account ${account} does not exist` };
  }
  const head: JsonObject = {
    server_id: facts.server.id,
    now: timeText(facts.unixNanos()),
    system_account: accounts.find(({ isSystem }) => isSystem)?.name,
  };
  if (shown === undefined) return { ...head, accounts: accounts.map(({ name }) => name) };
  const totals = yield* accountTotals(facts, account);
  return { ...head, account_detail: accountDetail(facts, shown, totals) };
}

function accountDetail(
  facts: MonitorFacts,
  account: AccountFacts,
  totals: AccountTotals,
): JsonObject {
  const { index, name, isSystem, spec, mappings } = account;
  const claims = account.claims?.();
  const exported = isSystem
    ? [...(spec?.exports ?? []), ...SYSTEM_EXPORT_SPECS]
    : (spec?.exports ?? []);
  const system = facts.accounts().find((account) => account.isSystem)?.name;
  const implied = system === undefined ? [] : systemImportSpecs({ index, name }, system);
  const claimed = claimedBorder(claims);
  const claimedByName = claimedExports(claimed);
  const imported = [...(spec?.imports ?? []), ...implied];
  return {
    account_name: name,
    update_time: timeText(
      claims === undefined ? facts.server.configLoadedUnixNanos : nanosOf(claims.updatedMs),
    ),
    is_system: isSystem || undefined,
    expired: claims?.isExpired ?? false,
    complete: claims?.isComplete ?? true,
    jetstream_enabled: false,
    leafnode_connections: 0,
    client_connections: totals.connections,
    subscriptions: totals.subscriptions,
    mappings: mappings.length === 0 ? undefined : mappingsOf(mappings),
    exports: listOf(
      inKinds(exported, "service", "stream").map((one) =>
        exportInfo(one, claimedByName.get(`${one.kind} ${one.subject}`)),
      ),
    ),
    imports: listOf([
      ...inKinds(imported, "stream", "service").map((one) =>
        importInfo(one, latencyOf(facts, one)),
      ),
      ...brokenImports(claims, claimed).map((one) => ({
        ...importInfo(one, undefined),
        invalid: true,
      })),
    ]),
    name_tag: claims?.nameTag || name,
    problems: claims?.problems.length ? claims.problems : undefined,
    ...(claims === undefined ? {} : claimFields(claims)),
    sublist_stats: accountStats(totals),
  };
}

function nanosOf(unixMs: number): bigint {
  return BigInt(Math.round(unixMs)) * 1_000_000n;
}

/** Of an account that came by a token. The signature is not shown, as the reference would. */
function claimFields(claims: AccountDocument): JsonObject {
  const { token, issuerKey, tags, claimsJson, findings, revokedUsers } = claims;
  const revoked = [...revokedUsers].map(
    ([key, seconds]) => [key, timeText(nanosOf(seconds * 1_000))] as const,
  );
  return {
    jwt: token || undefined,
    issuer_key: issuerKey || undefined,
    tags: tags.length === 0 ? undefined : tags,
    decoded_jwt: claimsJson === "" ? undefined : (JSON.parse(claimsJson) as JsonObject),
    validation_result_jwt: listOf(
      findings.map(({ text, isBlocking, isAboutTime }) => ({
        description: text,
        blocking: isBlocking,
        time_check: isAboutTime,
      })),
    ),
    revoked_user: revoked.length === 0 ? undefined : new Map(revoked),
  };
}

function listOf(items: readonly JsonObject[]): readonly JsonObject[] | undefined {
  return items.length === 0 ? undefined : items;
}

function inKinds<Spec extends ExportSpec | ImportSpec>(
  specs: readonly Spec[],
  ...kinds: readonly Spec["kind"][]
): Spec[] {
  return kinds.flatMap((kind) => specs.filter((spec) => spec.kind === kind));
}

/** Weights as written: the reference shows the sums that it draws with. */
function mappingsOf(mappings: readonly MappingSpec[]): ReadonlyMap<string, JsonValue> {
  return new Map(
    mappings.map(({ source, destinations }) => [
      source,
      destinations.map(({ subject, weight, cluster }) => ({
        subject,
        weight: weight ?? 100,
        cluster: cluster || undefined,
      })),
    ]),
  );
}

interface ClaimedBorder {
  readonly exports?: readonly ClaimedExport[];
  readonly imports?: readonly ClaimedImport[];
}

/** What a token says of an export, as far as it is shown. */
interface ClaimedExport {
  readonly subject?: string;
  readonly type?: string;
  readonly token_req?: boolean;
  /** Unix seconds by account. */
  readonly revocations?: Readonly<Record<string, number>>;
}

/** The same of an import. */
interface ClaimedImport {
  readonly subject?: string;
  readonly account?: string;
  readonly type?: string;
  readonly to?: string;
  readonly local_subject?: string;
  readonly share?: boolean;
}

function claimedBorder(claims: AccountDocument | undefined): ClaimedBorder {
  if (claims === undefined || claims.claimsJson === "") return {};
  const { nats } = JSON.parse(claims.claimsJson) as { readonly nats?: ClaimedBorder };
  return nats ?? {};
}

/** By kind and subject. */
function claimedExports({ exports }: ClaimedBorder): ReadonlyMap<string, ClaimedExport> {
  return new Map(exports?.map((one) => [`${one.type} ${one.subject}`, one]));
}

/** AC-56: imports that do not work, as the token asks for them; one subject may be asked for twice. */
function brokenImports(
  claims: AccountDocument | undefined,
  { imports = [] }: ClaimedBorder,
): readonly ImportSpec[] {
  const asked = new Map<string, ImportSpec[]>();
  for (const claim of imports.toReversed()) {
    const one = askedImport(claim);
    const key = `${one.kind} ${one.account} ${one.subject}`;
    const equal = asked.get(key) ?? [];
    equal.push(one);
    asked.set(key, equal);
  }
  return (claims?.brokenImports ?? []).map(({ kind, account, subject }) => {
    const found = asked.get(`${kind} ${account} ${subject}`)?.pop();
    return found ?? { kind, account, subject };
  });
}

/** `to` of a service without `local_subject`, the older form, is the subject in the other account. */
function askedImport(claim: ClaimedImport): ImportSpec {
  const { subject = "", account = "", type, to, local_subject: local, share } = claim;
  if (type === "stream") {
    const prefix = local ? undefined : to || undefined;
    return { kind: "stream", account, subject, prefix, to: local || undefined };
  }
  if (local || !to) return { kind: "service", account, subject, to: local || undefined, share };
  return { kind: "service", account, subject: to, to: subject, share };
}

function exportInfo(spec: ExportSpec, claimed: ClaimedExport | undefined): JsonObject {
  const isService = spec.kind === "service";
  const revoked = Object.entries(claimed?.revocations ?? {}).map(
    ([account, seconds]) => [account, timeText(nanosOf(seconds * 1_000))] as const,
  );
  return {
    subject: spec.subject,
    type: spec.kind,
    token_req: claimed?.token_req || undefined,
    response_type: isService ? RESPONSE_TYPES[spec.responseType ?? "singleton"] : undefined,
    service_latency: latencyInfo(spec.latency),
    approved_accounts: spec.accounts?.length ? spec.accounts : undefined,
    revoked_activations: revoked.length === 0 ? undefined : new Map(revoked),
  };
}

/** 0 % = measured for those who ask for it by a header (AC-61). */
function latencyInfo(latency: LatencySpec | undefined): JsonObject | undefined {
  return latency && { sampling: latency.samplingPercent || "headers", results: latency.subject };
}

/** AC-60: how the export measures what an import asks for. */
function latencyOf(facts: MonitorFacts, spec: ImportSpec): LatencySpec | undefined {
  if (spec.kind !== "service") return undefined;
  const exporter = facts.accounts().find(({ name }) => name === spec.account);
  const measured = exporter?.spec?.exports?.filter(
    ({ kind, latency }) => kind === "service" && latency !== undefined,
  );
  return measured?.find(({ subject }) => subjectIsSubsetMatch(spec.subject, subject))?.latency;
}

/** `to` and `local_subject` of a service are the same: the former is what older tools read. */
function importInfo(spec: ImportSpec, latency: LatencySpec | undefined): JsonObject {
  const isService = spec.kind === "service";
  const prefixed = spec.prefix === undefined ? spec.subject : `${spec.prefix}.${spec.subject}`;
  const local = spec.to ?? prefixed;
  return {
    subject: spec.subject,
    account: spec.account,
    to: isService ? local : undefined,
    local_subject: local,
    type: spec.kind,
    invalid: false,
    share: spec.share === true,
    tracking: false,
    latency: latencyInfo(latency),
  };
}

/** `names`: only these accounts, as `$SYS` requests may ask; empty = all. */
export function* accstatz(
  facts: MonitorFacts,
  unused: boolean,
  names: readonly string[] = [],
): Steps<JsonObject> {
  const totals = yield* allAccountTotals(facts);
  const accounts = new Map(facts.accounts().map((account) => [account.name, account]));
  const wanted = names.length === 0 ? [...totals.keys()] : names;
  const stats: JsonObject[] = [];
  for (const [at, name] of wanted.entries()) {
    if (at % SLICE_ACCOUNTS === SLICE_ACCOUNTS - 1) yield { kind: "pause" };
    const account = totals.get(name);
    if (account === undefined || (!unused && account.connections === 0)) continue;
    stats.push(accountStatistics({ name, nameTag: accounts.get(name)?.nameTag }, account));
  }
  return {
    server_id: facts.server.id,
    now: timeText(facts.unixNanos()),
    account_statz: stats,
  };
}

/** MO-26; also the content of account events. An account by token has a name beside its key. */
export function accountStatistics(
  { name, nameTag }: Pick<AccountFacts, "name" | "nameTag">,
  totals: AccountTotals,
): JsonObject {
  return {
    acc: name,
    name: nameTag ?? name,
    conns: totals.connections,
    leafnodes: 0,
    total_conns: totals.connections,
    num_subscriptions: totals.subscriptions,
    sent: traffic(totals.outMessages, totals.outBytes),
    received: traffic(totals.inMessages, totals.inBytes),
    slow_consumers: totals.slowConsumers,
  };
}

/** With the parts that came from other servers: there are none. */
function traffic(msgs: number, bytes: number): JsonObject {
  const none = { msgs: 0, bytes: 0 };
  return { msgs, bytes, gateways: none, routes: none, leafs: none };
}
