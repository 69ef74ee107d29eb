// The configuration's window to the real world: files and environment variables. Control thread.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ConfigSource, ConfigSourceError } from "@weft/config";
import { checkTlsFiles } from "@weft/runtime";

/** Files of the file system and variables of the process. */
export const FILE_SOURCE: ConfigSource = {
  readFile: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      const { code, message } = error as Error & { readonly code?: string };
      if (code === "ENOENT") return undefined;
      throw new ConfigSourceError(message);
    }
  },
  // CF-12: an absolute path too is taken from the folder of the including file.
  resolve: (base, path) => join(dirname(base), path),
  checkTlsFiles,
  environment: (name) => process.env[name],
};

export function sha256Hex(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}
