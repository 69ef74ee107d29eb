// Keys and signatures against nkeys.js, which others wrote (AN-08).
import { createUser, fromSeed } from "nkeys.js";
import { describe, expect, it } from "vitest";
import { decodePublicKey, decodeSeed, encodePublic, isPublicKey } from "./key.ts";
import { SignatureVerifier } from "./signature.ts";

describe("nkeys against nkeys.js", () => {
  it("AN-08 reads the public keys and seeds that nkeys.js makes, and writes them alike", () => {
    for (let round = 0; round < 20; round += 1) {
      const pair = createUser();
      const text = pair.getPublicKey();
      const decoded = decodePublicKey(text);
      expect("raw" in decoded && encodePublic("user", decoded.raw)).toBe(text);
      expect(isPublicKey(text, "user")).toBe(true);
      const seed = Buffer.from(pair.getSeed()).toString("latin1");
      expect(decodeSeed(seed)).toMatchObject({ kind: "user" });
      expect(fromSeed(pair.getSeed()).getPublicKey()).toBe(text);
    }
  });

  it("AN-08 verifies signatures of nkeys.js, and refuses one over another nonce", () => {
    const verifier = new SignatureVerifier();
    const pair = createUser();
    const nonce = Buffer.from("q1w2e3r4t5y6u7i");
    const signature = Buffer.from(pair.sign(nonce));
    const other = Buffer.from(pair.sign(Buffer.from("another nonce..")));
    expect(verifier.verify(pair.getPublicKey(), nonce, signature)).toBe("valid");
    expect(verifier.verify(pair.getPublicKey(), nonce, other)).not.toBe("valid");
  });
});
