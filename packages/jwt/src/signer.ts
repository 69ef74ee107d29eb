// Who signs tokens: an ed25519 key from its seed, or somebody far away that is given as an
// interface. Any thread; pure. A signer holds a secret and never shows it.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { decodeSeed, encodePublic, type KeyKind } from "@weft/auth";

/** Signs in the name of a public key. */
export interface Signer {
  readonly publicKey: string;
  /** The 64 bytes of the signature over `bytes`. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** DER in front of the 32 bytes of an ed25519 secret (RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_KEY_BYTES = 32;

class SeedSigner implements Signer {
  readonly publicKey: string;
  readonly #key: KeyObject;

  constructor(kind: KeyKind, secret: Uint8Array) {
    const der = Buffer.concat([PKCS8_PREFIX, secret]);
    this.#key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    der.fill(0);
    const spki = createPublicKey(this.#key).export({ format: "der", type: "spki" });
    this.publicKey = encodePublic(kind, spki.subarray(-PUBLIC_KEY_BYTES));
  }

  sign(bytes: Uint8Array): Uint8Array {
    return sign(null, bytes, this.#key);
  }
}

/** The signer of a seed; undefined if the text is none, or is one of a curve key (`SX`). */
export function signerFromSeed(seed: string): Signer | undefined {
  const decoded = decodeSeed(seed);
  if (!decoded.ok || decoded.kind === "curve") return undefined;
  return new SeedSigner(decoded.kind, decoded.raw);
}
