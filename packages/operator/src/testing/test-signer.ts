// Test support: key pairs by number, always the same.
import { createHash } from "node:crypto";
import { encodeSeed, type KeyKind } from "@weft/auth";
import { type Signer, signerFromSeed } from "@weft/jwt";

export function testSigner(kind: KeyKind, number: number): Signer {
  const raw = createHash("sha256").update(`operator test ${kind} ${number}`).digest();
  return signerFromSeed(encodeSeed(kind, raw)) as Signer;
}
