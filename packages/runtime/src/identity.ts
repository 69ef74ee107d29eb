// Who the server is: a fresh key pair per start, whose public key is its id (CP-02), and a curve
// key for what is sealed to it (CP-03). Control thread.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { encodePublic } from "@weft/auth";

export interface ServerKeys {
  /** `N...`, 56 characters. */
  readonly id: string;
  /** `X...`. */
  readonly curveId: string;
}

export function createServerKeys(): ServerKeys {
  return {
    id: encodePublic("server", rawPublicKey(generateKeyPairSync("ed25519").publicKey)),
    curveId: encodePublic("curve", rawPublicKey(generateKeyPairSync("x25519").publicKey)),
  };
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}
