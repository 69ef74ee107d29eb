// What claims say, for people. The same facts as JSON: `claimsToJson`.
import { formatDuration } from "@weft/config";
import type {
  AccountBody,
  AccountClaims,
  ActivationClaims,
  Claims,
  ExportClaim,
  ImportClaim,
  JetStreamLimits,
  OperatorClaims,
  Permissions,
  RevocationList,
  UserClaims,
  UserPermissionLimits,
} from "@weft/jwt";
import { formatTime } from "../command-line/values.ts";
import { clean, formatRows, type Row } from "./rows.ts";

/** Names of accounts by public key, for what refers to them. */
export type NamesByKey = ReadonlyMap<string, string>;

const NANOS_PER_MS = 1e6;

function amount(limit: number): string {
  return limit === -1 ? "no limit" : String(limit);
}

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}

function withName(key: string, names: NamesByKey): string {
  const name = names.get(key);
  return name === undefined ? key : `${name} (${key})`;
}

/** Lines that describe claims of any kind. */
export function describeClaims(claims: Claims, names: NamesByKey): string[] {
  const sections = claims.kind === "account" ? accountSections(claims, names) : [];
  return [...formatRows([...headRows(claims), ...bodyRows(claims, names)]), ...sections];
}

function headRows(claims: Claims): Row[] {
  const { kind, name, subject, issuer, tags } = claims;
  return [
    ["Kind", kind],
    ["Name", name],
    ["Key", subject],
    ["Issuer", issuer === subject ? "itself" : issuer],
    ["Issued", formatTime(claims.issuedAtSeconds)],
    ["Valid from", formatTime(claims.notBeforeSeconds)],
    ["Expires", formatTime(claims.expiresAtSeconds) || "never"],
    ["Tags", tags],
  ];
}

function bodyRows(claims: Claims, names: NamesByKey): Row[] {
  switch (claims.kind) {
    case "operator":
      return operatorRows(claims, names);
    case "account":
      return accountRows(claims, names);
    case "user":
      return userRows(claims, names);
    case "activation":
      return activationRows(claims, names);
    default:
      return [];
  }
}

function operatorRows({ nats }: OperatorClaims, names: NamesByKey): Row[] {
  return [
    ["Signing keys", nats.signingKeys],
    ["Signing keys demanded", yesOrNo(nats.strictSigningKeyUsage)],
    ["System account", nats.systemAccount === "" ? "" : withName(nats.systemAccount, names)],
    ["Account server", nats.accountServerUrl],
    ["Service addresses", nats.operatorServiceUrls],
    ["Server version at least", nats.assertServerVersion],
  ];
}

function activationRows({ nats }: ActivationClaims, names: NamesByKey): Row[] {
  return [
    ["May import", `${nats.importType} ${nats.importSubject}`],
    ["Of account", nats.issuerAccount === "" ? "" : withName(nats.issuerAccount, names)],
  ];
}

function userRows({ nats }: UserClaims, names: NamesByKey): Row[] {
  const isScoped =
    nats.issuerAccount !== "" && nats.subscriptionsMax === 0 && nats.payloadBytesMax === 0;
  return [
    ["Account", nats.issuerAccount === "" ? "" : withName(nats.issuerAccount, names)],
    ...(isScoped ? ([["Rights", "those of its signing key"]] as const) : limitRows(nats)),
  ];
}

function limitRows(limits: UserPermissionLimits): Row[] {
  return [
    ...permissionRows(limits),
    ["Bearer token", yesOrNo(limits.bearerToken)],
    ["Proxy required", limits.proxyRequired ? "yes" : ""],
    ["Networks", limits.sourceNetworks ?? "any"],
    ["Times", limits.times?.map(({ start, end }) => `${start}-${end}`) ?? "any"],
    ["Time zone", limits.timesLocation],
    ["Connection types", limits.allowedConnectionTypes ?? "any"],
    ["Subscriptions", amount(limits.subscriptionsMax)],
    ["Message bytes", amount(limits.payloadBytesMax)],
    ["Data bytes", limits.dataBytesMax === -1 ? "" : amount(limits.dataBytesMax)],
  ];
}

function permissionRows({ publish, subscribe, responses }: Permissions): Row[] {
  const lists: Row[] = [
    ["May publish", publish.allow ?? []],
    ["May not publish", publish.deny ?? []],
    ["May subscribe", subscribe.allow ?? []],
    ["May not subscribe", subscribe.deny ?? []],
  ];
  if (responses === undefined) return lists;
  const { messagesMax, expiresNanos } = responses;
  const within = expiresNanos === 0 ? "" : ` within ${formatDuration(expiresNanos / NANOS_PER_MS)}`;
  return [...lists, ["May answer", `${messagesMax} times${within}`]];
}

function accountRows({ nats }: AccountClaims, names: NamesByKey): Row[] {
  const plain = [...nats.signingKeys].filter(([, scope]) => scope === undefined);
  const { authUsers, allowedAccounts, xkey } = nats.authorization;
  return [
    ["Description", nats.description],
    ["More", nats.infoUrl],
    ["Signing keys", plain.map(([key]) => key)],
    ...accountLimitRows(nats),
    ...permissionRows(nats.defaultPermissions),
    ...traceRows(nats),
    ["Cluster traffic", nats.clusterTraffic],
    ["Login service users", authUsers],
    ["Login service accounts", allowedAccounts.map((key) => withName(key, names))],
    ["Login service key", xkey],
    ["Mappings", mappingTexts(nats)],
    ["Refused users", revocationTexts(nats.revocations)],
  ];
}

function accountSections({ nats }: AccountClaims, names: NamesByKey): string[] {
  const scopes = [...nats.signingKeys.values()].filter((scope) => scope !== undefined);
  return [
    ...scopes.flatMap((scope) =>
      section(`Role ${scope.role}`, [
        ["Key", scope.key],
        ["Description", scope.description],
        ...limitRows(scope.template),
      ]),
    ),
    ...nats.exports.flatMap(exportLines),
    ...nats.imports.flatMap((it) => importLines(it, names)),
  ];
}

function section(title: string, rows: readonly Row[]): string[] {
  return ["", `${clean(title)}:`, ...formatRows(rows).map((line) => `  ${line}`)];
}

function accountLimitRows({ limits }: AccountBody): Row[] {
  const tiers = [...limits.tiers].map(([tier, it]) => `${tier}: ${jetStreamText(it)}`);
  return [
    ["Connections", amount(limits.connectionsMax)],
    ["Leaf nodes", amount(limits.leafnodesMax)],
    ["Subscriptions", amount(limits.subscriptionsMax)],
    ["Message bytes", amount(limits.payloadBytesMax)],
    ["Data bytes", limits.dataBytesMax === -1 ? "" : amount(limits.dataBytesMax)],
    ["Exports", amount(limits.exportsMax)],
    ["Imports", amount(limits.importsMax)],
    ["Wildcards in exports", yesOrNo(limits.wildcardExports)],
    ["Bearer tokens refused", yesOrNo(limits.disallowBearer)],
    ["JetStream", tiers.length > 0 ? tiers : jetStreamText(limits)],
  ];
}

function jetStreamText(limits: JetStreamLimits): string {
  const { memoryStorageBytesMax, diskStorageBytesMax } = limits;
  if (memoryStorageBytesMax === 0 && diskStorageBytesMax === 0) return "no";
  const parts = [
    `memory ${amount(memoryStorageBytesMax)}`,
    `disk ${amount(diskStorageBytesMax)}`,
    `streams ${amount(limits.streamsMax)}`,
    `consumers ${amount(limits.consumersMax)}`,
    `stream in memory ${amount(limits.memoryStreamBytesMax)}`,
    `stream on disk ${amount(limits.diskStreamBytesMax)}`,
    `pending acknowledgements ${amount(limits.ackPendingMax)}`,
  ];
  return [...parts, ...(limits.maxBytesRequired ? ["size required"] : [])].join(", ");
}

function traceRows({ trace }: AccountBody): Row[] {
  if (trace === undefined) return [];
  return [["Traces", `to ${trace.destination}, ${trace.sampling || 100} %`]];
}

function mappingTexts({ mappings }: AccountBody): string[] {
  return [...mappings].flatMap(([from, list]) =>
    list.map(({ subject, weight, cluster }) => {
      const where = cluster === "" ? "" : ` in cluster ${cluster}`;
      return `${from} to ${subject}, ${weight || 100} %${where}`;
    }),
  );
}

function revocationTexts(list: RevocationList): string[] {
  return [...list].map(([key, at]) => `${key === "*" ? "everybody" : key} until ${formatTime(at)}`);
}

function exportLines(it: ExportClaim): string[] {
  const { latency, responseThresholdNanos: threshold } = it;
  const share = latency?.sampling === 0 ? "where headers ask for it" : `${latency?.sampling} %`;
  return section(`${it.tokenRequired ? "Private" : "Public"} ${it.type} export ${it.subject}`, [
    ["Name", it.name],
    ["Description", it.description],
    ["More", it.infoUrl],
    ["Response", it.responseType],
    ["Response within", threshold === 0 ? "" : formatDuration(threshold / NANOS_PER_MS)],
    ["Measured", latency === undefined ? "" : `${share}, to ${latency.results}`],
    ["Importer's key at", it.accountTokenPosition === 0 ? "" : String(it.accountTokenPosition)],
    ["Advertised", it.advertise ? "yes" : ""],
    ["Traces pass", it.allowTrace ? "yes" : ""],
    ["Refused activations", revocationTexts(it.revocations)],
  ]);
}

function importLines(it: ImportClaim, names: NamesByKey): string[] {
  return section(`${it.type === "service" ? "Service" : "Stream"} import ${it.subject}`, [
    ["Name", it.name],
    ["Of account", withName(it.account, names)],
    ["Here", it.localSubject || it.to],
    ["Activation", it.token === "" ? "" : "yes"],
    ["Shares who asks", it.share ? "yes" : ""],
    ["Traces pass", it.allowTrace ? "yes" : ""],
  ]);
}
