// Whether live connections may stay when the pinned certificates change (TL-13). Worker threads.
import type { TlsFacts } from "@weft/base";

/** Says of a connection whether its certificate is among `pinnedKeys`; undefined = all may stay. */
export function pinnedCheck(
  pinnedKeys: readonly string[],
): ((tls: TlsFacts) => boolean) | undefined {
  if (pinnedKeys.length === 0) return undefined;
  return ({ peerCertificate }) =>
    peerCertificate !== undefined && pinnedKeys.includes(keyDigest(peerCertificate));
}

/** Hexadecimal SHA-256 of the public key of a certificate in DER. */
function keyDigest(certificate: Uint8Array): string {
  const { createHash, X509Certificate } = process.getBuiltinModule("node:crypto");
  const { publicKey } = new X509Certificate(certificate);
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}
