// Which options a reload may change (14.5): a row for each, in the reference's order and with its
// names and texts. Control thread; pure. Must stay true: an option without a row cannot be changed;
// no row shows a secret.
//
// More may change than in the reference, because nothing is in its way: `max_pending`,
// `max_subscriptions`, the times of lame duck mode, and what the reference does not have.
import { LIMITS } from "@weft/base";
import { formatDuration } from "./duration.ts";
import { DEFAULT_SYSTEM_ACCOUNT, type ServerOptions, type TlsOptions } from "./options.ts";
import { reloadedProxies } from "./proxies.ts";
import { sameSpec, sameValue } from "./same-value.ts";
import { operatorClaimsOf } from "./validate-operator.ts";

/** What a rule may look at. */
export interface ReloadView {
  readonly options: ServerOptions;
  /** What the client listener is bound to. */
  readonly boundPort: number;
}

export interface ReloadRule {
  /** Name in messages. */
  readonly field: string;
  /** Members of `ServerOptions` that it answers for, such as `limits.maxPayload`. */
  readonly paths: readonly string[];
  /** What is compared. */
  readonly value: (view: ReloadView) => unknown;
  readonly same?: (before: unknown, after: unknown) => boolean;
  /** What the log says of a change behind `Reloaded: `; undefined = it cannot be changed. */
  readonly reloaded?: (after: ServerOptions, before: ServerOptions) => string;
  /** A change that is possible although there is no `reloaded`. */
  readonly allowed?: (before: ServerOptions, after: ServerOptions) => boolean;
}

type Reloaded = (after: ServerOptions) => string;
type Read = (options: ServerOptions) => unknown;

function fixed(field: string, path: string, read: Read = pathReader(path)): ReloadRule {
  return { field, paths: [path], value: ({ options }) => read(options) };
}

function free(field: string, path: string, reloaded: Reloaded): ReloadRule {
  return { ...fixed(field, path), reloaded };
}

/** `name = value` in the log. */
function plain(field: string, path: string, name: string): ReloadRule {
  const read = pathReader(path);
  return free(field, path, (after) => `${name} = ${showValue(read(after))}`);
}

function duration(field: string, path: string, name: string): ReloadRule {
  const read = pathReader(path);
  return free(field, path, (after) => `${name} = ${formatDuration(Number(read(after)))}`);
}

const asDuration = (value: unknown): string => formatDuration(Number(value));

/** Part of the `tls` block, which may be missing. */
function tlsPart(field: string, member: keyof TlsOptions, missing: unknown): ReloadRule {
  return {
    field,
    paths: [`tls.${member}`],
    value: ({ options }) => options.tls?.[member] ?? missing,
  };
}

function optionalPart(field: string, path: string, missing: unknown, say?: Reloaded): ReloadRule {
  const read = pathReader(path);
  const rule = fixed(field, path, (options) => read(options) ?? missing);
  return say === undefined ? rule : { ...rule, reloaded: say };
}

const TLS_APART = [
  "timeoutMs",
  "verifyAndMap",
  "pinnedCerts",
  "connectionRateLimit",
  "handshakeFirst",
] as const satisfies readonly (keyof TlsOptions)[];

function tlsContext({ options }: ReloadView): unknown {
  if (options.tls === undefined) return undefined;
  const rest: Partial<Record<keyof TlsOptions, unknown>> = { ...options.tls };
  for (const name of TLS_APART) delete rest[name];
  return rest;
}

function usersAre(isNkey: boolean): Read {
  return ({ auth }) => auth.users.filter(({ nkey }) => (nkey !== undefined) === isNkey);
}

/** 0 = none of this kind, -1 = any free one. */
function monitoringPort(isSecure: boolean): Read {
  const [readPort, readSecure] = [pathReader("monitoring.port"), pathReader("monitoring.secure")];
  return (options) => {
    const port = readSecure(options) === isSecure ? readPort(options) : undefined;
    if (port === undefined) return 0;
    return port === 0 ? -1 : port;
  };
}

const IDENTITY_RULES: readonly ReloadRule[] = [
  {
    field: "Nkeys",
    paths: [],
    value: ({ options }) => usersAre(true)(options),
    same: sameSpec,
    reloaded: () => "authorization nkey users",
  },
  {
    field: "Users",
    paths: [
      "auth.users",
      "auth.defaultPermissions",
      "auth.authorizationBlock",
      "auth.accountNames",
      "auth.systemAccount",
      "auth.proxyRequired",
    ],
    value: ({ options }) => [
      usersAre(false)(options),
      options.auth.defaultPermissions,
      options.auth.authorizationBlock,
      options.auth.proxyRequired,
    ],
    same: sameSpec,
    reloaded: () => "authorization users",
  },
  {
    field: "Accounts",
    paths: ["accounts", "globalMappings"],
    value: ({ options }) => [options.accounts, options.globalMappings],
    same: sameSpec,
    reloaded: () => "accounts",
  },
  {
    ...fixed("NoAuthUser", "auth.noAuthUser"),
    allowed: (before, after) =>
      after.auth.noAuthUser === undefined &&
      !after.auth.users.some(({ user, nkey }) => (nkey ?? user) === before.auth.noAuthUser),
  },
  {
    field: "SystemAccount",
    paths: ["systemAccount"],
    value: ({ options }) =>
      options.systemAccount === DEFAULT_SYSTEM_ACCOUNT ? undefined : options.systemAccount,
  },
  fixed("NoSystemAccount", "noSystemAccount"),
  {
    ...free("AuthCallout", "auth.callout", () => "authorization callout"),
    same: sameSpec,
  },
  fixed("mixed_authentication", "mixedAuthentication"),
  free("one_mechanism_per_account", "oneMechanismPerAccount", (after) => {
    return `one_mechanism_per_account = ${after.oneMechanismPerAccount}`;
  }),
  free("mechanism", "auth.mixed", () => "mechanisms of accounts"),
  free("Username", "auth.user", () => "authorization username"),
  free("Password", "auth.password", () => "authorization password"),
  free("Authorization", "auth.token", () => "authorization token"),
];

/** Hashes of the operators' tokens: the same token, the same hash. */
function operatorIds({ operator }: ServerOptions): unknown {
  if (operator === undefined) return [];
  return operatorClaimsOf(operator).map(({ subject, id }) => `${subject} ${id}`);
}

/** AC-95. What a running server may change of where accounts come from. */
const OPERATOR_RULES: readonly ReloadRule[] = [
  {
    ...fixed("TrustedOperators", "operator.operators", operatorIds),
  },
  optionalPart("TrustedKeys", "operator.trustedKeys", []),
  fixed("AccountResolver", "operator.resolver"),
  optionalPart("AccountResolverTLSConfig", "operator.resolverTls", undefined, () => "resolver_tls"),
  optionalPart("resolver_preload", "operator.preloads", {}, () => "resolver_preload"),
  optionalPart(
    "resolver_pinned_accounts",
    "operator.pinnedAccounts",
    undefined,
    () => "resolver_pinned_accounts",
  ),
  optionalPart("DefaultSentinel", "operator.defaultSentinel", undefined, () => "default_sentinel"),
];

const FILE_RULES: readonly ReloadRule[] = [
  plain("PidFile", "pidFile", "pid_file"),
  plain("PortsFileDir", "portsFileDir", "ports_file_dir"),
  plain("LogFile", "logging.logFile", "log_file"),
  optionalPart("LogSizeLimit", "logging.logFileSizeLimit", 0),
  optionalPart("LogMaxFiles", "logging.logFilesMax", 0),
  plain("Syslog", "logging.syslog", "syslog"),
  plain("RemoteSyslog", "logging.remoteSyslog", "remote_syslog"),
  plain("syslog_format", "logging.syslogFormat", "syslog_format"),
  plain("log_format", "logging.format", "log_format"),
  plain("log_loss_is_fatal", "logging.lossIsFatal", "log_loss_is_fatal"),
];

const TLS_RULES: readonly ReloadRule[] = [
  {
    ...tlsPart("TLSTimeout", "timeoutMs", LIMITS.tlsTimeoutMs),
    reloaded: ({ tls }) => `tls timeout = ${(tls?.timeoutMs ?? LIMITS.tlsTimeoutMs) / 1_000}`,
  },
  { ...tlsPart("TLSMap", "verifyAndMap", false), paths: ["tls.verifyAndMap", "auth.tlsMap"] },
  {
    field: "TLSConfig",
    paths: ["tls"],
    value: tlsContext,
    reloaded: ({ tls }) => `tls = ${tls === undefined ? "disabled" : "enabled"}`,
  },
  {
    ...tlsPart("TLSPinnedCerts", "pinnedCerts", []),
    reloaded: ({ tls }) => `${tls?.pinnedCerts.length ?? 0} pinned_certs`,
  },
  tlsPart("TLSRateLimit", "connectionRateLimit", 0),
  {
    ...tlsPart("TLSHandshakeFirst", "handshakeFirst", false),
    reloaded: ({ tls }) => {
      const first = tls?.handshakeFirst ?? false;
      if (typeof first === "boolean") return `Client TLS handshake first: ${first}`;
      const delay = formatDuration(first.fallbackMs);
      return `Client TLS handshake first: true, fallback delay: ${delay}`;
    },
  },
  fixed("AllowNonTLS", "allowNonTls"),
];

/** In the order in which the reference looks. */
export const RELOAD_RULES: readonly ReloadRule[] = [
  fixed("ServerName", "serverName"),
  fixed("Host", "host"),
  {
    field: "Port",
    paths: ["port"],
    value: ({ options, boundPort }) => (options.port === 0 ? boundPort : options.port),
  },
  plain("ClientAdvertise", "clientAdvertise", "client_advertise"),
  plain("Trace", "logging.trace", "trace"),
  plain("Debug", "logging.debug", "debug"),
  plain("TraceVerbose", "logging.traceVerbose", "trace_verbose"),
  plain("TraceHeaders", "logging.traceHeaders", "trace_headers"),
  fixed("NoSublistCache", "disableSublistCache"),
  fixed("NoHeaderSupport", "noHeaderSupport"),
  plain("Logtime", "logging.logtime", "logtime"),
  plain("LogtimeUTC", "logging.logtimeUtc", "logtime_utc"),
  plain("MaxConn", "limits.maxConnections", "max_connections"),
  free("address_limits", "addressLimits", () => "address_limits"),
  plain("MaxSubs", "limits.maxSubscriptions", "max_subscriptions"),
  fixed("MaxSubTokens", "limits.maxSubscriptionTokens"),
  ...IDENTITY_RULES,
  ...OPERATOR_RULES,
  duration("PingInterval", "pingIntervalMs", "ping_interval"),
  plain("MaxPingsOut", "pingMax", "ping_max"),
  optionalPart("HTTPHost", "monitoring.host", ""),
  fixed("HTTPPort", "monitoring.port", monitoringPort(false)),
  optionalPart("HTTPBasePath", "monitoring.basePath", ""),
  fixed("HTTPSPort", "monitoring.secure", monitoringPort(true)),
  optionalPart("monitor_login", "monitoring.login", undefined, () => "monitor_login"),
  {
    ...free("AuthTimeout", "auth.authTimeoutMs", ({ auth }) => {
      return `authorization timeout = ${auth.authTimeoutMs / 1_000}`;
    }),
    paths: ["auth.authTimeoutMs", "auth.authTimeoutIsDefault"],
  },
  plain("MaxControlLine", "limits.maxControlLine", "max_control_line"),
  plain("MaxPayload", "limits.maxPayload", "max_payload"),
  plain("MaxPending", "limits.maxPending", "max_pending"),
  free("NoFastProducerStall", "noFastProducerStall", ({ noFastProducerStall }) => {
    return `fast producers will ${noFastProducerStall ? "not " : ""}be stalled`;
  }),
  ...FILE_RULES,
  ...TLS_RULES,
  duration("WriteDeadline", "writeDeadlineMs", "write_deadline"),
  free("WriteTimeout", "writeTimeout", ({ writeTimeout = "default" }) => {
    return `write_timeout = ${writeTimeout}`;
  }),
  fixed("MaxClosedClients", "limits.maxClosedClients"),
  duration("LameDuckDuration", "lameDuckDurationMs", "lame_duck_duration"),
  duration("LameDuckGracePeriod", "lameDuckGraceMs", "lame_duck_grace_period"),
  plain("MaxTracedMsgLen", "limits.maxTracedMessageBytes", "max_traced_msg_len"),
  free("Tags", "serverTags", () => "tags"),
  free("Metadata", "serverMetadata", () => "metadata"),
  fixed("FeatureFlags", "featureFlags"),
  {
    ...free("authentication_module", "authenticationModule", () => "authentication_module"),
    same: sameSpec,
  },
  {
    ...fixed("Proxies", "trustedProxies", ({ trustedProxies = [] }) => trustedProxies),
    reloaded: (after, before) => reloadedProxies(before, after),
  },
  fixed("workers", "workers"),
];

/** Members of the options that say how the program was started: a reload does not see them change. */
export const RELOAD_IGNORED: readonly string[] = [
  "strict",
  "allowUnsupported",
  "monitoring.hostIsDefault",
];

/** The text of a refusal (RL-11). */
export function refusalOf(rule: ReloadRule, before: unknown, after: unknown): string {
  if (rule.field === "AccountResolver" && (before === undefined) !== (after === undefined)) {
    return "config reload does not support moving to or from an account resolver";
  }
  const show = rule.paths[0]?.endsWith("Ms") ? asDuration : showValue;
  return `config reload not supported for ${rule.field}: old=${show(before)}, new=${show(after)}`;
}

export function isSameBy(rule: ReloadRule, before: unknown, after: unknown): boolean {
  return (rule.same ?? sameValue)(before, after);
}

/** As Go prints a value with `%v`. */
function showValue(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return `[${value.map(showValue).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `map[${entries.map(([name, item]) => `${name}:${showValue(item)}`).join(" ")}]`;
}

/** Reads `limits.maxPayload`; undefined where a part is missing. */
export function pathReader(path: string): Read {
  const names = path.split(".");
  return (options) => {
    let value: unknown = options;
    for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name];
    return value;
  };
}
