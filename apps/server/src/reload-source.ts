// What a reload of the program reads: the same file, with the same flags over it (RL-01, FL-09).
import { readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** Undefined = there is no such file. */
function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** What cannot be put back stays: the reload is refused for another reason, which is told. */
function restore(file: string, content: Buffer | undefined): void {
  try {
    if (content === undefined) rmSync(file, { force: true });
    else writeFileSync(file, content);
  } catch {}
}

/** RL-06. The process id into another file; the former one stays, as in the reference. */
export const PID_FILE_PART: ReloadPart = {
  prepare: ({ pidFile }, previous) => {
    if (pidFile === undefined || pidFile === previous.pidFile) return undefined;
    const before = contentOf(pidFile);
    writePidFile(pidFile, process.pid);
    return {
      commit: () => undefined,
      abandon: () => restore(pidFile, before),
    };
  },
};
