// What a reload of the program reads: the same file, with the same flags over it (RL-01, FL-09).
import { lstatSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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

/** A pid file is short. What is longer is not held, nor put back. */
const KEPT_BYTES_MAX = 65_536;

/**
 * How to have the file as it is now. What is no file, such as a pipe, or cannot be read, stays as it is
 * left; so does what cannot be put back: the reload is refused for another reason, which is told.
 */
function rememberFile(file: string): () => void {
  try {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) {
      return () => quietly(() => rmSync(file, { force: true }));
    }
    const facts = statSync(file);
    if (!facts.isFile() || facts.size > KEPT_BYTES_MAX) return () => undefined;
    const content = readFileSync(file);
    return () => quietly(() => writeFileSync(file, content));
  } catch {
    return () => undefined;
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {}
}

/** RL-06. The process id into another file; the former one stays, as in the reference. */
export const PID_FILE_PART: ReloadPart = {
  prepare: ({ pidFile }, previous) => {
    if (pidFile === undefined || pidFile === previous.pidFile) return undefined;
    const restore = rememberFile(pidFile);
    try {
      writePidFile(pidFile, process.pid);
    } catch (error) {
      restore();
      throw error;
    }
    return { commit: () => undefined, abandon: restore };
  },
};
