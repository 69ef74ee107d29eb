// The verdict on a configuration file, without a start (FL-02): what the language says, what options
// mean together, and whether accounts, imports and permissions can be compiled. Control thread.
import type { ConfigProblem } from "@weft/base";
import { type ConfigSource, type LoadSettings, loadConfig, passesConfigTest } from "@weft/config";
import { checkOptions, optionWarnings } from "./start-server.ts";

export interface CheckedConfig {
  /** False when `-t` fails: an error, or a warning that fails it in the reference too. */
  readonly isValid: boolean;
  /** Errors and warnings, with their places. */
  readonly problems: readonly ConfigProblem[];
  /** `sha256:…` (CF-16); undefined when the file could not be read as a whole. */
  readonly digest: string | undefined;
}

/** Judges the file `path` with everything that it includes. Never throws for what it says. */
export function checkConfig(
  path: string,
  source: ConfigSource,
  settings: LoadSettings,
): CheckedConfig {
  const loaded = loadConfig(path, source, settings);
  if (!loaded.ok) {
    return {
      isValid: false,
      problems: [...loaded.errors, ...loaded.warnings],
      digest: undefined,
    };
  }
  const errors = checkOptions(loaded.options);
  return {
    isValid: passesConfigTest(loaded) && errors.length === 0,
    problems: [...loaded.warnings, ...optionWarnings(loaded.options), ...errors],
    digest: loaded.digest,
  };
}
