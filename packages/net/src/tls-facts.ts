// What a session is told about its peer's TLS. Worker threads; no state.
import type { X509Certificate } from "node:crypto";
import type { PeerCertificate, TLSSocket } from "node:tls";
import type { TlsFacts } from "@weft/base";

/** Names that the reference prints in capitals in a distinguished name (AN-31). */
const CAPITAL_NAMES = new Map([
  ["serialNumber", "SERIALNUMBER"],
  ["street", "STREET"],
  ["postalCode", "POSTALCODE"],
]);

/** Facts of a finished handshake; a certificate is listed only if it was verified. */
export function tlsFacts(secure: TLSSocket): TlsFacts {
  const version = secure.getProtocol() ?? "";
  const cipher = secure.getCipher()?.standardName ?? "";
  const certificate = secure.authorized ? secure.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return { version, cipher };
  return {
    version,
    cipher,
    peerCertificate: certificate.raw,
    peerSubject: distinguishedName(certificate.subject ?? ""),
    peerAltNames: alternativeNames(secure.getPeerCertificate().subjectaltname),
    peerIssuers: issuersOf(certificate),
  };
}

const CHAIN_MAX = 8;
const ISSUERS_KEPT_MAX = 64;
/** Thousands of clients have certificates of the same few issuers. */
const issuers = new Map<string, Uint8Array>();

function issuersOf(certificate: X509Certificate): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let { issuerCertificate: issuer } = certificate;
  for (; issuer !== undefined && chain.length < CHAIN_MAX; issuer = issuer.issuerCertificate) {
    const { fingerprint256 } = issuer;
    let kept = issuers.get(fingerprint256);
    if (kept === undefined) {
      if (issuers.size >= ISSUERS_KEPT_MAX) issuers.clear();
      kept = new Uint8Array(issuer.raw);
      issuers.set(fingerprint256, kept);
    }
    chain.push(kept);
    if (issuer.issuerCertificate?.fingerprint256 === fingerprint256) break;
  }
  return chain;
}

/** OpenSSL's one-RDN-per-line form to RFC 2253: last first, joined by commas. */
export function distinguishedName(lines: string): string {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(" + ").map(capitalName).join("+"))
    .reverse()
    .join(",");
}

function capitalName(attribute: string): string {
  const equals = attribute.indexOf("=");
  const name = attribute.slice(0, equals);
  return `${CAPITAL_NAMES.get(name) ?? name}${attribute.slice(equals)}`;
}

/** The order in which users are looked up by certificate (AN-31): email, DNS, URI, address. */
const NAME_KINDS = ["email:", "DNS:", "URI:", "IP Address:"];

/** Values of `subjectAltName` without their kinds, in the order of {@link NAME_KINDS}. */
export function alternativeNames(text: PeerCertificate["subjectaltname"]): readonly string[] {
  if (text === undefined) return [];
  const entries = splitNames(text);
  return NAME_KINDS.flatMap((kind) =>
    entries.filter((entry) => entry.startsWith(kind)).map((entry) => unquote(entry, kind.length)),
  );
}

/** DNS names among the alternative names. */
export function dnsNames(text: string | undefined): readonly string[] {
  const entries = text === undefined ? [] : splitNames(text);
  return entries.filter((entry) => entry.startsWith("DNS:")).map((entry) => unquote(entry, 4));
}

/** Node quotes values with separators in them as JSON strings: no comma inside quotes splits. */
function splitNames(text: string): string[] {
  return text.match(/[^,:]+:("(?:[^"\\]|\\.)*"|[^,]*)/g)?.map((entry) => entry.trim()) ?? [];
}

function unquote(entry: string, from: number): string {
  const value = entry.slice(from);
  return value.startsWith('"') ? (JSON.parse(value) as string) : value;
}
