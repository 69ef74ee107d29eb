// From the TLS options of the configuration to what a worker makes its context of. Control thread;
// with `certificate-files.ts` the only reader of certificate files.
import { randomBytes } from "node:crypto";
import { openSslCipherName, openSslCurveName, type TlsOptions } from "@weft/config";
import {
  HANDSHAKE_RATE_BYTES,
  type HandshakeRateOptions,
  TlsContext,
  type TlsContextOptions,
} from "@weft/net";
import { ERROR_LINES } from "@weft/protocol";
import { sharedRegion } from "@weft/shm";
import { readCertificateFiles } from "./certificate-files.ts";

/** Bytes that Node wants for ticket keys. */
const TICKET_KEY_BYTES = 48;

/**
 * Reads the files and makes one context of them, so that what is wrong with them is said at the
 * start and not by workers. Throws with the reference's words for a file, else with OpenSSL's.
 * Undefined: no certificate is configured, and no handshake can succeed. `rate`: what is counted
 * already, for other material of a running listener.
 */
export function loadTlsMaterial(
  tls: TlsOptions,
  listener: string,
  rate?: HandshakeRateOptions,
): TlsContextOptions | undefined {
  const { certificates, authorities } = readCertificateFiles(tls);
  if (certificates.length === 0) return undefined;
  const material: TlsContextOptions = {
    certificates,
    authorities,
    verifyClients: tls.verify,
    minVersion: tls.minVersion,
    ciphers: openSslNames(tls.cipherSuites, openSslCipherName),
    curves: openSslNames(tls.curvePreferences, openSslCurveName),
    pinnedKeys: tls.pinnedCerts,
    handshakeTimeoutMs: tls.timeoutMs,
    ticketKeys: randomBytes(TICKET_KEY_BYTES),
    sessionContext: listener,
    clearRefusal: clearLine(ERROR_LINES.tlsRequired.text),
    handshakeRate: rate ?? handshakeRate(tls.connectionRateLimit),
    rateRefusal: clearLine(ERROR_LINES.connectionThrottled.text),
  };
  new TlsContext(material);
  return material;
}

/** TL-12. One region for all workers of the listener. */
function handshakeRate(perSecondMax: number): HandshakeRateOptions | undefined {
  if (perSecondMax === 0) return undefined;
  return { perSecondMax, region: sharedRegion(HANDSHAKE_RATE_BYTES) };
}

function clearLine(text: string): string {
  return `-ERR '${text}'\r\n`;
}

function openSslNames(
  names: readonly string[] | undefined,
  translate: (name: string) => string | undefined,
): readonly string[] | undefined {
  if (names === undefined) return undefined;
  return names.map(translate).filter((name) => name !== undefined);
}
