// From a file to options: parse, read every option, put users together, check the whole. Control
// thread. Must stay true: all findings are reported together (CF-14); options come only from a file
// without an error.
import type { ConfigProblem } from "@weft/base";
import { formatPosition, LIMITS } from "@weft/base";
import { checkCallout } from "./auth-callout.ts";
import { checkAuthorization } from "./authorization.ts";
import type { ReadContext } from "./context.ts";
import { configDigest, type Sha256Hex } from "./digest.ts";
import { forEachField } from "./fields.ts";
import { type ConfigWarning, Findings } from "./findings.ts";
import { finishMixed, isMixedFile, withAccountNames } from "./mixed.ts";
import {
  emptyMonitoring,
  finishMonitoring,
  MONITORING_ROWS,
  type MonitoringPorts,
  monitoringMistake,
  putPorts,
} from "./monitoring-rows.ts";
import type { MapNode } from "./node.ts";
import { emptyOperator, finishOperator } from "./operator-rows.ts";
import type { OptionsDraft } from "./option-row.ts";
import {
  DEFAULT_SYSTEM_ACCOUNT,
  defaultAuthTimeoutMs,
  defaultOptions,
  type ServerOptions,
} from "./options.ts";
import { parseConfig } from "./parser.ts";
import { adviseProxies } from "./proxies.ts";
import { NO_ROLES, resolveRights } from "./roles.ts";
import { findOption, OPTION_NAMES } from "./schema.ts";
import type { ConfigSource } from "./source.ts";
import { UserDirectory } from "./users.ts";
import { validateOptions } from "./validate.ts";
import { VALUE_BOUNDS } from "./value-bounds.ts";

/** How to load. */
export interface LoadSettings {
  readonly sha256Hex: Sha256Hex;
  /** Every warning is an error, but those that `allowUnsupported` asks for. */
  readonly strict?: boolean | undefined;
  /** Options of missing features are only warned about. */
  readonly allowUnsupported?: boolean | undefined;
  /** TLS comes by flags: options that need it are not refused for the lack of a block. */
  readonly tlsByFlags?: boolean | undefined;
  /** Flags over the file's ports: what it says of monitoring otherwise belongs to these. */
  readonly monitoringPorts?: MonitoringPorts | undefined;
}

export type LoadResult =
  | {
      readonly ok: true;
      readonly options: ServerOptions;
      readonly warnings: readonly ConfigWarning[];
      /** `sha256:…` (CF-16). */
      readonly digest: string;
    }
  | {
      readonly ok: false;
      readonly errors: readonly ConfigProblem[];
      readonly warnings: readonly ConfigWarning[];
    };

/** Above this a payload limit is probably a mistake (CP-16). */
const PAYLOAD_HIGH_BYTES = 8 * 1024 * 1024;
const INT32_MAX = VALUE_BOUNDS.int32Max;

/** Loads the file `path` with everything it includes. Never throws for what a file says. */
export function loadConfig(path: string, source: ConfigSource, settings: LoadSettings): LoadResult {
  const findings = new Findings();
  const parsed = parseConfig(path, source, findings);
  if (!parsed.ok) return { ok: false, errors: [parsed.problem], warnings: findings.warnings };
  if (parsed.root.entries.size === 0) {
    findings.warn(parsed.root.at, "config has no values or is empty");
  }
  const context = {
    findings,
    isMixed: isMixedFile(parsed.root),
    allowUnsupported: settings.allowUnsupported ?? false,
    checkTlsFiles: source.checkTlsFiles,
    readOther: source.readOther,
  };
  const options = buildOptions(parsed.root, context, settings);
  const { errors, warnings } = findings;
  if (errors.length > 0) return { ok: false, errors, warnings };
  const forbidden = settings.strict ? warnings.filter(({ allowed }) => allowed !== true) : [];
  if (forbidden.length > 0) return { ok: false, errors: forbidden, warnings: [] };
  return { ok: true, options, warnings, digest: configDigest(parsed.root, settings.sha256Hex) };
}

/** True when a loaded file is valid for `-t`: any warning that the reference makes too fails it. */
export function passesConfigTest(result: LoadResult): boolean {
  return result.ok && result.warnings.every((warning) => warning.advisory);
}

/** `file:line:column: message`, the form in which findings are printed (CF-15). */
export function formatProblem(problem: ConfigProblem): string {
  return problem.at ? `${formatPosition(problem.at)}: ${problem.message}` : problem.message;
}

function buildOptions(root: MapNode, context: ReadContext, settings: LoadSettings): ServerOptions {
  const { strict = false, allowUnsupported = false } = settings;
  const { findings } = context;
  const draft: OptionsDraft = {
    options: { ...defaultOptions(), strict, allowUnsupported },
    authorization: undefined,
    accounts: [],
    roles: NO_ROLES,
    noAuthUser: undefined,
    systemAccount: undefined,
    monitoring: emptyMonitoring(),
    operator: emptyOperator(),
    places: new Map(),
  };
  forEachField(root, OPTION_NAMES, findings, (name, entry) => {
    draft.places.set(name, entry.at);
    findOption(name)?.apply(draft, entry, context);
  });
  finishIdentity(draft, findings);
  checkCallout(draft.authorization?.callout, draft.options, findings);
  adviseProxies(draft.options, findings, draft.authorization?.at);
  finishLimits(draft, findings);
  applyMonitoring(draft, settings, findings);
  // A block that was not understood would only cause further errors here.
  if (findings.errorCount === 0) {
    for (const problem of validateOptions(draft.options, (name) => draft.places.get(name))) {
      findings.error(problem.at, problem.message);
    }
  }
  return draft.options;
}

function finishIdentity(draft: OptionsDraft, findings: Findings): void {
  const { authorization, accounts, options } = draft;
  const directory = new UserDirectory(findings);
  const topRights = authorization?.defaultRights ?? {};
  const defaultPermissions = resolveRights(topRights, [draft.roles], findings);
  directory.add(authorization?.users ?? [], { defaultPermissions, roles: [draft.roles] });
  const specs = accounts.map(({ spec, users, defaultRights, roles: own }) => {
    const roles = [own, draft.roles];
    const byDefault = resolveRights(defaultRights, roles, findings);
    directory.add(users, { account: spec.name, defaultPermissions: byDefault, roles });
    return byDefault === undefined ? spec : { ...spec, defaultPermissions: byDefault };
  });
  checkAuthorization(
    authorization,
    accounts.some(({ users }) => users.length > 0),
    findings,
  );
  const timeoutMs = authorization?.timeoutMs;
  options.auth = {
    ...(authorization?.user !== undefined && { user: authorization.user }),
    ...(authorization?.password !== undefined && { password: authorization.password }),
    ...(authorization?.token !== undefined && { token: authorization.token }),
    ...(defaultPermissions && { defaultPermissions }),
    ...(draft.noAuthUser !== undefined && { noAuthUser: draft.noAuthUser }),
    ...(authorization?.proxyRequired && { proxyRequired: true }),
    ...(authorization?.callout && { callout: authorization.callout.spec }),
    users: directory.users,
    ...(authorization !== undefined && { authorizationBlock: true }),
    tlsMap: options.tls?.verifyAndMap ?? false,
    authTimeoutMs: timeoutMs ?? defaultAuthTimeoutMs(options.tls),
    authTimeoutIsDefault: timeoutMs === undefined,
  };
  const mixed = finishMixed(draft, findings);
  if (mixed !== undefined) options.auth = { ...options.auth, mixed };
  const configured = specs.filter((_spec, at) => accounts[at]?.mechanism?.value !== "jwt");
  options.accounts = mixed === undefined ? configured : withAccountNames(configured);
  options.operator = finishOperator(draft.operator);
  const { claims } = draft.operator;
  const named = claims.length === 1 ? claims[0]?.nats.systemAccount || undefined : undefined;
  const systemAccount = draft.systemAccount ?? named;
  // A system account that is named is there, whatever `no_system_account` says.
  if (systemAccount !== undefined) options.noSystemAccount = false;
  options.systemAccount = options.noSystemAccount
    ? undefined
    : (systemAccount ?? DEFAULT_SYSTEM_ACCOUNT);
}

function applyMonitoring(
  draft: OptionsDraft,
  { tlsByFlags = false, monitoringPorts = {} }: LoadSettings,
  findings: Findings,
): void {
  const { options, places } = draft;
  putPorts(draft.monitoring, monitoringPorts);
  const place = MONITORING_ROWS.map(({ name }) => places.get(name)).find((at) => at !== undefined);
  const monitoring = finishMonitoring(draft.monitoring, options.host);
  if (typeof monitoring === "string") {
    findings.error(place, monitoring);
    return;
  }
  options.monitoring = monitoring;
  const mistake = tlsByFlags ? undefined : monitoringMistake(monitoring, options.tls);
  if (mistake !== undefined) findings.error(place, mistake);
  if (draft.monitoring.login !== undefined && monitoring === undefined) {
    findings.advise(places.get("monitor_login"), "monitor_login without a monitoring port");
  }
}

function finishLimits(draft: OptionsDraft, findings: Findings): void {
  const { options } = draft;
  const { limits } = options;
  if (limits.maxPayload === -1) {
    options.limits = { ...limits, maxPayload: Math.min(limits.maxPending, INT32_MAX) };
  }
  if (options.limits.maxControlLine > LIMITS.controlLineBytesBound) {
    findings.advise(
      draft.places.get("max_control_line"),
      `control lines above ${LIMITS.controlLineBytesBound} bytes are refused`,
    );
  }
  if (options.limits.maxPayload > PAYLOAD_HIGH_BYTES) {
    findings.advise(
      draft.places.get("max_payload"),
      "Maximum payloads over 8.00 MB are generally discouraged and could lead to poor performance",
    );
  }
}
