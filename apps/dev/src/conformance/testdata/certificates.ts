// Where the certificates of the TLS tests lie. They are good from 2020 to 2055; the keys of the
// authorities were thrown away, so new ones need a new set of all: `make-certificates.sh` makes that
// of `made/`.
import { fileURLToPath } from "node:url";

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Files as the client libraries want them. */
export interface ClientTls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly handshakeFirst?: boolean;
}

export const certificates = {
  ca: file("ca.pem"),
  otherCa: file("other-ca.pem"),
  server: file("server.pem"),
  serverKey: file("server.key"),
  client: file("client.pem"),
  clientKey: file("client.key"),
} as const;

/** Trusts the server, shows no certificate. */
export const trusting: ClientTls = { caFile: certificates.ca };
export const withCertificate: ClientTls = shows("client");
/** Signed by an authority that the server does not know. */
export const withForeignCertificate: ClientTls = shows("client-wrong-ca");
/** Good until 2020-02-01. */
export const withExpiredCertificate: ClientTls = shows("client-expired");

function shows(name: string): ClientTls {
  return { caFile: certificates.ca, certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) };
}

/** A file of `made/`: a certificate and its key, or `ca`, which signed them all. */
export function made(name: string): string {
  return file(`made/${name}.pem`);
}

/** A `tls` block of a server's configuration with these further lines. */
export function tlsBlock(...lines: readonly string[]): string {
  return [
    "tls {",
    `  cert_file: "${certificates.server}"`,
    `  key_file: "${certificates.serverKey}"`,
    `  ca_file: "${certificates.ca}"`,
    "  timeout: 5",
    ...lines.map((line) => `  ${line}`),
    "}",
  ].join("\n");
}
