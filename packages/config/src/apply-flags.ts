// The command line over a file over the environment (FL-01, FL-04, FL-06, FL-07, FL-09). Control
// thread. Must stay true: done again with the same flags after each reload of the file.
import type { ConfigProblem } from "@weft/base";
import { LIMITS } from "@weft/base";
import { type ConfigWarning, Findings } from "./findings.ts";
import type { Flags } from "./flags.ts";
import { remoteSyslogMistake } from "./logging-rows.ts";
import { draftOfMonitoring, finishMonitoring, monitoringMistake } from "./monitoring-rows.ts";
import {
  DEFAULT_PORT,
  defaultAuthTimeoutMs,
  defaultTls,
  type ServerOptions,
  type TlsOptions,
} from "./options.ts";
import { unsupportedMessage } from "./unsupported.ts";
import { validateOptions } from "./validate.ts";
import { isWorkersCount, VALUE_BOUNDS, WORKERS_RULE } from "./value-bounds.ts";

/** Name of the environment variable with the number of workers. */
export const WORKERS_VARIABLE = "WEFT_WORKERS";

export interface AppliedFlags {
  readonly options: ServerOptions;
  /** Not empty: do not start. */
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

type Draft = { -readonly [K in keyof ServerOptions]: ServerOptions[K] };

/**
 * Options with the flags put over them. `environment` looks a variable up; `WEFT_WORKERS` counts
 * less than `--workers` and more than the file.
 */
export function applyFlags(
  options: ServerOptions,
  flags: Flags,
  environment: (name: string) => string | undefined = () => undefined,
): AppliedFlags {
  const findings = new Findings();
  const draft: Draft = {
    ...options,
    strict: flags.strict ?? options.strict,
    allowUnsupported: flags.allowUnsupported ?? options.allowUnsupported,
  };
  reportMissing(flags, findings);
  applyListener(draft, flags, findings);
  applyWorkers(draft, flags, environment(WORKERS_VARIABLE), findings);
  applyLogging(draft, flags, findings);
  applyTls(draft, flags, findings);
  applyAuth(draft, flags);
  applyMonitoring(draft, flags, findings);
  for (const { message, at } of validateOptions(draft)) findings.error(at, message);
  return { options: draft, errors: findings.errors, warnings: findings.warnings };
}

function reportMissing(flags: Flags, findings: Findings): void {
  for (const { flag, feature } of flags.missing) {
    const message = unsupportedMessage(flag, feature);
    if (flags.allowUnsupported) findings.allow(undefined, `${message}; ignored`);
    else findings.error(undefined, message);
  }
}

function applyListener(draft: Draft, flags: Flags, findings: Findings): void {
  if (flags.host) draft.host = flags.host;
  const port = flags.port;
  if (port !== undefined) {
    if (port < -1 || port > VALUE_BOUNDS.portMax) {
      findings.error(undefined, `port ${port} is out of the range`);
    } else {
      draft.port = port === 0 ? DEFAULT_PORT : Math.max(port, 0);
    }
  }
  if (flags.serverName) draft.serverName = flags.serverName;
  if (flags.clientAdvertise) draft.clientAdvertise = flags.clientAdvertise;
  if (flags.pidFile) draft.pidFile = flags.pidFile;
  if (flags.portsFileDir) draft.portsFileDir = flags.portsFileDir;
}

function applyWorkers(
  draft: Draft,
  flags: Flags,
  variable: string | undefined,
  findings: Findings,
): void {
  const written = flags.workers ?? (variable || undefined);
  if (written === undefined) return;
  const count = /^\d{1,3}$/.test(written) ? Number(written) : 0;
  if (written.toLowerCase() === "auto") draft.workers = "auto";
  else if (isWorkersCount(count)) draft.workers = count;
  else {
    const where = flags.workers === undefined ? WORKERS_VARIABLE : "--workers";
    findings.error(undefined, `${where} ${WORKERS_RULE}`);
  }
}

function applyLogging(draft: Draft, flags: Flags, findings: Findings): void {
  const { logging } = draft;
  const { remoteSyslog } = flags;
  const mistake = remoteSyslog ? remoteSyslogMistake(remoteSyslog) : undefined;
  if (mistake !== undefined) findings.error(undefined, mistake);
  draft.logging = {
    ...logging,
    debug: flags.debug ?? logging.debug,
    trace: flags.trace ?? logging.trace,
    traceVerbose: flags.traceVerbose ?? logging.traceVerbose,
    logtime: flags.logtime ?? logging.logtime,
    logtimeUtc: flags.logtimeUtc ?? logging.logtimeUtc,
    logFile: flags.logFile || logging.logFile,
    syslog: flags.syslog ?? logging.syslog,
    remoteSyslog: remoteSyslog || logging.remoteSyslog,
    logFileSizeLimit: Math.max(0, flags.logSizeLimit ?? logging.logFileSizeLimit),
  };
  if (flags.maxTracedMessageBytes !== undefined) {
    draft.limits = { ...draft.limits, maxTracedMessageBytes: flags.maxTracedMessageBytes };
  }
}

/** FL-01. Done after the listener, whose host it takes over, and after TLS. */
function applyMonitoring(draft: Draft, flags: Flags, findings: Findings): void {
  const monitoring = draftOfMonitoring(draft.monitoring);
  monitoring.httpPort = flags.httpPort ?? monitoring.httpPort;
  monitoring.httpsPort = flags.httpsPort ?? monitoring.httpsPort;
  for (const port of [monitoring.httpPort, monitoring.httpsPort]) {
    if (port >= -1 && port <= VALUE_BOUNDS.portMax) continue;
    findings.error(undefined, `port ${port} is out of the range`);
    return;
  }
  const finished = finishMonitoring(monitoring, draft.host);
  if (typeof finished === "string") findings.error(undefined, finished);
  else draft.monitoring = finished;
  const mistake = monitoringMistake(draft.monitoring, draft.tls);
  if (mistake !== undefined) findings.error(undefined, mistake);
}

/** FL-07: any TLS flag replaces the file's TLS, unless `--tls=false` takes it away. */
function applyTls(draft: Draft, flags: Flags, findings: Findings): void {
  if (flags.tls === false) {
    draft.tls = undefined;
    return;
  }
  const { tls, tlsCert, tlsKey, tlsCa, tlsVerify } = flags;
  if ([tls, tlsCert, tlsKey, tlsCa, tlsVerify].every((value) => value === undefined)) return;
  if (!tlsCert) {
    findings.error(undefined, "TLS Server certificate must be present and valid");
  } else if (!tlsKey) {
    findings.error(undefined, "TLS Server private key must be present and valid");
  } else {
    const replaced: TlsOptions = {
      ...defaultTls(),
      certFile: tlsCert,
      keyFile: tlsKey,
      caFile: tlsCa || undefined,
      verify: tlsVerify ?? false,
      // What the reference keeps of the file's block.
      timeoutMs: draft.tls?.timeoutMs ?? LIMITS.tlsTimeoutMs,
      verifyAndMap: draft.tls?.verifyAndMap ?? false,
      handshakeFirst: draft.tls?.handshakeFirst ?? false,
      pinnedCerts: draft.tls?.pinnedCerts ?? [],
      connectionRateLimit: draft.tls?.connectionRateLimit ?? 0,
    };
    draft.tls = replaced;
  }
}

/** FL-06, and what depends on TLS. */
function applyAuth(draft: Draft, flags: Flags): void {
  const { auth } = draft;
  draft.auth = {
    ...auth,
    user: flags.user || auth.user,
    password: flags.password || auth.password,
    token: flags.token || auth.token,
    tlsMap: draft.tls?.verifyAndMap ?? false,
    authTimeoutMs: auth.authTimeoutIsDefault ? defaultAuthTimeoutMs(draft.tls) : auth.authTimeoutMs,
  };
}
