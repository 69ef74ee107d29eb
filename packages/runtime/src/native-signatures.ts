// Ed25519 by libsodium: half the time of Node's own check, and a login with an nkey or a token is
// little else. Every thread that looks at logins or tokens; loaded at the first signature. It also
// signs what control asks callouts.
// What must stay true: both checks agree on every signature that a signer can make; where the
// library has no build for a platform, Node's own functions do the work.
import { createRequire } from "node:module";
import { checkSignaturesBy, type Ed25519Check } from "@weft/auth";

interface Sodium {
  readonly crypto_sign_verify_detached: Ed25519Check;
  crypto_sign_detached(signature: Buffer, message: Uint8Array, secret: Buffer): void;
}

const SIGNATURE_BYTES = 64;

function loadSodium(): Sodium | undefined {
  try {
    return createRequire(import.meta.url)("sodium-native") as Sodium;
  } catch {
    return undefined;
  }
}

/** Undefined where the library cannot be loaded. */
export function loadNativeCheck(): Ed25519Check | undefined {
  return loadSodium()?.crypto_sign_verify_detached;
}

/**
 * Signs by the library as the owner of this key pair; undefined where it cannot be loaded.
 * `seed` and `publicKey` are the 32 raw bytes of each.
 */
export function loadNativeSigner(
  seed: Uint8Array,
  publicKey: Uint8Array,
): ((message: Uint8Array) => Uint8Array) | undefined {
  const sodium = loadSodium();
  if (sodium === undefined) return undefined;
  // The form in which the library wants a secret key: the seed, and the public half behind it.
  const secret = Buffer.concat([seed, publicKey]);
  return (message) => {
    const signature = Buffer.alloc(SIGNATURE_BYTES);
    sodium.crypto_sign_detached(signature, message, secret);
    return signature;
  };
}

/** From now on this thread checks signatures by libsodium, where that is to be had. */
export function useNativeSignatures(): void {
  checkSignaturesBy(loadNativeCheck);
}
