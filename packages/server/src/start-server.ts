// Starts a server inside the calling program, from options or from a configuration. The caller's
// thread becomes the control thread beside its own work. What must stay true: signals, exit code,
// standard streams and unhandled errors of the program are left alone.
import { type AccountSpec, compileAccounts } from "@weft/accounts";
import { GLOBAL_ACCOUNT, isPublicKey, type UserSpec, validateAuth } from "@weft/auth";
import { type ConfigProblem, LIMITS } from "@weft/base";
import {
  DEFAULT_SYSTEM_ACCOUNT,
  defaultOptions,
  formatProblem,
  isOperatorMode,
  type LoadResult,
  type LoggingOptions,
  loadConfig,
  monitoringMistake,
  type PlaceOf,
  type ServerOptions,
  textSource,
  validateOptions,
} from "@weft/config";
import { functionLog, type LogSink, ServerLog, SILENT_LOG } from "@weft/logging";
import {
  type AuthenticationHook,
  EMBEDDED_HOOK,
  type PrestartedThreads,
  type ReloadInput,
  type ReloadPart,
  type ReloadSource,
  type Runtime,
  startRuntime,
  useNativeSignatures,
} from "@weft/runtime";
import { FILE_SOURCE, sha256Hex } from "./file-source.ts";
import {
  memberPlace,
  placedAccounts,
  placedOptions,
  placedUsers,
  placesOf,
  toldPlace,
} from "./option-places.ts";
import { ConfigurationError } from "./start-error.ts";
import type { EmbeddedAuthentication, StartOptions } from "./start-options.ts";
import { startProblems } from "./start-shapes.ts";

const LOCAL_HOST = "127.0.0.1";
/** Name under which findings in a text are reported. */
const TEXT_NAME = "config";
/** Name in syslog. */
const PROGRAM = "weft";

/** A running server. */
export type WeftServer = Runtime;

/**
 * Starts a server and resolves when it accepts connections. Rejects with {@link ConfigurationError}
 * when the configuration or the options are wrong, else with what failed (a port in use, a TLS file).
 */
export async function startServer(start: StartOptions = {}): Promise<WeftServer> {
  useNativeSignatures();
  // Before the log is opened: of a start that is refused nothing is left.
  const input = checkedInput(optionsOf(start), placesOf(start));
  const { options, digest } = input;
  const { configFile } = start;
  const prepared: PreparedStart = {
    options,
    log: await openLog(start, options),
    configFile,
    configDigest: digest,
    reloadSource: configFile === undefined ? undefined : configurationOf(start),
    reloadParts: start.reloadParts,
    authentication: embedded(start)?.hook,
  };
  return startChecked(prepared, input);
}

/**
 * What `reload` of a server takes to change to these options: they are complete, as for a start.
 * Each use reads the file again, if one is named.
 */
export function configurationOf(start: StartOptions): ReloadSource {
  return () => checkedInput(optionsOf(start), placesOf(start));
}

/**
 * Options that were read anew, compiled; throws {@link ConfigurationError}. `placeOf`: of options that
 * did not come from a file.
 */
export function checkedInput(read: ReadOptions, placeOf?: PlaceOf): ReloadInput {
  const accounts = compile(read.options);
  const { monitoring, tls } = read.options;
  const mistake = monitoringMistake(monitoring, tls);
  const problems = [
    ...checkOptions(read.options, placeOf),
    ...(mistake === undefined ? [] : [{ message: mistake, at: placeOf?.("monitoring") }]),
  ];
  if (problems.length > 0 || !accounts.ok) throw new ConfigurationError(problems.map(toldPlace));
  const warnings = [...(read.warnings ?? []), ...accounts.warnings].map(toldPlace);
  return { ...read, warnings, accounts: accounts.snapshot };
}

type ReadOptions = Omit<ReloadInput, "accounts">;

export interface PreparedStart {
  readonly options: ServerOptions;
  readonly log: LogSink;
  readonly configFile?: string | undefined;
  /** See `RuntimeOptions`. */
  readonly configDigest?: string | undefined;
  /** Reads the configuration again; undefined = it cannot be reloaded. */
  readonly reloadSource?: ReloadSource | undefined;
  readonly reloadParts?: readonly ReloadPart[] | undefined;
  readonly commandLine?: readonly string[] | undefined;
  /** See `RuntimeOptions`. */
  readonly authentication?: AuthenticationHook | undefined;
  /** Threads that were started ahead. */
  readonly prestarted?: PrestartedThreads | undefined;
}

/**
 * What is wrong with complete options, beyond what the language itself can tell. Under `strict` that
 * is also what is only warned about otherwise (GP-9).
 */
export function checkOptions(options: ServerOptions, placeOf?: PlaceOf): readonly ConfigProblem[] {
  const accounts = compile(options);
  const found = [
    ...validateOptions(options, placeOf),
    ...validateAuth(options.auth),
    ...homelessUsers(options),
  ];
  const isNew = ({ message }: ConfigProblem): boolean =>
    found.every((one) => one.message !== message);
  if (!accounts.ok) return [...found, ...accounts.errors.filter(isNew)];
  return options.strict ? [...found, ...accounts.warnings] : found;
}

/** Users of accounts that are not there: the right password would lead nowhere. */
function homelessUsers(options: ServerOptions): readonly ConfigProblem[] {
  const { auth, accounts, systemAccount, noSystemAccount } = options;
  const system = systemAccount || DEFAULT_SYSTEM_ACCOUNT;
  const named = new Set([GLOBAL_ACCOUNT, ...accounts.map(({ name }) => name)]);
  if (!noSystemAccount) named.add(system);
  return auth.users.flatMap(({ account, at }) => {
    if (account === undefined || named.has(account)) return [];
    const message = `${JSON.stringify(account)} account not defined`;
    return [{ message, at: memberPlace(at, "account") }];
  });
}

/** What is strange about options, but no reason not to start. */
export function optionWarnings(options: ServerOptions): readonly ConfigProblem[] {
  const accounts = compile(options);
  return accounts.ok && !options.strict ? accounts.warnings : [];
}

/** The same for options that are complete already; `log` is closed with the server. */
export async function startWithOptions(start: PreparedStart): Promise<WeftServer> {
  return startChecked(start, checkedInput({ options: start.options }));
}

function startChecked(
  start: PreparedStart,
  { accounts, warnings = [] }: ReloadInput,
): Promise<WeftServer> {
  for (const warning of warnings) start.log.write("warn", formatProblem(warning));
  return startRuntime({ ...start, accounts });
}

function optionsOf(start: StartOptions): ReadOptions {
  const { options: loaded, digest, warnings } = loadedOptions(start);
  const { name, host } = start;
  const users = placedUsers(start.users ?? []);
  const accounts = placedAccounts(start.accounts ?? []);
  const monitoring = loaded.monitoring?.hostIsDefault === true ? loaded.monitoring : undefined;
  const options: ServerOptions = {
    ...loaded,
    ...(host === undefined ? {} : { host }),
    ...(host === undefined || monitoring === undefined
      ? {}
      : { monitoring: { ...monitoring, host } }),
    ...(start.port === undefined ? {} : { port: Math.max(0, start.port) }),
    ...(start.workers === undefined ? {} : { workers: start.workers }),
    ...(name === undefined ? {} : { serverName: name }),
    auth: withUsers(loaded.auth, users, accounts),
    accounts: [...loaded.accounts, ...accounts],
    ...authenticationOf(start),
    ...placedOptions(start.options),
  };
  return { options, digest, warnings };
}

function embedded({ authentication }: StartOptions): EmbeddedAuthentication | undefined {
  return typeof authentication === "function" ? { hook: authentication } : authentication;
}

/** The function itself is handed over beside the options, which are copied to other threads. */
function authenticationOf(start: StartOptions): Pick<ServerOptions, "authenticationModule"> {
  const given = embedded(start);
  if (given === undefined) return {};
  const { timeoutMs = LIMITS.authTimeoutMs, authUsers = [] } = given;
  return { authenticationModule: { name: EMBEDDED_HOOK, timeoutMs, authUsers } };
}

/** GP-1: accounts that a program adds have the users that it adds. */
function withUsers(
  auth: ServerOptions["auth"],
  users: readonly UserSpec[],
  accounts: readonly AccountSpec[],
): ServerOptions["auth"] {
  const all = { ...auth, users: [...auth.users, ...users] };
  if (auth.mixed === undefined) return all;
  const added = accounts.map(({ name, nkey: key }) => ({
    name,
    key,
    mechanism: "static" as const,
  }));
  return { ...all, mixed: { accounts: [...auth.mixed.accounts, ...added] } };
}

/** Throws what is wrong with the options themselves, and with the configuration, all at once. */
function loadedOptions(start: StartOptions): ReadOptions {
  const problems = startProblems(start);
  const loaded = loadedConfig(start);
  const errors = loaded?.ok === false ? loaded.errors : [];
  if (problems.length + errors.length > 0) throw new ConfigurationError([...problems, ...errors]);
  if (loaded?.ok === true) return loaded;
  return { options: { ...defaultOptions(), host: LOCAL_HOST, port: 0 } };
}

/** Undefined when neither a file nor a text was given; what is neither was told already. */
function loadedConfig(start: StartOptions | null): LoadResult | undefined {
  const { configFile, config } = start ?? {};
  if (typeof configFile === "string" && configFile !== "") {
    return loadConfig(configFile, FILE_SOURCE, { sha256Hex });
  }
  if (typeof config !== "string") return undefined;
  return loadConfig(TEXT_NAME, textSource(config), { sha256Hex });
}

/** Throws what is wrong with the file or the syslog of the configuration. */
async function openLog(start: StartOptions, options: ServerOptions): Promise<LogSink> {
  const { log } = start;
  const { logging } = options;
  const { logFile, syslog, remoteSyslog } = logging;
  if (typeof log === "function") return functionLog(log);
  if (log === undefined && logFile === undefined && remoteSyslog === undefined && !syslog) {
    return SILENT_LOG;
  }
  const chosen = log === undefined ? logging : standardError(logging);
  const made = new ServerLog(chosen, { processId: process.pid, program: PROGRAM });
  await made.opened;
  return made;
}

function standardError(logging: LoggingOptions): LoggingOptions {
  return { ...logging, logFile: undefined, remoteSyslog: undefined, syslog: false };
}

function compile(options: ServerOptions): ReturnType<typeof compileAccounts> {
  const { systemAccount: key = "" } = options;
  // Accounts come from a resolver; of them only the system account is told by the options.
  const isNamed = isOperatorMode(options) && isPublicKey(key, "account");
  const isMixed = options.mixedAuthentication;
  const isConfigured = options.accounts.some(({ name }) => name === key);
  const system = isNamed && !isConfigured ? [{ name: key, nkey: key }] : [];
  const accounts = isNamed && !isMixed ? system : [...system, ...options.accounts];
  return compileAccounts(accounts, {
    isForeign:
      isMixed && isOperatorMode(options) ? (name) => isPublicKey(name, "account") : undefined,
    systemAccount: options.systemAccount,
    noSystemAccount: options.noSystemAccount,
    topLevelMappings: options.globalMappings,
  });
}
