// Private keys that everybody on the machine can read (GP-12, SB-72). Control thread. A warning and no
// more: where files are mounted by others, their modes are not the operator's to choose.
import { statSync } from "node:fs";
import type { ServerOptions, TlsOptions } from "@weft/config";
import type { LogSink } from "@weft/logging";
import type { ReloadPart } from "./runtime.ts";

/** Readable by others than owner and group. */
const OTHERS_READ = 0o004;
const MODE_BITS = 0o777;

function keyFilesOf(tls: TlsOptions | undefined): string[] {
  if (tls === undefined) return [];
  return [tls.keyFile, ...tls.certs.map(({ keyFile }) => keyFile)].filter(
    (file) => file !== undefined,
  );
}

/** A text for each key file that everybody can read. Windows has other rights: nothing is said there. */
export function exposedKeys({ tls, operator }: ServerOptions): string[] {
  if (process.platform === "win32") return [];
  const files = new Set([...keyFilesOf(tls), ...keyFilesOf(operator?.resolverTls)]);
  return [...files].flatMap((file) => {
    const mode = (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & MODE_BITS;
    if ((mode & OTHERS_READ) === 0) return [];
    return [`Private key ${file} can be read by everybody (mode ${mode.toString(8)})`];
  });
}

/** Says so at the start, and at every reload. */
export class KeyFileWarnings implements ReloadPart {
  readonly #log: LogSink;

  constructor(log: LogSink) {
    this.#log = log;
  }

  tell(options: ServerOptions): void {
    for (const text of exposedKeys(options)) this.#log.write("warn", text);
  }

  prepare(next: ServerOptions) {
    return { commit: () => this.tell(next) };
  }
}
