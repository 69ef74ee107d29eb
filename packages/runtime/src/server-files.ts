// What tells programs of this machine of the server: the file with its process id (OT-01), its URL.
// Control thread.
import { writeFileSync } from "node:fs";
import type { ServerOptions } from "@weft/config";

/** Decimal, without a line end, mode 0600. Throws `Could not write pidfile: ...`. */
export function writePidFile(file: string, processId: number): void {
  try {
    writeFileSync(file, String(processId), { mode: 0o600 });
  } catch (error) {
    throw new Error(`Could not write pidfile: ${(error as Error).message}`);
  }
}

/** For clients on this machine. */
export function localUrl({ host, tls }: ServerOptions, port: number): string {
  const local = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const shown = local.includes(":") ? `[${local}]` : local;
  return `${tls === undefined ? "nats" : "tls"}://${shown}:${port}`;
}
