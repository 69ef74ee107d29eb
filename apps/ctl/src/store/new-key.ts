// New keys. The only place of the program that draws randomness for them.
import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import { decodeSeed, encodePublic, encodeSeed, type KeyKind } from "@weft/auth";
import { signerFromSeed } from "@weft/jwt";
import { Failure } from "../command-line/failure.ts";

export interface SeedAndKey {
  readonly publicKey: string;
  /** A secret. */
  readonly seed: string;
}

const SEED_BYTES = 32;
const KEY_BYTES = 32;
/** DER in front of the 32 bytes of an x25519 secret (RFC 8410). */
const X25519_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");

export function newKey(kind: KeyKind): SeedAndKey {
  const seed = encodeSeed(kind, randomBytes(SEED_BYTES));
  const publicKey = publicKeyOf(seed);
  if (publicKey === undefined) throw new Error("a new seed is not valid");
  return { publicKey, seed };
}

/** The public key of a seed of any kind; undefined if the text is none. */
export function publicKeyOf(seed: string): string | undefined {
  const decoded = decodeSeed(seed);
  if (!decoded.ok) return undefined;
  return decoded.kind === "curve" ? curveKeyOf(decoded.raw) : signerFromSeed(seed)?.publicKey;
}

function curveKeyOf(secret: Uint8Array): string {
  const der = Buffer.concat([X25519_PREFIX, secret]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  der.fill(0);
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return encodePublic("curve", spki.subarray(-KEY_BYTES));
}

/** A seed of the wanted kind, or a refusal that does not show it. */
export function checkSeed(seed: string, kind: KeyKind, place: string): SeedAndKey {
  const decoded = decodeSeed(seed);
  const publicKey = publicKeyOf(seed);
  if (!decoded.ok || publicKey === undefined) throw new Failure(`${place} holds no valid seed`);
  if (decoded.kind !== kind) throw new Failure(`${place}: a key of kind ${kind} is wanted`);
  return { publicKey, seed };
}
