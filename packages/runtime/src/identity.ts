// Who the server is: a fresh key pair per start, whose public key is its id (CP-02), and a curve
// key for what is sealed to it (CP-03). Control thread. Must stay true: the secret halves stay here;
// what has them does not show them.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encodePublic } from "@weft/auth";
import { loadNativeSigner } from "./native-signatures.ts";

export interface ServerKeys {
  /** `N...`, 56 characters. */
  readonly id: string;
  /** `X...`. */
  readonly curveId: string;
  /** Signs as `id`. */
  sign(bytes: Uint8Array): Uint8Array;
  /** The 32 secret bytes behind `curveId`. */
  curveSecret(): Uint8Array;
}

export function createServerKeys(): ServerKeys {
  const signing = generateKeyPairSync("ed25519");
  const curve = generateKeyPairSync("x25519");
  return {
    id: encodePublic("server", rawKey(signing.publicKey, "x")),
    curveId: encodePublic("curve", rawKey(curve.publicKey, "x")),
    sign: signerOf(signing.privateKey, signing.publicKey),
    curveSecret: () => rawKey(curve.privateKey, "d"),
  };
}

/** The library is loaded at the first signature: a server that signs nothing starts without it. */
function signerOf(secret: KeyObject, shown: KeyObject): ServerKeys["sign"] {
  let bySigner: ServerKeys["sign"] | undefined;
  return (bytes) => {
    bySigner ??=
      loadNativeSigner(rawKey(secret, "d"), rawKey(shown, "x")) ??
      ((message) => sign(null, message, secret));
    return bySigner(bytes);
  };
}

function rawKey(key: KeyObject, member: "x" | "d"): Uint8Array {
  return Buffer.from(key.export({ format: "jwk" })[member] ?? "", "base64url");
}
