// Small files that tell other programs of the server: its process id (OT-01) and its ports (OT-02).
// Control thread.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerOptions } from "@weft/config";
import type { Runtime } from "./runtime.ts";

/** Decimal, without a line end, mode 0600. Throws `Could not write pidfile: ...`. */
export function writePidFile(file: string, processId: number): void {
  try {
    writeFileSync(file, String(processId), { mode: 0o600 });
  } catch (error) {
    throw new Error(`Could not write pidfile: ${(error as Error).message}`);
  }
}

/** What stands in a ports file. */
export interface ServerUrls {
  readonly clients: readonly string[];
  readonly monitoring: readonly string[];
}

/** Where a running server can be found. */
export function serverUrls(
  server: Pick<Runtime, "configuration" | "port" | "monitoringUrl">,
): ServerUrls {
  const { configuration, port, monitoringUrl } = server;
  const clients = [`nats://${configuration.options.host}:${port}`];
  return { clients, monitoring: monitoringUrl === undefined ? [] : [monitoringUrl] };
}

/** Written once the server is ready, removed when it stops. */
export class PortsFile {
  readonly #path: string;

  constructor(folder: string, processId: number) {
    this.#path = join(folder, `weft_${processId}.ports`);
  }

  write({ clients, monitoring }: ServerUrls): void {
    const ports = { nats: clients, monitoring, cluster: [], profile: [], websocket: [] };
    writeFileSync(this.#path, JSON.stringify(ports), { mode: 0o644 });
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }
}

/** For clients on this machine. */
export function localUrl({ host, tls }: ServerOptions, port: number): string {
  const local = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const shown = local.includes(":") ? `[${local}]` : local;
  return `${tls === undefined ? "nats" : "tls"}://${shown}:${port}`;
}
