// What is shown of a client's certificate: on `/connz` and in events (MO-20, GP-13). Any thread; pure.
import { createHash, X509Certificate } from "node:crypto";

/** Fields of the reference's `tls_peer_certs`; hashes in hexadecimal. */
export interface PeerCertificateLabels {
  readonly subject: string | undefined;
  readonly spki_sha256: string;
  readonly cert_sha256: string;
}

/** `certificate` is DER; `subject` "" = it has none. */
export function peerCertificateLabels(
  certificate: Uint8Array,
  subject: string,
): PeerCertificateLabels {
  const key = new X509Certificate(certificate).publicKey;
  return {
    subject: subject || undefined,
    spki_sha256: sha256Hex(key.export({ type: "spki", format: "der" })),
    cert_sha256: sha256Hex(certificate),
  };
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
