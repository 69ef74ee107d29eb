// Every option at the top of a configuration file, one row each (docs/compat/14-configuration.md,
// 14.2). Control thread. A new option is a row here and a field in options.ts. Must stay true: each
// spelling belongs to one row; a key that is in no row is an error.
import { readAccounts } from "./accounts.ts";
import { ADDRESS_LIMITS_ROW } from "./address-limits.ts";
import { AUTHENTICATION_MODULE_ROW } from "./authentication-module.ts";
import { readAuthorization } from "./authorization.ts";
import type { ReadContext } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { readDuration, readMap, readString, readStrings } from "./fields.ts";
import { parseListen } from "./listen.ts";
import { LOGGING_ROWS } from "./logging-rows.ts";
import { readMappings } from "./mappings.ts";
import { MISSING_ROWS } from "./missing-rows.ts";
import { MONITORING_ROWS } from "./monitoring-rows.ts";
import { type ConfigEntry, describeKind } from "./node.ts";
import { OPERATOR_ROWS } from "./operator-rows.ts";
import {
  booleanRow,
  boundedInteger,
  checkPort,
  durationRow,
  limitRow,
  type OptionRow,
  type OptionsDraft,
  rowOf,
  stringRow,
} from "./option-row.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "./options.ts";
import { PROXIES_ROW } from "./proxies.ts";
import { readRoles } from "./roles.ts";
import { readTls } from "./tls.ts";
import { reportUnsupported } from "./unsupported.ts";
import { isWorkersCount, SERVER_NAME_RULE, VALUE_BOUNDS, WORKERS_RULE } from "./value-bounds.ts";

const INT32_MAX = VALUE_BOUNDS.int32Max;
/** Below this there is no time to move clients (CK-21). */
const LAME_DUCK_DURATION_MIN_MS = 30_000;

/** A port as written to what is listened on: 0 is the default, -1 any free one (CP-01). */
function portToListen(entry: ConfigEntry, port: number, context: ReadContext): number | undefined {
  const checked = checkPort(entry, port, context);
  return checked === 0 ? DEFAULT_PORT : checked === -1 ? 0 : checked;
}

function applyListen(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const address = parseListen(entry.node);
  if (typeof address === "string") {
    context.findings.error(entry.at, address);
    return;
  }
  draft.options.host = address.host || DEFAULT_HOST;
  draft.options.port = portToListen(entry, address.port, context) ?? draft.options.port;
}

function applyPort(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const port = boundedInteger(entry, {}, context);
  if (port === undefined) return;
  draft.options.port = portToListen(entry, port, context) ?? draft.options.port;
}

/** CP-14. */
function applyServerName(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const name = readString(entry, context.findings);
  if (name === undefined) return;
  if (name.includes(" ")) context.findings.error(entry.at, SERVER_NAME_RULE);
  else draft.options.serverName = name || undefined;
}

function applyWorkers(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const node = entry.node;
  if (node.kind === "string" && node.value.toLowerCase() === "auto") {
    draft.options.workers = "auto";
  } else if (node.kind === "integer" && isWorkersCount(node.value)) {
    draft.options.workers = node.value;
  } else {
    context.findings.error(entry.at, `workers ${WORKERS_RULE}`);
  }
}

/** CP-15: zero stands for unlimited here. */
function applyMaxConnections(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const value = boundedInteger(entry, {}, context);
  if (value === undefined) return;
  draft.options.limits = { ...draft.options.limits, maxConnections: value > 0 ? value : -1 };
}

function applyPingMax(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  draft.options.pingMax =
    boundedInteger(entry, { min: 0, max: INT32_MAX }, context) || draft.options.pingMax;
}

/** CK-18. Closing is what happens to clients anyway; retrying is not there. */
function applyWriteTimeout(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const policy = readString(entry, context.findings);
  if (policy === "retry") {
    reportUnsupported(entry, "write_timeout: retry", context, context.findings);
  } else if (policy !== undefined && policy !== "default" && policy !== "close") {
    context.findings.error(entry.at, "write_timeout must be 'default', 'close' or 'retry'");
  } else {
    draft.options.writeTimeout = policy === "close" ? policy : undefined;
  }
}

function applyLameDuckDuration(
  draft: OptionsDraft,
  entry: ConfigEntry,
  context: ReadContext,
): void {
  const durationMs = readDuration(entry, context.findings);
  if (durationMs === undefined) return;
  if (durationMs < LAME_DUCK_DURATION_MIN_MS) {
    context.findings.error(
      entry.at,
      `invalid lame_duck_duration of ${formatDuration(durationMs)}, minimum is 30 seconds`,
    );
    return;
  }
  draft.options.lameDuckDurationMs = durationMs;
}

function applyServerTags(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const written = readStrings(entry, "tags", context.findings) ?? [];
  const tags = new Set(draft.options.serverTags);
  // As the reference keeps them: trimmed, in lower case, each once.
  for (const tag of written) if (tag.trim() !== "") tags.add(tag.trim().toLowerCase());
  draft.options.serverTags = [...tags];
}

function applyServerMetadata(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const map = readMap(entry, context.findings);
  const pairs: [string, string][] = [];
  for (const field of map?.entries.values() ?? []) {
    const value = readString(field, context.findings);
    if (value !== undefined) pairs.push([field.key, value]);
  }
  draft.options.serverMetadata = Object.fromEntries(pairs);
}

function applyFeatureFlags(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const map = readMap(entry, context.findings);
  const flags: [string, boolean][] = [];
  for (const { key, node, at } of map?.entries.values() ?? []) {
    if (node.kind === "boolean") {
      flags.push([key, node.value]);
      continue;
    }
    const shown = JSON.stringify(key);
    context.findings.error(
      at,
      `error parsing feature flag ${shown}: expected bool, got ${describeKind(node)}`,
    );
  }
  draft.options.featureFlags = Object.fromEntries(flags);
}

const LISTENER_ROWS: readonly OptionRow[] = [
  rowOf({ name: "listen", row: "CK-01" }, "string", applyListen),
  rowOf({ name: "port", default: "4222", row: "CK-01" }, "integer", applyPort),
  stringRow(
    { name: "host", aliases: ["net"], default: DEFAULT_HOST, row: "CK-01" },
    (draft, value) => {
      draft.options.host = value || DEFAULT_HOST;
    },
  ),
  stringRow({ name: "client_advertise", reloadable: true, row: "CK-02" }, (draft, value) => {
    draft.options.clientAdvertise = value || undefined;
  }),
  rowOf({ name: "server_name", row: "CK-03" }, "string", applyServerName),
  rowOf({ name: "workers", default: "auto", row: "Weft" }, "integer", applyWorkers),
  rowOf({ name: "tls", reloadable: true, row: "CK-19" }, "block", (draft, entry, context) => {
    draft.options.tls = readTls(entry, context);
  }),
  booleanRow({ name: "allow_non_tls", row: "CK-19" }, "allowNonTls"),
  booleanRow({ name: "no_header_support", row: "CK-24" }, "noHeaderSupport"),
  booleanRow(
    { name: "no_fast_producer_stall", reloadable: true, row: "CK-30" },
    "noFastProducerStall",
  ),
  booleanRow(
    { name: "disable_sublist_cache", aliases: ["no_sublist_cache"], row: "CK-06" },
    "disableSublistCache",
  ),
];

const FILE_ROWS: readonly OptionRow[] = [
  stringRow(
    { name: "pid_file", aliases: ["pidfile"], reloadable: true, row: "CK-16" },
    (draft, value) => {
      draft.options.pidFile = value || undefined;
    },
  ),
  stringRow({ name: "ports_file_dir", reloadable: true, row: "CK-16" }, (draft, value) => {
    draft.options.portsFileDir = value || undefined;
  }),
];

const LIMIT_ROWS: readonly OptionRow[] = [
  limitRow(
    { name: "max_payload", default: "1MB", reloadable: true, row: "CK-17" },
    "maxPayload",
    { min: -1, max: INT32_MAX, zeroIsDefault: true },
    "size",
  ),
  limitRow(
    { name: "max_control_line", default: "4KB", reloadable: true, row: "CK-17" },
    "maxControlLine",
    { min: 0, max: INT32_MAX, zeroIsDefault: true },
    "size",
  ),
  limitRow(
    { name: "max_pending", default: "64MB", reloadable: true, row: "CK-17" },
    "maxPending",
    { min: 0, zeroIsDefault: true },
    "size",
  ),
  rowOf(
    {
      name: "max_connections",
      aliases: ["max_conn"],
      default: "65536",
      reloadable: true,
      row: "CK-17",
    },
    "integer",
    applyMaxConnections,
  ),
  limitRow(
    {
      name: "max_subscriptions",
      aliases: ["max_subs"],
      default: "0",
      reloadable: true,
      row: "CK-17",
    },
    "maxSubscriptions",
    {},
  ),
  limitRow(
    { name: "max_sub_tokens", aliases: ["max_subscription_tokens"], default: "0", row: "CK-17" },
    "maxSubscriptionTokens",
    { min: 1, max: VALUE_BOUNDS.subscriptionTokensMax },
  ),
  limitRow(
    { name: "max_traced_msg_len", default: "0", reloadable: true, row: "CK-17" },
    "maxTracedMessageBytes",
    {},
  ),
  limitRow({ name: "max_closed_clients", default: "10000", row: "CK-17" }, "maxClosedClients", {
    min: 0,
    max: INT32_MAX,
    zeroIsDefault: true,
  }),
  durationRow(
    { name: "ping_interval", default: "2m", reloadable: true, row: "CK-18" },
    "pingIntervalMs",
    true,
  ),
  rowOf(
    { name: "ping_max", default: "2", reloadable: true, row: "CK-18" },
    "integer",
    applyPingMax,
  ),
  durationRow(
    { name: "write_deadline", default: "10s", reloadable: true, row: "CK-18" },
    "writeDeadlineMs",
    true,
  ),
  rowOf(
    { name: "write_timeout", default: "default", reloadable: true, row: "CK-18" },
    "string",
    applyWriteTimeout,
  ),
  rowOf(
    { name: "lame_duck_duration", default: "2m", reloadable: true, row: "CK-21" },
    "duration",
    applyLameDuckDuration,
  ),
  durationRow(
    { name: "lame_duck_grace_period", default: "10s", reloadable: true, row: "CK-21" },
    "lameDuckGraceMs",
    false,
  ),
];

const IDENTITY_ROWS: readonly OptionRow[] = [
  rowOf(
    { name: "authorization", reloadable: true, row: "CK-09" },
    "block",
    (draft, entry, context) => {
      draft.authorization = readAuthorization(entry, context);
    },
  ),
  rowOf({ name: "accounts", reloadable: true, row: "CK-07" }, "block", (draft, entry, context) => {
    draft.accounts = readAccounts(entry, context);
  }),
  rowOf(
    { name: "mappings", aliases: ["maps"], reloadable: true, row: "CK-05" },
    "map",
    (draft, entry, { findings }) => {
      draft.options.globalMappings = readMappings(entry, findings);
    },
  ),
  rowOf({ name: "roles", reloadable: true, row: "Weft" }, "map", (draft, entry, { findings }) => {
    draft.roles = readRoles(entry, findings);
  }),
  booleanRow({ name: "mixed_authentication", row: "Weft" }, "mixedAuthentication"),
  booleanRow(
    { name: "one_mechanism_per_account", reloadable: true, row: "Weft" },
    "oneMechanismPerAccount",
  ),
  stringRow({ name: "no_auth_user", row: "CK-23" }, (draft, value) => {
    draft.noAuthUser = value || undefined;
  }),
  rowOf(
    { name: "system_account", aliases: ["system"], default: "$SYS", row: "CK-23" },
    "string",
    (draft, entry, { findings }) => {
      if (entry.node.kind === "string") draft.systemAccount = entry.node.value || undefined;
      else findings.error(entry.at, "system account name must be a string");
    },
  ),
  booleanRow(
    { name: "no_system_account", aliases: ["no_system", "no_sys_acc"], row: "CK-23" },
    "noSystemAccount",
  ),
  rowOf({ name: "server_tags", reloadable: true, row: "CK-27" }, "strings", applyServerTags),
  rowOf({ name: "server_metadata", reloadable: true, row: "CK-27" }, "map", applyServerMetadata),
  rowOf({ name: "feature_flags", row: "CK-28" }, "map", applyFeatureFlags),
];

/** All options, those of missing features last. */
export const OPTION_ROWS: readonly OptionRow[] = [
  ...LISTENER_ROWS,
  ...LOGGING_ROWS,
  ...FILE_ROWS,
  ...MONITORING_ROWS,
  ...LIMIT_ROWS,
  ADDRESS_LIMITS_ROW,
  ...IDENTITY_ROWS,
  ...OPERATOR_ROWS,
  PROXIES_ROW,
  AUTHENTICATION_MODULE_ROW,
  ...MISSING_ROWS,
];

/** Every spelling, in lower case, to the name of its row. */
export const OPTION_NAMES: ReadonlyMap<string, string> = new Map(
  OPTION_ROWS.flatMap((row) => [row.name, ...row.aliases].map((key) => [key, row.name])),
);

const ROWS_BY_NAME: ReadonlyMap<string, OptionRow> = new Map(
  OPTION_ROWS.map((row) => [row.name, row]),
);

/** The row of an option by any of its spellings. */
export function findOption(key: string): OptionRow | undefined {
  return ROWS_BY_NAME.get(OPTION_NAMES.get(key.toLowerCase()) ?? "");
}
