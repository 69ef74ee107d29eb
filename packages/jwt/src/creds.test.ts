// Creds files: both line ends, odd files, and that no error shows what is in them.
import { encodeSeed, type KeyKind } from "@weft/auth";
import { describe, expect, test } from "vitest";
import { newUserClaims } from "./claims/new-claims.ts";
import {
  decorateSeed,
  decorateToken,
  formatCreds,
  parseCreds,
  parseDecoratedSeed,
  parseDecoratedToken,
} from "./creds.ts";
import { signerFromSeed } from "./signer.ts";
import { tokenOf, verifier } from "./testing/reading.ts";
import { testKey } from "./testing/test-keys.ts";

const USER = testKey("user", 1);
const TOKEN = tokenOf(newUserClaims(USER.publicKey), testKey("account", 1), 1_795_000_000);

function creds(): string {
  const made = formatCreds(TOKEN, USER.seed, verifier);
  if (!made.ok) throw new Error(made.error);
  return made.value;
}

describe("creds", () => {
  test("both parts come back, with either line end", () => {
    for (const text of [creds(), creds().replaceAll("\n", "\r\n"), creds().trimEnd()]) {
      expect(parseCreds(text)).toEqual({ ok: true, value: { token: TOKEN, seed: USER.seed } });
      expect(parseDecoratedToken(text)).toEqual({ ok: true, value: TOKEN });
      expect(parseDecoratedSeed(text)).toEqual({ ok: true, value: USER.seed });
    }
  });

  test("a bare token or seed counts as a file too", () => {
    expect(parseDecoratedToken(`${TOKEN}\n`)).toEqual({ ok: true, value: TOKEN });
    expect(parseDecoratedSeed(`# key\n  ${USER.seed}\r\n`)).toEqual({ ok: true, value: USER.seed });
    const decorated = decorateSeed(USER.seed);
    expect(decorated.ok && parseDecoratedSeed(decorated.value)).toMatchObject({ value: USER.seed });
    const token = decorateToken(TOKEN, verifier);
    expect(token.ok && parseDecoratedToken(token.value)).toMatchObject({ value: TOKEN });
  });

  test("the seed must be the user's", () => {
    expect(formatCreds(TOKEN, testKey("user", 2).seed, verifier)).toMatchObject({
      error: "nkey seed does not match the jwt subject",
    });
    expect(formatCreds(TOKEN, testKey("account", 1).seed, verifier)).toMatchObject({
      error: "nkey seed is not an user seed",
    });
  });

  test("GP-12: errors show nothing of the file", () => {
    const broken = creds().replace(USER.seed, `${USER.seed.slice(0, -1)}A`);
    for (const text of [
      "",
      "x",
      broken,
      creds().slice(0, 200),
      `${TOKEN}\n${USER.seed.slice(1)}`,
    ]) {
      for (const result of [parseCreds(text), parseDecoratedSeed(text)]) {
        if (result.ok) continue;
        expect(result.error).not.toContain(USER.seed.slice(2, 20));
        expect(result.error).not.toContain(TOKEN.slice(0, 20));
      }
    }
    expect(parseCreds(broken)).toEqual({ ok: false, error: "the seed is not valid" });
  });

  test("hostile files end soon", () => {
    const started = performance.now();
    for (const text of [
      "-".repeat(2_000_000),
      "---\n".repeat(400_000),
      "-----x-----\n".repeat(150_000),
    ]) {
      parseCreds(text);
      parseDecoratedSeed(text);
    }
    expect(parseCreds("x".repeat(3_000_000))).toMatchObject({ error: "the file is too large" });
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("seeds", () => {
  test("SA-36: of every kind that signs; curve keys do not", () => {
    const kinds: Record<string, KeyKind> = {
      SO: "operator",
      SA: "account",
      SU: "user",
      SN: "server",
      SC: "cluster",
    };
    for (const [start, kind] of Object.entries(kinds)) {
      const seed = encodeSeed(kind, Buffer.alloc(32, 7));
      expect(seed.slice(0, 2)).toBe(start);
      const signer = signerFromSeed(seed);
      const bytes = Buffer.from("x");
      const signature = signer?.sign(bytes) ?? Buffer.alloc(0);
      expect(verifier.verify(signer?.publicKey ?? "", bytes, signature)).toBe("valid");
      expect(parseDecoratedSeed(seed)).toMatchObject({ ok: true });
    }
    expect(signerFromSeed(encodeSeed("curve", Buffer.alloc(32, 7)))).toBeUndefined();
    expect(signerFromSeed("SUA")).toBeUndefined();
    expect(JSON.stringify(signerFromSeed(USER.seed))).toBe(
      JSON.stringify({ publicKey: USER.publicKey }),
    );
  });
});
