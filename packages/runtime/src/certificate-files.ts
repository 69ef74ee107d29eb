// The certificate files that TLS options name: read, taken apart and judged, with the texts of the
// reference (TL-02). Control thread. Must stay true: what passes here makes a context that can shake
// hands; OpenSSL alone would take an RSA key beside an EC certificate and refuse every client.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { getSystemErrorMessage } from "node:util";
import { LIMITS } from "@weft/base";
import type { TlsOptions } from "@weft/config";
import type { CertificatePair } from "@weft/net";
import { readBoundedFile } from "./bounded-file.ts";

export interface CertificateMaterial {
  /** In the order of the options; empty when none is configured. */
  readonly certificates: readonly CertificatePair[];
  /** PEM of the authorities of clients; undefined = the system's. */
  readonly authorities: string | undefined;
}

/** One `-----BEGIN X-----` to its end. */
interface PemBlock {
  readonly type: string;
  readonly text: string;
}

/** What is wrong with the files of `tls`; undefined = they are good. */
export function checkTlsFiles(tls: TlsOptions): string | undefined {
  try {
    readCertificateFiles(tls);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Throws with the text that a user reads. */
export function readCertificateFiles(tls: TlsOptions): CertificateMaterial {
  const { certFile, keyFile, caFile } = tls;
  const isSingle = certFile !== undefined && keyFile !== undefined;
  const files = isSingle ? [{ certFile, keyFile }] : tls.certs;
  const certificates = files.map((pair, index) => {
    const place = isSingle ? "" : ` ${index + 1}/${files.length}`;
    try {
      return readPair(pair.certFile, pair.keyFile);
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`error parsing X509 certificate/key pair${place}: ${message}`);
    }
  });
  const authorities = caFile === undefined ? undefined : readAuthorities(caFile);
  return { certificates, authorities };
}

function readPair(certFile: string, keyFile: string): CertificatePair {
  const chainText = readText(certFile);
  const keyText = readText(keyFile);
  const chain = chainOf(pemBlocks(chainText));
  const key = keyOf(pemBlocks(keyText));
  const certificate = parseCertificate(chain[0]?.text ?? "");
  const privateKey = parseKey(key);
  if (certificate.publicKey.asymmetricKeyType !== privateKey.asymmetricKeyType) {
    throw new Error("tls: private key type does not match public key type");
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error("tls: private key does not match public key");
  }
  return { certificate: joined(chain), key: key.text };
}

function readAuthorities(file: string): string {
  const good = pemBlocks(readText(file)).filter(isCertificate);
  if (good.length === 0) throw new Error("failed to parse root ca certificate");
  return joined(good);
}

function readText(file: string): string {
  try {
    return readBoundedFile(file, LIMITS.certificateFileBytesMax).toString("latin1");
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    throw new Error(
      `open ${file}: ${errno === undefined ? message : getSystemErrorMessage(errno)}`,
    );
  }
}

function pemBlocks(text: string): PemBlock[] {
  const found = text.matchAll(/-----BEGIN ([^-\r\n]+)-----(?:(?!-----)[\s\S])*-----END \1-----/g);
  return Array.from(found, ([block, type = ""]) => ({ type, text: block }));
}

function joined(blocks: readonly PemBlock[]): string {
  return blocks.map(({ text }) => `${text}\n`).join("");
}

/** The certificates of a file, the server's own first; blocks of other kinds are passed over. */
function chainOf(blocks: readonly PemBlock[]): PemBlock[] {
  const chain = blocks.filter(({ type }) => type === "CERTIFICATE");
  if (chain.length > 0) return chain;
  if (blocks.length === 0) {
    throw new Error("tls: failed to find any PEM data in certificate input");
  }
  if (blocks.length === 1 && blocks[0]?.type.endsWith("PRIVATE KEY")) {
    throw new Error(
      "tls: failed to find certificate PEM data in certificate input, but did find a private " +
        "key; PEM inputs may have been switched",
    );
  }
  const kinds = blocks.map(({ type }) => type).join(" ");
  throw new Error(
    'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks ' +
      `of the following types: [${kinds}]`,
  );
}

function keyOf(blocks: readonly PemBlock[]): PemBlock {
  const key = blocks.find(({ type }) => /(?:^| )PRIVATE KEY$/.test(type));
  if (key !== undefined) return key;
  if (blocks.length === 0) throw new Error("tls: failed to find any PEM data in key input");
  if (blocks.length === 1 && blocks[0]?.type === "CERTIFICATE") {
    throw new Error("tls: found a certificate rather than a key in the PEM for the private key");
  }
  const kinds = blocks.map(({ type }) => type).join(" ");
  throw new Error(
    'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping ' +
      `PEM blocks of the following types: [${kinds}]`,
  );
}

function parseCertificate(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new Error("x509: malformed certificate");
  }
}

/** PKCS #1, PKCS #8 and SEC 1; nobody could type the password of an encrypted one. */
function parseKey({ type, text }: PemBlock): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    const isEncrypted = type.startsWith("ENCRYPTED") || text.includes("4,ENCRYPTED");
    throw new Error(`tls: failed to parse private key${isEncrypted ? ": it is encrypted" : ""}`);
  }
}

function isCertificate({ type, text }: PemBlock): boolean {
  if (type !== "CERTIFICATE") return false;
  try {
    parseCertificate(text);
    return true;
  } catch {
    return false;
  }
}
