// The options of this start: a file, if one is named, with the command line over it.
import {
  applyFlags,
  type ConfigWarning,
  defaultOptions,
  type Flags,
  formatProblem,
  loadConfig,
  type ServerOptions,
} from "@weft/config";
import { FILE_SOURCE, sha256Hex } from "@weft/server";

export interface LoadedOptions {
  readonly options: ServerOptions;
  readonly warnings: readonly ConfigWarning[];
  /** `sha256:...`; empty without a file. */
  readonly digest: string;
  /** Texts; not empty: do not start. */
  readonly errors: readonly string[];
}

export function loadOptions(flags: Flags): LoadedOptions {
  const warnings: ConfigWarning[] = [];
  let options = defaultOptions();
  let digest = "";
  if (flags.config) {
    const { strict, allowUnsupported } = flags;
    const tlsByFlags = flags.tls ?? flags.tlsCert !== undefined;
    const monitoringPorts = { httpPort: flags.httpPort, httpsPort: flags.httpsPort };
    const settings = { sha256Hex, strict, allowUnsupported, tlsByFlags, monitoringPorts };
    const loaded = loadConfig(flags.config, FILE_SOURCE, settings);
    if (!loaded.ok) return { options, digest, warnings, errors: loaded.errors.map(formatProblem) };
    warnings.push(...loaded.warnings);
    options = loaded.options;
    digest = loaded.digest;
  }
  const applied = applyFlags(options, flags, FILE_SOURCE.environment);
  return {
    options: applied.options,
    digest,
    warnings: [...warnings, ...applied.warnings],
    errors: applied.errors.map(formatProblem),
  };
}
