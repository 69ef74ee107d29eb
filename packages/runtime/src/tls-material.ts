// From the TLS options of the configuration to what a worker makes its context of. Control thread;
// the only reader of certificate files.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { openSslCipherName, openSslCurveName, type TlsOptions } from "@weft/config";
import { type CertificatePair, TlsContext, type TlsContextOptions } from "@weft/net";
import { ERROR_LINES } from "@weft/protocol";

/** Bytes that Node wants for ticket keys. */
const TICKET_KEY_BYTES = 48;

/**
 * Reads the files and makes one context of them, so that what is wrong with them is said at the
 * start and not by workers. Throws with the file's name or OpenSSL's words. Undefined: no
 * certificate is configured, and no handshake can succeed.
 */
export function loadTlsMaterial(tls: TlsOptions, listener: string): TlsContextOptions | undefined {
  const files =
    tls.certFile !== undefined && tls.keyFile !== undefined
      ? [{ certFile: tls.certFile, keyFile: tls.keyFile }]
      : tls.certs;
  if (files.length === 0) return undefined;
  const certificates = files.map(({ certFile, keyFile }): CertificatePair => {
    return { certificate: readPem(certFile), key: readPem(keyFile) };
  });
  const material: TlsContextOptions = {
    certificates,
    authorities: tls.caFile === undefined ? undefined : readPem(tls.caFile),
    verifyClients: tls.verify,
    minVersion: tls.minVersion,
    ciphers: openSslNames(tls.cipherSuites, openSslCipherName),
    curves: openSslNames(tls.curvePreferences, openSslCurveName),
    pinnedKeys: tls.pinnedCerts,
    handshakeTimeoutMs: tls.timeoutMs,
    ticketKeys: randomBytes(TICKET_KEY_BYTES),
    sessionContext: listener,
    clearRefusal: `-ERR '${ERROR_LINES.tlsRequired.text}'\r\n`,
  };
  new TlsContext(material);
  return material;
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    throw new Error(`error reading TLS file: ${(error as Error).message}`);
  }
}

function openSslNames(
  names: readonly string[] | undefined,
  translate: (name: string) => string | undefined,
): readonly string[] | undefined {
  if (names === undefined) return undefined;
  return names.map(translate).filter((name) => name !== undefined);
}
