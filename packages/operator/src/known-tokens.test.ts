// Tokens that come again: read once, told apart by every character, bounded in number.
import { type SignatureVerdict, SignatureVerifier } from "@weft/auth";
import { encodeClaims, newAccountClaims, newUserClaims, type Signer } from "@weft/jwt";
import { describe, expect, test } from "vitest";
import { KnownTokens } from "./known-tokens.ts";
import { plainSigner } from "./testing/random-imports.ts";
import { testSigner } from "./testing/test-signer.ts";

class CountingVerifier extends SignatureVerifier {
  checked = 0;
  override verify(key: string, message: Uint8Array, signature: Uint8Array): SignatureVerdict {
    this.checked += 1;
    return super.verify(key, message, signature);
  }
}

const [ACCOUNT, USER] = [testSigner("account", 1), testSigner("user", 1)];

function userToken(name: string, signer: Signer = ACCOUNT): string {
  const made = encodeClaims({ ...newUserClaims(USER.publicKey), name }, signer, 1_700_000_000);
  if (!made.ok) throw new Error(made.error.message);
  return made.token;
}

describe("AN-44: tokens that come again", () => {
  test("are checked once, and read alike", () => {
    const verifier = new CountingVerifier();
    const known = new KnownTokens(verifier);
    const token = userToken("ann");
    const first = known.decode(token);
    expect(first.ok && first.claims.name).toBe("ann");
    expect(known.decode(token)).toBe(first);
    expect(verifier.checked).toBe(1);
  });

  test("attack 22: every other text is checked, and what is bad is never known", () => {
    const verifier = new CountingVerifier();
    const known = new KnownTokens(verifier);
    const token = userToken("ann");
    known.decode(token);
    for (let at = 0; at < token.length; at += 7) {
      const other = token[at] === "A" ? "B" : "A";
      expect(known.decode(token.slice(0, at) + other + token.slice(at + 1)).ok).toBe(false);
    }
    expect(known.decode(userToken("ann", plainSigner("account", 1))).ok).toBe(false);
    const account = encodeClaims(newAccountClaims(ACCOUNT.publicKey), ACCOUNT, 1_700_000_000);
    expect(account.ok && known.decode(account.token).ok).toBe(false);
    expect(known.count).toBe(1);
  });

  test("are bounded: those that nobody used for longest go, long ones are not kept", () => {
    const verifier = new CountingVerifier();
    const known = new KnownTokens(verifier);
    const first = userToken("first");
    for (let round = 0; round < 1_100; round += 1) {
      known.decode(userToken(`user ${round}`));
      known.decode(first);
    }
    expect(known.count).toBe(1_024);
    expect(verifier.checked).toBe(1_101);
    known.decode(userToken("x".repeat(4_096)));
    expect(known.count).toBe(1_024);
    known.decode(userToken("user 0"));
    expect(verifier.checked).toBe(1_103);
  });
});
