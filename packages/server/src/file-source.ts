// The configuration's window to the real world: files and environment variables. Control thread.
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { CONFIG_LIMITS, type ConfigSource, ConfigSourceError } from "@weft/config";
import { checkTlsFiles } from "@weft/runtime";

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

const PIECE_BYTES = 64 * 1024;

/** Reads a file, or a pipe such as `<(...)`, but no more than a configuration may have. */
function readText(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const read = readSync(descriptor, piece);
      if (read === 0) return Buffer.concat(pieces, length).toString("utf8");
      pieces.push(piece.subarray(0, read));
      length += read;
      // A character has at least a byte; text of several bytes each is refused a little earlier.
      if (length > CONFIG_LIMITS.charactersMax) {
        throw new ConfigSourceError(
          `open ${path}: larger than ${CONFIG_LIMITS.charactersMax} bytes`,
        );
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

export function sha256Hex(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}
