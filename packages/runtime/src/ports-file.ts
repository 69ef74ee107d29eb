// The file that tells other programs under which addresses this server can be reached (OT-02).
// Control thread. What must stay true: nats-server's name, scheme and members, because test suites
// and tools of others wait for this file and parse it.
import { rmSync, writeFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { basename, join } from "node:path";
import type { Runtime } from "./runtime.ts";

/** Set by `bin/weft`: the name by which the program was called, which may be that of a link to it. */
const CALLED_AS = "WEFT_CALLED_AS";

const UNSPECIFIED: readonly string[] = ["0.0.0.0", "::"];

/** What stands in a ports file; a kind without a listener is absent. */
export interface ServerUrls {
  readonly nats: readonly string[];
  readonly monitoring?: readonly string[] | undefined;
}

/** Where a running server can be found. */
export function serverUrls(
  server: Pick<Runtime, "configuration" | "port" | "monitoringUrl">,
): ServerUrls {
  const { options } = server.configuration;
  const isTlsRequired = options.tls !== undefined && !options.allowNonTls;
  const nats = urlsOf(isTlsRequired ? "tls" : "nats", options.host, server.port);
  if (server.monitoringUrl === undefined) return { nats };
  const { protocol, port } = new URL(server.monitoringUrl);
  const scheme = protocol.slice(0, -1);
  // A URL does not say the port that its scheme has by itself.
  const given = port === "" ? (scheme === "https" ? 443 : 80) : Number(port);
  const host = options.monitoring?.host ?? options.host;
  return { nats, monitoring: urlsOf(scheme, host, given) };
}

/** One URL; of a listener that takes any address, one for each address of this machine. */
function urlsOf(scheme: string, host: string, port: number): string[] {
  const hosts = UNSPECIFIED.includes(host) ? addressesOfThisMachine() : [host];
  return hosts.map((it) => `${scheme}://${isIPv6(it) ? `[${it}]` : it}:${port}`);
}

function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap((it = []) => it.map(({ address }) => address));
}

/** `weft`, or the name of the link by which it was called. */
function programName(): string {
  return basename(process.env[CALLED_AS] ?? "") || "weft";
}

/** Written once the server is ready, removed when it stops. */
export class PortsFile {
  readonly #path: string;

  constructor(folder: string, processId: number) {
    this.#path = join(folder, `${programName()}_${processId}.ports`);
  }

  write(urls: ServerUrls): void {
    writeFileSync(this.#path, JSON.stringify(urls), { mode: 0o644 });
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }
}
