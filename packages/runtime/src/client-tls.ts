// The TLS material of the client listener at the start. Control thread; loads what reads certificates
// only where there are any.
import type { ServerOptions } from "@weft/config";
import type { TlsContextOptions } from "@weft/net";

/** Undefined without TLS. Throws what is wrong with the files. */
export async function clientTls({ tls }: ServerOptions): Promise<TlsContextOptions | undefined> {
  if (tls === undefined) return undefined;
  const { loadTlsMaterial } = await import("./tls-material.ts");
  return loadTlsMaterial(tls, "client");
}
