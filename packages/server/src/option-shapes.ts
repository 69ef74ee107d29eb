// Shapes of `options` of a program: what a file says in the configuration language, as plain values of
// `ServerOptions`. What options mean together is judged by `validateOptions`. Control thread; tables
// only. Must stay true: a value that a file could not say is refused, but for short times, which tests
// need.
import type { PluginSpec } from "@weft/auth";
import {
  type AddressLimits,
  type CertificateFiles,
  cipherSuiteNames,
  isWorkersCount,
  type LimitOptions,
  type LoggingOptions,
  type MonitoringOptions,
  type MonitorLogin,
  type MonitorUser,
  type OperatorOptions,
  openSslCurveName,
  remoteSyslogMistake,
  SERVER_NAME_RULE,
  type ServerOptions,
  type TlsOptions,
  VALUE_BOUNDS,
  WORKERS_RULE,
} from "@weft/config";
import { MAPPINGS } from "./account-shapes.ts";
import {
  duration,
  flag,
  isObject,
  listOf,
  members,
  oneOf,
  recordOf,
  type Shape,
  someMembers,
  tell,
  text,
  textWith,
  whole,
  word,
} from "./shape.ts";

const { addressLimitMax, int32Max, moduleTimeoutMsMax, portMax } = VALUE_BOUNDS;
const texts = listOf(text);
const count = whole(0, int32Max);

export const HOST: Shape = word;
/** -1 is any free port, as in a file. */
export const PORT: Shape = whole(-1, portMax);
const boundPort = whole(0, portMax);

export const WORKERS: Shape = (value, place, findings) => {
  if (value === "auto" || (typeof value === "number" && isWorkersCount(value))) return;
  tell(findings, place, WORKERS_RULE);
};

export const SERVER_NAME: Shape = textWith((name) => {
  if (name === "") return "must not be empty";
  return name.includes(" ") ? SERVER_NAME_RULE : undefined;
});

export const AUTH_USERS: Shape = texts;
/** Of a function or a module that decides about logins. */
export const LOGIN_TIMEOUT: Shape = duration(1, moduleTimeoutMsMax);

const limits = members<LimitOptions>(
  {
    maxPayload: count,
    maxControlLine: whole(1, int32Max),
    maxPending: whole(1),
    maxConnections: whole(-1),
    maxSubscriptions: whole(),
    maxSubscriptionTokens: whole(0, VALUE_BOUNDS.subscriptionTokensMax),
    maxTracedMessageBytes: whole(),
    maxClosedClients: count,
  },
  {},
);

const perAddress = whole(0, addressLimitMax);
const addressLimits = members<AddressLimits>(
  { connectionsPerSecond: perAddress, loginFailures: perAddress },
  {},
);

const handshakeFirst: Shape = (value, place, findings) => {
  if (!isObject(value)) flag(value, place, findings);
  else members<{ fallbackMs: number }>({ fallbackMs: duration(0) }, {})(value, place, findings);
};

const suites = new Set(cipherSuiteNames());
const cipherSuite = textWith((name) => (suites.has(name) ? undefined : "unknown cipher suite"));
const curve = textWith((name) => {
  return openSslCurveName(name) === undefined ? "unknown curve" : undefined;
});
const pin = textWith((hash) => {
  return /^[a-f0-9]{64}$/.test(hash) ? undefined : "must be a SHA-256 in lower-case hexadecimal";
});

const tls = members<TlsOptions>(
  {
    certs: listOf(members<CertificateFiles>({ certFile: word, keyFile: word }, {})),
    verify: flag,
    verifyAndMap: flag,
    handshakeFirst,
    minVersion: oneOf("1.2", "1.3"),
    timeoutMs: duration(1),
    insecure: flag,
    allowInsecureCipherSuites: flag,
    pinnedCerts: listOf(pin),
    connectionRateLimit: whole(0),
  },
  {
    certFile: word,
    keyFile: word,
    caFile: word,
    cipherSuites: listOf(cipherSuite),
    curvePreferences: listOf(curve),
  },
);

const logging = members<LoggingOptions>(
  {
    debug: flag,
    trace: flag,
    traceVerbose: flag,
    traceHeaders: flag,
    logtime: flag,
    logtimeUtc: flag,
    syslog: flag,
    syslogFormat: oneOf("rfc3164", "rfc5424"),
    logFileSizeLimit: whole(0),
    logFilesMax: whole(0),
    format: oneOf("text", "json"),
    lossIsFatal: flag,
  },
  { logFile: word, remoteSyslog: textWith(remoteSyslogMistake) },
);

const login = members<MonitorLogin>(
  {
    users: listOf(members<MonitorUser>({ user: word, password: word }, {})),
    tokens: listOf(word),
    clientCertificate: flag,
  },
  {},
);

const basePath = textWith((path) => {
  return /^(?:(?:\/[^/]+)+)?$/.test(path) ? undefined : 'must be empty or look like "/x"';
});

const monitoring = members<MonitoringOptions>(
  { host: HOST, port: boundPort, secure: flag, basePath },
  { login, hostIsDefault: flag },
);

type Resolver = NonNullable<OperatorOptions["resolver"]>;
const timeoutMs = duration(1);
const directory = {
  directory: word,
  sharded: flag,
  limit: whole(1),
  ttlMs: duration(0),
  deletion: oneOf("none", "soft", "hard"),
  syncIntervalMs: duration(1),
  fetchTimeoutMs: timeoutMs,
};
const RESOLVERS: Readonly<Record<Resolver["type"], Shape>> = {
  memory: members<Extract<Resolver, { type: "memory" }>>({ type: text }, {}),
  url: members<Extract<Resolver, { type: "url" }>>({ type: text, url: word, timeoutMs }, {}),
  full: members<Extract<Resolver, { type: "full" }>>({ type: text, ...directory }, {}),
  cache: members<Extract<Resolver, { type: "cache" }>>({ type: text, ...directory }, {}),
  file: members<Extract<Resolver, { type: "file" }>>({ type: text, ...directory }, {}),
};
const resolverType = oneOf(...Object.keys(RESOLVERS));

const resolver: Shape = (value, place, findings) => {
  const type: unknown = isObject(value) && "type" in value ? value.type : undefined;
  const isKnown = typeof type === "string" && Object.hasOwn(RESOLVERS, type);
  if (isKnown) RESOLVERS[type as Resolver["type"]](value, place, findings);
  else resolverType(type, `${place}.type`, findings);
};

const operator = members<OperatorOptions>(
  { operators: texts, trustedKeys: texts, preloads: recordOf(text) },
  { resolver, resolverTls: tls, pinnedAccounts: texts, defaultSentinel: text },
);

const authenticationModule = members<PluginSpec>(
  { name: word, timeoutMs: LOGIN_TIMEOUT, authUsers: AUTH_USERS },
  {},
);

/** What a configuration has there is given apart. */
const elsewhere: Shape = (value, place, findings) => {
  if (value !== undefined) tell(findings, place, "is given by `users` and `accounts`, not here");
};

type GivenElsewhere = Partial<Record<"auth" | "accounts", never>>;

export const OPTIONS: Shape = someMembers<
  Omit<ServerOptions, keyof GivenElsewhere> & GivenElsewhere
>(
  {
    host: HOST,
    port: boundPort,
    workers: WORKERS,
    limits,
    pingIntervalMs: duration(1),
    pingMax: count,
    writeDeadlineMs: duration(1),
    noHeaderSupport: flag,
    noFastProducerStall: flag,
    lameDuckDurationMs: duration(0),
    lameDuckGraceMs: duration(0),
    disableSublistCache: flag,
    noSystemAccount: flag,
    globalMappings: MAPPINGS,
    mixedAuthentication: flag,
    oneMechanismPerAccount: flag,
    allowNonTls: flag,
    logging,
    serverTags: texts,
    serverMetadata: recordOf(text),
    featureFlags: recordOf(flag),
    strict: flag,
    allowUnsupported: flag,
  },
  {
    auth: elsewhere,
    accounts: elsewhere,
    clientAdvertise: text,
    writeTimeout: oneOf("close"),
    serverName: SERVER_NAME,
    addressLimits,
    systemAccount: text,
    operator,
    authenticationModule,
    trustedProxies: texts,
    tls,
    monitoring,
    pidFile: word,
    portsFileDir: word,
  },
);
