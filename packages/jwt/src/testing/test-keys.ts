// Test support: key pairs by number, always the same. Never used outside of tests.
import { createHash } from "node:crypto";
import { encodeSeed, type KeyKind } from "@weft/auth";
import { type Signer, signerFromSeed } from "../signer.ts";

/** A signer with its seed. */
export interface TestKey extends Signer {
  readonly seed: string;
}

const known = new Map<string, TestKey>();

/** The key pair of a kind with a number. */
export function testKey(kind: KeyKind, number: number): TestKey {
  const name = `${kind}-${number}`;
  let key = known.get(name);
  if (key === undefined) {
    const seed = encodeSeed(kind, createHash("sha256").update(`test key ${name}`).digest());
    const signer = signerFromSeed(seed);
    if (signer === undefined) throw new Error("no signer");
    key = { publicKey: signer.publicKey, sign: (bytes) => signer.sign(bytes), seed };
    known.set(name, key);
  }
  return key;
}

/** The public key of a pair. */
export function publicKey(kind: KeyKind, number: number): string {
  if (kind !== "curve") return testKey(kind, number).publicKey;
  return "XBRUXJPGGAE5UGJULCVSV5P6JDUBVJOGVQMOJYZRNBIZIUEQCCNVM3WI";
}
