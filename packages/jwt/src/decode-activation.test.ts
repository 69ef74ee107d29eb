// Activation tokens that are looked at again and again: what each look costs, and what is remembered.
import { type SignatureVerdict, SignatureVerifier } from "@weft/auth";
import { expect, test } from "vitest";
import { newAccountClaims, newActivationClaims, newImport } from "./claims/new-claims.ts";
import { decodeActivation } from "./decode-activation.ts";
import { encodeClaims } from "./encode.ts";
import { testKey } from "./testing/test-keys.ts";
import { judgeActivation } from "./trust/activation.ts";
import type { TrustedAccount } from "./trust/trusted-account.ts";
import { validateClaims } from "./validate/validate.ts";

const [EXPORTER, IMPORTER] = [testKey("account", 1), testKey("account", 2)];
const SECONDS = 1_800_000_000;

class CountingVerifier extends SignatureVerifier {
  count = 0;

  override verify(...call: Parameters<SignatureVerifier["verify"]>): SignatureVerdict {
    this.count += 1;
    return super.verify(...call);
  }
}

function activation(subject: string, expiresAtSeconds = 0): string {
  const fresh = newActivationClaims(IMPORTER.publicKey);
  const nats = { ...fresh.nats, importSubject: subject, importType: "stream" as const };
  const made = encodeClaims({ ...fresh, expiresAtSeconds, nats }, EXPORTER, SECONDS);
  if (!made.ok) throw new Error(made.error.message);
  return made.token;
}

test("AC-52: one signature for all looks at an account, and its times count at each", () => {
  const verifier = new CountingVerifier();
  const exporter: TrustedAccount = {
    key: EXPORTER.publicKey,
    claims: newAccountClaims(EXPORTER.publicKey),
    signers: new Map(),
    findings: [],
  };
  const token = activation("a", SECONDS + 10);
  const look = (seconds: number): boolean => {
    // Read anew, as from another token of the account.
    const claim = { ...newImport("stream", "a", EXPORTER.publicKey), token };
    const fresh = newAccountClaims(IMPORTER.publicKey);
    const claims = { ...fresh, nats: { ...fresh.nats, imports: [claim] } };
    expect(validateClaims(claims, seconds, verifier)).toEqual([]);
    const { publicKey } = IMPORTER;
    const nowMs = seconds * 1_000;
    return judgeActivation(claim, publicKey, exporter, new Map(), nowMs, verifier).ok;
  };
  expect([look(SECONDS), look(SECONDS + 9), look(SECONDS + 10)]).toEqual([true, true, false]);
  expect(verifier.count).toBe(1);
  expect(decodeActivation(token, new CountingVerifier()).ok).toBe(true);
});

test("AC-52: another text is another token, and a bad one stays bad", () => {
  const verifier = new CountingVerifier();
  const token = activation("b");
  const [head, body] = token.split(".") as [string, string];
  const forged = `${head}.${body}.${activation("c").split(".")[2]}`;
  for (let at = 0; at < 3; at += 1) {
    expect(decodeActivation(token, verifier).ok).toBe(true);
    expect(decodeActivation(forged, verifier).ok).toBe(false);
  }
  expect(verifier.count).toBe(2);
});

test("AC-52: what is remembered is bounded: what was not used for longest goes", () => {
  const verifier = new CountingVerifier();
  const first = "x.y.0";
  const good = activation("d");
  decodeActivation(good, verifier);
  decodeActivation(first, verifier);
  for (let at = 1; at < 4_096; at += 1) decodeActivation(`x.y.${at}`, verifier);
  expect(verifier.count).toBe(1);
  decodeActivation(good, verifier);
  expect(verifier.count).toBe(2);
  for (let at = 1; at < 4_096; at += 1) decodeActivation(`x.z.${at}`, verifier);
  decodeActivation(good, verifier);
  expect(verifier.count).toBe(2);
});
