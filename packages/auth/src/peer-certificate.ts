// What is shown of a client's certificate: on `/connz` and in events (MO-20, GP-13). Any thread; pure.
import { createHash, X509Certificate } from "node:crypto";
import type { PeerCertificateLabels } from "@weft/base";

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
