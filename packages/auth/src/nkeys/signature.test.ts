// Signatures: RFC 8032 vectors, forged and malformed ones, and the text form of CONNECT.
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { encodePublic } from "./key.ts";
import { decodeSignature, SignatureVerifier } from "./signature.ts";

/** RFC 8032, section 7.1: public key, message, signature. */
const VECTORS = [
  [
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
] as const;

function createSigner(): { publicKey: string; sign(message: Uint8Array): Buffer } {
  const pair = generateKeyPairSync("ed25519");
  const raw = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return {
    publicKey: encodePublic("user", raw),
    sign: (message) => sign(null, message, pair.privateKey),
  };
}

describe("signatures", () => {
  test("AN-08: RFC 8032 vectors", () => {
    const verifier = new SignatureVerifier();
    for (const [raw, message, signature] of VECTORS) {
      const key = encodePublic("user", Buffer.from(raw, "hex"));
      const bytes = Buffer.from(signature, "hex");
      expect(verifier.verify(key, Buffer.from(message, "hex"), bytes)).toBe("valid");
      bytes[5] = (bytes[5] as number) ^ 1;
      expect(verifier.verify(key, Buffer.from(message, "hex"), bytes)).toBe("invalid");
    }
  });

  test("AN-09: another connection's nonce fails", () => {
    const signer = createSigner();
    const verifier = new SignatureVerifier();
    const signature = signer.sign(Buffer.from("nonce-1"));
    expect(verifier.verify(signer.publicKey, Buffer.from("nonce-1"), signature)).toBe("valid");
    expect(verifier.verify(signer.publicKey, Buffer.from("nonce-2"), signature)).toBe("invalid");
    expect(verifier.verify(createSigner().publicKey, Buffer.from("nonce-1"), signature)).toBe(
      "invalid",
    );
  });

  test("attack 26, 2026-23: odd lengths and bad keys are verdicts", () => {
    const signer = createSigner();
    const verifier = new SignatureVerifier();
    const message = Buffer.from("nonce");
    for (const length of [0, 1, 32, 63, 65, 4096]) {
      expect(verifier.verify(signer.publicKey, message, new Uint8Array(length))).toBe("length");
    }
    const signature = signer.sign(message);
    const truncated = signer.publicKey.slice(0, 20);
    expect(verifier.verify(truncated, message, signature)).toBe("key-length");
    expect(verifier.verify("U".repeat(56), message, signature)).toBe("key-checksum");
    expect(verifier.verify(encodePublic("curve", new Uint8Array(32)), message, signature)).toBe(
      "kind",
    );
    // No point of the curve: refused by the crypto library, still no exception.
    const noPoint = encodePublic("user", new Uint8Array(32).fill(0xff));
    expect(verifier.verify(noPoint, message, signature)).toBe("invalid");
  });

  test("more keys than are kept still verify", () => {
    const verifier = new SignatureVerifier();
    const message = Buffer.from("nonce");
    const signers = Array.from({ length: 300 }, createSigner);
    for (const round of [0, 1]) {
      for (const signer of signers.slice(round * 100)) {
        expect(verifier.verify(signer.publicKey, message, signer.sign(message))).toBe("valid");
      }
    }
  });

  test("AN-08: base64url without padding, standard base64 tolerated", () => {
    const bytes = Buffer.alloc(64, 0xfb);
    expect(decodeSignature(bytes.toString("base64url"))).toEqual(bytes);
    expect(decodeSignature(bytes.toString("base64"))).toEqual(bytes);
    const mixed = `-${bytes.toString("base64").slice(1)}`;
    for (const text of ["", "a", "a=b", "é".repeat(86), "a".repeat(89), "+/+/+", mixed]) {
      expect(decodeSignature(text), text).toBeUndefined();
    }
    expect(decodeSignature("_-8")).toHaveLength(2);
  });
});
