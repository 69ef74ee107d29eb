// Ed25519 by libsodium: half the time of Node's own check, and a login with an nkey or a token is
// little else. Every thread that looks at logins or tokens; loaded at the first signature.
// What must stay true: both checks agree on every signature that a signer can make; where the
// library has no build for a platform, Node's check does the work.
import { createRequire } from "node:module";
import { checkSignaturesBy, type Ed25519Check } from "@weft/auth";

interface Sodium {
  readonly crypto_sign_verify_detached: Ed25519Check;
}

/** Undefined where the library cannot be loaded. */
export function loadNativeCheck(): Ed25519Check | undefined {
  try {
    const sodium = createRequire(import.meta.url)("sodium-native") as Sodium;
    return sodium.crypto_sign_verify_detached;
  } catch {
    return undefined;
  }
}

/** From now on this thread checks signatures by libsodium, where that is to be had. */
export function useNativeSignatures(): void {
  checkSignaturesBy(loadNativeCheck);
}
