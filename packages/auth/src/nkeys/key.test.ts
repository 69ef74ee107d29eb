// Keys: known pairs, round trips, and every way in which a text can fail to be a key.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { decodeBase32, encodeBase32 } from "./base32.ts";
import { crc16 } from "./crc16.ts";
import {
  decodePublicKey,
  decodeSeed,
  encodePublic,
  encodeSeed,
  isPublicKey,
  type KeyKind,
} from "./key.ts";

/** A published pair of a user's seed and public key. */
const SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const PUBLIC = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

function publicOfSecret(secret: Uint8Array): Uint8Array {
  const der = Buffer.concat([PKCS8_PREFIX, secret]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}

function randomBytes(prng: { nextUint32(): number }, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => prng.nextUint32() & 0xff);
}

describe("base32", () => {
  test("RFC 4648 vectors without padding", () => {
    const vectors = ["", "MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"];
    for (const [length, text] of vectors.entries()) {
      const bytes = Buffer.from("foobar".slice(0, length));
      expect(encodeBase32(bytes)).toBe(text);
      expect(Buffer.from(decodeBase32(text) as Uint8Array)).toEqual(bytes);
    }
  });

  test("attack 22: only the canonical text decodes", () => {
    for (const text of [
      "MZ",
      "MZXR",
      "mzxw6",
      "MZXW6===",
      "M",
      "MZX",
      "MZXW6Y",
      "MZ1W",
      "M\u{1F600}",
    ]) {
      expect(decodeBase32(text), text).toBeUndefined();
    }
  });

  test("round trip of random bytes", () => {
    const prng = createPrng(7);
    for (let round = 0; round < 300; round += 1) {
      const bytes = randomBytes(prng, prng.below(70));
      expect(decodeBase32(encodeBase32(bytes))).toEqual(bytes);
    }
  });
});

describe("keys", () => {
  test("CRC-16/XMODEM check value", () => {
    expect(crc16(Buffer.from("123456789"), 0, 9)).toBe(0x31c3);
  });

  test("AN-08: a published seed and its public key", () => {
    const seed = decodeSeed(SEED);
    if (!seed.ok) throw new Error(seed.error);
    expect(seed.kind).toBe("user");
    expect(encodeSeed("user", seed.raw)).toBe(SEED);
    expect(encodePublic("user", publicOfSecret(seed.raw))).toBe(PUBLIC);
    expect(decodePublicKey(PUBLIC)).toMatchObject({ ok: true, kind: "user" });
  });

  test("CP-02: each kind has its letter and its length", () => {
    const letters: Record<KeyKind, string> = {
      account: "A",
      cluster: "C",
      server: "N",
      operator: "O",
      user: "U",
      curve: "X",
    };
    const raw = publicOfSecret(new Uint8Array(32).fill(9));
    for (const [kind, letter] of Object.entries(letters) as [KeyKind, string][]) {
      const text = encodePublic(kind, raw);
      expect(text).toHaveLength(56);
      expect(text[0]).toBe(letter);
      expect(decodePublicKey(text)).toEqual({ ok: true, kind, raw: Uint8Array.from(raw) });
      expect(encodeSeed(kind, raw).slice(0, 2)).toBe(`S${letter}`);
      expect(decodeSeed(encodeSeed(kind, raw))).toMatchObject({ ok: true, kind });
      expect(isPublicKey(text, "user")).toBe(kind === "user");
    }
  });

  test("attack 22, 2026-23: wrong texts have a reason and never throw", () => {
    const reasonOf = (text: string): string => {
      const key = decodePublicKey(text);
      return key.ok ? "ok" : key.error;
    };
    expect(reasonOf("")).toBe("length");
    expect(reasonOf(PUBLIC.slice(0, 55))).toBe("length");
    expect(reasonOf(`${PUBLIC}A`)).toBe("length");
    expect(reasonOf(`${PUBLIC.slice(0, 48)}========`)).toBe("encoding");
    expect(reasonOf(PUBLIC.toLowerCase())).toBe("encoding");
    expect(reasonOf(`${PUBLIC.slice(0, 55)}5`)).toBe("checksum");
    expect(reasonOf(`A${PUBLIC.slice(1)}`)).toBe("checksum");
    const unknown = new Uint8Array(35);
    unknown[0] = 25 << 3;
    const crc = crc16(unknown, 0, 33);
    unknown.set([crc & 0xff, crc >>> 8], 33);
    expect(reasonOf(encodeBase32(unknown))).toBe("prefix");
    expect(decodeSeed(PUBLIC)).toEqual({ ok: false, error: "length" });
  });

  test("one changed character never decodes", () => {
    const prng = createPrng(3);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (let at = 0; at < PUBLIC.length; at += 1) {
      const other = alphabet[prng.below(32)] as string;
      if (other === PUBLIC[at]) continue;
      expect(decodePublicKey(PUBLIC.slice(0, at) + other + PUBLIC.slice(at + 1)).ok).toBe(false);
    }
  });
});
