// The configuration's window to the real world: files and environment variables. Control thread.
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { CONFIG_LIMITS, type ConfigSource, ConfigSourceError } from "@weft/config";
import { checkTlsFiles, FileBoundError, readBoundedFile } from "@weft/runtime";

/** Files of the file system and variables of the process. */
export const FILE_SOURCE: ConfigSource = {
  readFile,
  readOther: readFile,
  // CF-12: an absolute path too is taken from the folder of the including file.
  resolve: (base, path) => join(dirname(base), path),
  checkTlsFiles,
  environment: (name) => process.env[name],
};

function readFile(path: string): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    if (error instanceof ConfigSourceError) throw error;
    const { code, message } = error as Error & { readonly code?: string };
    if (code === "ENOENT") return undefined;
    throw new ConfigSourceError(message);
  }
}

/** A character has at least a byte; text of several bytes each is refused a little earlier. */
function readText(path: string): string {
  try {
    return readBoundedFile(path, CONFIG_LIMITS.charactersMax).toString("utf8");
  } catch (error) {
    if (!(error instanceof FileBoundError)) throw error;
    throw new ConfigSourceError(`open ${path}: ${error.message}`);
  }
}

export function sha256Hex(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}
