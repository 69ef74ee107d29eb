// The entry of the package: everything that other packages may use.

export { type AppliedFlags, applyFlags, WORKERS_VARIABLE } from "./apply-flags.ts";
export {
  cipherSuiteNames,
  curveNames,
  openSslCipherName,
  openSslCurveName,
} from "./cipher-suites.ts";
export { CONFIG_LIMITS } from "./config-limits.ts";
export { compareOptions, type OptionChange, type OptionsDifference } from "./diff.ts";
export type { Sha256Hex } from "./digest.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { type ConfigWarning, Findings } from "./findings.ts";
export { helpText, tlsHelpText } from "./flag-help.ts";
export {
  FLAG_GROUPS,
  type FlagGroup,
  type FlagKey,
  type FlagRow,
  type FlagType,
} from "./flag-table.ts";
export {
  type Flags,
  type ParsedFlags,
  parseFlags,
  SIGNAL_COMMANDS,
  type SignalCommand,
} from "./flags.ts";
export {
  formatProblem,
  type LoadResult,
  type LoadSettings,
  loadConfig,
  passesConfigTest,
} from "./load.ts";
export { remoteSyslogMistake } from "./logging-rows.ts";
export { monitoringMistake } from "./monitoring-rows.ts";
export type { OptionRow, OptionType } from "./option-row.ts";
export {
  type AddressLimits,
  type CertificateFiles,
  DEFAULT_HOST,
  DEFAULT_PORT,
  DEFAULT_SYSTEM_ACCOUNT,
  defaultAuthTimeoutMs,
  defaultOptions,
  GLOBAL_ACCOUNT,
  type HandshakeFirst,
  isOperatorMode,
  type LimitOptions,
  type LoggingOptions,
  type MonitoringOptions,
  type MonitorLogin,
  type MonitorUser,
  type OperatorOptions,
  type ServerAuth,
  type ServerOptions,
  type TlsOptions,
} from "./options.ts";
export { redactArguments } from "./redact-arguments.ts";
export { findOption, OPTION_ROWS } from "./schema.ts";
export { type ConfigSource, ConfigSourceError, textSource } from "./source.ts";
export type { Feature } from "./unsupported.ts";
export { type PlaceOf, validateOptions } from "./validate.ts";
export { operatorClaimsOf, trustOf } from "./validate-operator.ts";
export { isWorkersCount, SERVER_NAME_RULE, VALUE_BOUNDS, WORKERS_RULE } from "./value-bounds.ts";
