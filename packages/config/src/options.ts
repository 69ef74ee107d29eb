// What a configuration means to the server: plain data with every default filled in. Made on the
// control thread, cloned to the others. Must stay true: structured-cloneable, never changed after
// loading; defaults are the reference's (LIMITS in base).
import type { AccountSpec, MappingSpec } from "@weft/accounts";
import type { AuthSpec, PluginSpec } from "@weft/auth";
import { LIMITS } from "@weft/base";
import type { ResolverOptions } from "@weft/resolver";

/** CK-17. Counts and bytes; 0 in a field that says so means unlimited. */
export interface LimitOptions {
  /** Bytes; CP-16. `-1` in a file becomes the largest that fits `maxPending`. */
  readonly maxPayload: number;
  /** Bytes; CP-52. */
  readonly maxControlLine: number;
  /** Bytes waiting for one connection; CP-103. */
  readonly maxPending: number;
  /** CP-15. -1 = unlimited. */
  readonly maxConnections: number;
  /** Of one connection. 0 or less = unlimited. */
  readonly maxSubscriptions: number;
  /** Tokens of a subscription's subject. 0 = unlimited. */
  readonly maxSubscriptionTokens: number;
  /** Bytes of a payload shown in a trace. 0 or less = all. */
  readonly maxTracedMessageBytes: number;
  /** CP-110. */
  readonly maxClosedClients: number;
}

/** Static authentication with the time a client has for it. */
export interface ServerAuth extends AuthSpec {
  /** AN-15. Without one in the file: 2 s; with TLS the TLS timeout and a second (CP-31). */
  readonly authTimeoutMs: number;
  /** False when `authorization.timeout` was written. */
  readonly authTimeoutIsDefault: boolean;
}

/** TL-03. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** TL-10. `fallbackMs`: wait so long for a handshake, then send INFO first. */
export type HandshakeFirst = boolean | { readonly fallbackMs: number };

/** TLS of the client listener (TL-01 to TL-13). Paths as written. */
export interface TlsOptions {
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly caFile?: string | undefined;
  /** Instead of `certFile` and `keyFile`; chosen by server name. */
  readonly certs: readonly CertificateFiles[];
  readonly verify: boolean;
  /** AN-30; implies `verify`. */
  readonly verifyAndMap: boolean;
  readonly handshakeFirst: HandshakeFirst;
  readonly minVersion: "1.2" | "1.3";
  /** IANA names in order of preference; undefined = default. See `openSslCipherName`. */
  readonly cipherSuites?: readonly string[] | undefined;
  /** As written, such as `CurveP256`; undefined = default. See `openSslCurveName`. */
  readonly curvePreferences?: readonly string[] | undefined;
  readonly timeoutMs: number;
  readonly insecure: boolean;
  readonly allowInsecureCipherSuites: boolean;
  /** TL-13. Lower-case hexadecimal SHA-256 of SubjectPublicKeyInfo; empty = any. */
  readonly pinnedCerts: readonly string[];
  /** TL-12. Handshakes per second; 0 = unlimited. */
  readonly connectionRateLimit: number;
}

/** CK-04, CK-15, LG-01, LG-05, LG-06, LG-09, LG-11. */
export interface LoggingOptions {
  readonly debug: boolean;
  readonly trace: boolean;
  /** Trace the system account too. */
  readonly traceVerbose: boolean;
  /** Trace headers without payloads. */
  readonly traceHeaders: boolean;
  readonly logtime: boolean;
  readonly logtimeUtc: boolean;
  /** Undefined = standard error, or syslog. Counts more than `remoteSyslog`, that more than `syslog`. */
  readonly logFile?: string | undefined;
  /** The machine's own syslog. */
  readonly syslog: boolean;
  /** `udp://host:port`, `tcp://host:port` or `unix:///path`. */
  readonly remoteSyslog?: string | undefined;
  /** Own option `syslog_format`. */
  readonly syslogFormat: "rfc3164" | "rfc5424";
  /** Bytes after which a log file is put away; 0 = never. */
  readonly logFileSizeLimit: number;
  /** Files kept, the current one included; 0 = all. */
  readonly logFilesMax: number;
  /** Own option `log_format`. */
  readonly format: "text" | "json";
  /** Own option `log_loss_is_fatal` (SB-107): a log that cannot be written any more ends the server. */
  readonly lossIsFatal: boolean;
}

/** A user of the monitoring port. */
export interface MonitorUser {
  readonly user: string;
  /** As written: clear, or a bcrypt hash. */
  readonly password: string;
}

/** Own option `monitor_login`: any one of these lets a request in. */
export interface MonitorLogin {
  readonly users: readonly MonitorUser[];
  readonly tokens: readonly string[];
  /** A certificate that `tls.ca_file` signed is a login; needs HTTPS. */
  readonly clientCertificate: boolean;
}

/** CK-10, MO-01. */
export interface MonitoringOptions {
  readonly host: string;
  /** 0 = any free port (written `-1`). */
  readonly port: number;
  /** HTTPS, with the certificate of `tls`. */
  readonly secure: boolean;
  /** Empty, or with a slash in front and none behind. */
  readonly basePath: string;
  /** Undefined = everybody may look, as in the reference. */
  readonly login?: MonitorLogin | undefined;
  /** True when no host was written for it: it follows the host of the client listener. */
  readonly hostIsDefault?: boolean | undefined;
}

/** Own option `address_limits`: what one address may do; 0 = no limit. IPv6: its first 64 bits. */
export interface AddressLimits {
  /** New connections. */
  readonly connectionsPerSecond: number;
  /** Failed logins within a minute; then its connections are refused for a minute. */
  readonly loginFailures: number;
}

/** CK-08, CK-22: users with tokens, accounts that a resolver knows. */
export interface OperatorOptions {
  /** Tokens of the operators, whether they were written or stood in files. */
  readonly operators: readonly string[];
  /** Instead of operators. */
  readonly trustedKeys: readonly string[];
  readonly resolver?: ResolverOptions | undefined;
  /** For a resolver with a URL. */
  readonly resolverTls?: TlsOptions | undefined;
  /** AC-80: tokens by account key. */
  readonly preloads: Readonly<Record<string, string>>;
  /** AN-55. Undefined = every account. */
  readonly pinnedAccounts?: readonly string[] | undefined;
  /** AN-54. */
  readonly defaultSentinel?: string | undefined;
}

/** Everything that the server is started with. */
export interface ServerOptions {
  readonly host: string;
  /** 0 = any free port (written `-1`). */
  readonly port: number;
  readonly clientAdvertise?: string | undefined;
  readonly serverName?: string | undefined;
  readonly workers: number | "auto";
  readonly limits: LimitOptions;
  /** Undefined = none, as in the reference. */
  readonly addressLimits?: AddressLimits | undefined;
  readonly pingIntervalMs: number;
  readonly pingMax: number;
  readonly writeDeadlineMs: number;
  /** As it stands in the file: clients that are too slow are closed with it and without. */
  readonly writeTimeout?: "close" | undefined;
  readonly noHeaderSupport: boolean;
  readonly noFastProducerStall: boolean;
  readonly lameDuckDurationMs: number;
  readonly lameDuckGraceMs: number;
  readonly disableSublistCache: boolean;
  /** Users of accounts included, with `account` set and default permissions filled in (AN-14). */
  readonly auth: ServerAuth;
  /** In the order written, without `$G`; the system account only if it was written. */
  readonly accounts: readonly AccountSpec[];
  /** Undefined exactly when `noSystemAccount`. */
  readonly systemAccount?: string | undefined;
  readonly noSystemAccount: boolean;
  /** Top-level `mappings`, of the account `$G` (SU-30). */
  readonly globalMappings: readonly MappingSpec[];
  /** Own option `mixed_authentication`: users, tokens and a callout beside each other. */
  readonly mixedAuthentication: boolean;
  /** Own option; true with `mixedAuthentication`. A callout places nobody among users with tokens. */
  readonly oneMechanismPerAccount: boolean;
  /** Undefined = nothing was said about operators. */
  readonly operator?: OperatorOptions | undefined;
  /** Own option `authentication_module` (GP-14). Undefined = there is none. */
  readonly authenticationModule?: PluginSpec | undefined;
  /** CK-31, AN-80. Public keys; undefined = nothing was said about proxies. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly allowNonTls: boolean;
  readonly logging: LoggingOptions;
  /** Undefined = no monitoring port. */
  readonly monitoring?: MonitoringOptions | undefined;
  readonly pidFile?: string | undefined;
  readonly portsFileDir?: string | undefined;
  readonly serverTags: readonly string[];
  readonly serverMetadata: Readonly<Record<string, string>>;
  /** CK-28. Kept and listed; no flag changes anything yet. */
  readonly featureFlags: Readonly<Record<string, boolean>>;
  /** From the command line: warnings of the configuration are errors (GP-9). */
  readonly strict: boolean;
  /** From the command line: options of missing features are only warned about. */
  readonly allowUnsupported: boolean;
}

/** Name of the account of users without one (AC-02). */
export const GLOBAL_ACCOUNT = "$G";
/** AC-05. */
export const DEFAULT_SYSTEM_ACCOUNT = "$SYS";
export const DEFAULT_HOST = "0.0.0.0";
export const DEFAULT_PORT = 4222;
/** TL-10: wait of `handshake_first: auto`. */
export const HANDSHAKE_FIRST_FALLBACK_MS = 50;

/** The options of a server that was started without flags and file. */
export function defaultOptions(): ServerOptions {
  return {
    host: DEFAULT_HOST,
    port: DEFAULT_PORT,
    workers: "auto",
    limits: {
      maxPayload: LIMITS.payloadBytesMax,
      maxControlLine: LIMITS.controlLineBytesMax,
      maxPending: LIMITS.pendingBytesMax,
      maxConnections: LIMITS.connectionsMax,
      maxSubscriptions: 0,
      maxSubscriptionTokens: 0,
      maxTracedMessageBytes: 0,
      maxClosedClients: LIMITS.closedConnectionsKept,
    },
    pingIntervalMs: LIMITS.pingIntervalMs,
    pingMax: LIMITS.pingsUnansweredMax,
    writeDeadlineMs: LIMITS.writeDeadlineMs,
    noHeaderSupport: false,
    noFastProducerStall: false,
    lameDuckDurationMs: LIMITS.lameDuckDurationMs,
    lameDuckGraceMs: LIMITS.lameDuckGraceMs,
    disableSublistCache: false,
    auth: {
      users: [],
      tlsMap: false,
      authTimeoutMs: LIMITS.authTimeoutMs,
      authTimeoutIsDefault: true,
    },
    accounts: [],
    systemAccount: DEFAULT_SYSTEM_ACCOUNT,
    noSystemAccount: false,
    globalMappings: [],
    mixedAuthentication: false,
    oneMechanismPerAccount: false,
    allowNonTls: false,
    logging: {
      debug: false,
      trace: false,
      traceVerbose: false,
      traceHeaders: false,
      logtime: true,
      logtimeUtc: false,
      syslog: false,
      syslogFormat: "rfc3164",
      logFileSizeLimit: 0,
      logFilesMax: 0,
      format: "text",
      lossIsFatal: false,
    },
    serverTags: [],
    serverMetadata: {},
    featureFlags: {},
    strict: false,
    allowUnsupported: false,
  };
}

/** TLS without anything written. */
export function defaultTls(): TlsOptions {
  return {
    certs: [],
    verify: false,
    verifyAndMap: false,
    handshakeFirst: false,
    minVersion: "1.2",
    timeoutMs: LIMITS.tlsTimeoutMs,
    insecure: false,
    allowInsecureCipherSuites: false,
    pinnedCerts: [],
    connectionRateLimit: 0,
  };
}

/** Time for authentication when none was written (CP-31). */
export function defaultAuthTimeoutMs(tls: TlsOptions | undefined): number {
  return tls === undefined ? LIMITS.authTimeoutMs : tls.timeoutMs + 1_000;
}

/** Users log in by tokens, and by nothing else. */
export function isOperatorMode({ operator }: ServerOptions): boolean {
  return operator !== undefined && operator.operators.length + operator.trustedKeys.length > 0;
}
