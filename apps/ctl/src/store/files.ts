// Files of the store: written whole or not at all, readable by their owner alone, and read only if
// strangers cannot have changed or seen what must stay secret (GP-12).
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { Failure } from "../command-line/failure.ts";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const GROUP_READS = 0o040;
const OTHERS_READ = 0o004;
/** A token has at most 1 MiB; a creds file a little more. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Why a system call failed, in few words. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch ("code" in error ? error.code : undefined) {
    case "ENOENT":
      return "no such file or folder";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EISDIR":
      return "it is a folder";
    case "ENOTDIR":
      return "a part of the path is no folder";
    case "EEXIST":
      return "it is there already";
    case "ENOSPC":
      return "no space left on the device";
    default:
      return error.message;
  }
}

/** Makes a folder and those above it. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw new Failure(`cannot make folder ${path}: ${systemReason(error)}`);
  }
}

/** Replaces a file, or makes it: after a crash the old text or the new one is there. */
export function writeFile(path: string, text: string, mode: number = FILE_MODE): void {
  const folder = dirname(path);
  makeFolder(folder);
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    // "wx": never through a link that somebody laid there.
    const file = openSync(draft, "wx", mode);
    try {
      const bytes = Buffer.from(text, "utf8");
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
    syncFolder(folder);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Failure(`cannot write ${path}: ${systemReason(error)}`);
  }
}

function syncFolder(path: string): void {
  // Windows opens no folders.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Removes a file; false if there was none. */
export function removeFile(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    rmSync(path);
  } catch (error) {
    throw new Failure(`cannot remove ${path}: ${systemReason(error)}`);
  }
  return true;
}

/** The text of a file; undefined if there is none. */
export function readFileIfThere(path: string): string | undefined {
  return readOpen(path, () => {});
}

/** The text of a file that must be there. */
export function readWanted(path: string): string {
  const text = readFileIfThere(path);
  if (text === undefined) throw new Failure(`cannot read ${path}: no such file or folder`);
  return text;
}

/**
 * The text of a file with a secret; undefined if there is none. One that everybody can read is
 * refused, one that a group can read is warned of.
 */
export function readSecret(path: string, warn: (text: string) => void): string | undefined {
  return readOpen(path, (mode) => {
    if (process.platform === "win32") return;
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    if ((mode & OTHERS_READ) !== 0) {
      throw new Failure(
        `${resolve(path)} holds a secret and everybody can read it (mode ${shown}): ` +
          "it is not used; if nobody has seen it, run chmod 600 on it",
      );
    }
    if ((mode & GROUP_READS) !== 0) {
      warn(`warning: ${resolve(path)} holds a secret and its group can read it (mode ${shown})`);
    }
  });
}

function readOpen(path: string, checkMode: (mode: number) => void): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Failure(`cannot read ${path}: ${systemReason(error)}`);
  }
  try {
    // Of the open file: what is checked is what is read.
    const facts = fstatSync(file);
    if (facts.isDirectory()) throw new Failure(`cannot read ${path}: it is a folder`);
    if (facts.size > FILE_BYTES_MAX) throw new Failure(`cannot read ${path}: it is too large`);
    checkMode(facts.mode);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`cannot read ${path}: ${systemReason(error)}`);
  } finally {
    closeSync(file);
  }
}
