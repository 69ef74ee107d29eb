// For tests: TLS options with the test certificates of the net package.
import { fileURLToPath } from "node:url";
import type { TlsOptions } from "@weft/config";

const FOLDER = new URL("../../../net/testdata/", import.meta.url);

export function testFile(name: string): string {
  return fileURLToPath(new URL(name, FOLDER));
}

/** `server.pem` and its key, unless `change` names other files of the folder. */
export function tls(
  change: Partial<Pick<TlsOptions, "certFile" | "keyFile" | "verify" | "pinnedCerts">> = {},
): TlsOptions {
  return {
    certFile: testFile(change.certFile ?? "server.pem"),
    keyFile: testFile(change.keyFile ?? "server.key"),
    caFile: testFile("ca.pem"),
    certs: [],
    verify: change.verify ?? false,
    verifyAndMap: false,
    handshakeFirst: false,
    minVersion: "1.2",
    timeoutMs: 2_000,
    insecure: false,
    allowInsecureCipherSuites: false,
    pinnedCerts: change.pinnedCerts ?? [],
    connectionRateLimit: 0,
  };
}
