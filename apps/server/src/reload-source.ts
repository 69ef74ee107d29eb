// What a reload of the program reads: the same file, with the same flags over it (RL-01, FL-09).
import type { Flags } from "@weft/config";
import { type ReloadPart, type ReloadSource, writePidFile } from "@weft/runtime";
import { ConfigurationError, checkedInput } from "@weft/server";
import { loadOptions } from "./load-options.ts";

/** Undefined when no file was named: there is nothing to read again. */
export function reloadSource(flags: Flags): ReloadSource | undefined {
  if (!flags.config) return undefined;
  return () => {
    const { options, warnings, digest, errors } = loadOptions(flags);
    if (errors.length > 0) throw new ConfigurationError(errors.map((message) => ({ message })));
    return checkedInput({ options, warnings, digest });
  };
}

/** RL-06. The process id into another file; the former one stays, as in the reference. */
export const PID_FILE_PART: ReloadPart = {
  prepare: ({ pidFile }, previous) => {
    if (pidFile !== undefined && pidFile !== previous.pidFile) writePidFile(pidFile, process.pid);
    return undefined;
  },
};
