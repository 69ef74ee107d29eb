// The entry of the package: everything that other packages may use.
export { EMBEDDED_HOOK } from "./authentication.ts";
export type { AuthenticationHook, AuthenticationTools } from "./authentication-hook.ts";
export { FileBoundError, readBoundedFile } from "./bounded-file.ts";
export { checkTlsFiles } from "./certificate-files.ts";
export { startRuntime } from "./control-thread.ts";
export { useNativeSignatures } from "./native-signatures.ts";
export { type PrestartedThreads, prestartThreads } from "./prestart.ts";
export { ReloadError, type ReloadErrorCode } from "./reload-error.ts";
export type {
  PreparedPart,
  ReloadInput,
  ReloadPart,
  ReloadResult,
  ReloadSource,
  Runtime,
  RuntimeOptions,
  ServerConfiguration,
} from "./runtime.ts";
export { writePidFile } from "./server-files.ts";
export { handleSignals, type SignalActions } from "./signals.ts";
export { NATS_VERSION, WEFT_VERSION } from "./version.ts";
