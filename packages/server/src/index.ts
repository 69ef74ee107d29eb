// The entry of the package: everything that other packages and programs may use.
export {
  type AuthenticationHook,
  type AuthenticationTools,
  type PreparedPart,
  ReloadError,
  type ReloadErrorCode,
  type ReloadPart,
  type ReloadResult,
  type ReloadSource,
} from "@weft/runtime";
export { type CheckedConfig, checkConfig } from "./check-config.ts";
export type * from "./config-types.ts";
export { FILE_SOURCE, sha256Hex } from "./file-source.ts";
export { ConfigurationError } from "./start-error.ts";
export type { EmbeddedAuthentication, LogFunction, StartOptions } from "./start-options.ts";
export {
  checkedInput,
  checkOptions,
  configurationOf,
  optionWarnings,
  type PreparedStart,
  startServer,
  startWithOptions,
  type WeftServer,
} from "./start-server.ts";
