// What tells programs of this machine of the server: the file with its process id (OT-01), its URL.
// Control thread.
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import type { ServerOptions } from "@weft/config";

/**
 * Not to wait for who reads, where it is a pipe: then it is an error. Windows has no such flag, which
 * counts as 0 here.
 */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
const FLAGS = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK;

/** Decimal, without a line end, mode 0600. Throws `Could not write pidfile: ...`. */
export function writePidFile(file: string, processId: number): void {
  try {
    const opened = openSync(file, FLAGS, 0o600);
    try {
      writeFileSync(opened, String(processId));
    } finally {
      closeSync(opened);
    }
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
