// What resolvers are told of account tokens: times apart from the rest, and in the reference's words.
import { SignatureVerifier } from "@weft/auth";
import {
  type AccountBody,
  encodeClaims,
  newAccountClaims,
  newUserClaims,
  trustKeys,
} from "@weft/jwt";
import { expect, test } from "vitest";
import { testSigner } from "./testing/test-signer.ts";
import { TokenReader } from "./token-reader.ts";

const [OPERATOR, STRANGER] = [testSigner("operator", 1), testSigner("operator", 2)];
const ACCOUNT = testSigner("account", 1);
const SECONDS = 1_800_000_000;
const NOW_MS = SECONDS * 1_000;
const reader = new TokenReader(trustKeys([OPERATOR.publicKey]), new Set(), new SignatureVerifier());

interface Times {
  readonly expiresAtSeconds?: number;
  readonly notBeforeSeconds?: number;
}

function token(times: Times = {}, body: Partial<AccountBody> = {}, signer = OPERATOR): string {
  const fresh = newAccountClaims(ACCOUNT.publicKey);
  const claims = { ...fresh, ...times, nats: { ...fresh.nats, ...body } };
  const made = encodeClaims(claims, signer, SECONDS - 60);
  if (!made.ok) throw new Error(made.error.message);
  return made.token;
}

test("AC-87: a token that is not good yet, or not any more, is told from one that never is", () => {
  const at = (times: Times) => reader.verifyAccountJwt(token(times), NOW_MS);
  expect(at({})).toMatchObject({ ok: true, timeFault: undefined });
  expect(at({ expiresAtSeconds: SECONDS - 1 })).toMatchObject({
    ok: true,
    timeFault: "claim is expired",
  });
  expect(at({ notBeforeSeconds: SECONDS + 1 })).toMatchObject({
    ok: true,
    timeFault: "claim is not yet valid",
  });
});

test("AC-87: line ends behind a token are not kept", () => {
  const text = token();
  expect(reader.verifyAccountJwt(`${text}\r\n`, NOW_MS)).toMatchObject({ ok: true, text });
  expect(reader.readSigned(`${text}\n`)).toMatchObject({ ok: true, text });
});

test("AC-88: all that is wrong with claims stands in brackets, without times and warnings", () => {
  const body = {
    infoUrl: "foo",
    clusterTraffic: "bar",
    signingKeys: new Map([["baz", undefined]]),
  };
  expect(reader.verifyAccountJwt(token({ expiresAtSeconds: 1 }, body), NOW_MS)).toMatchObject({
    ok: false,
    fault: "invalid",
    error:
      'validation errors: ["baz" is not a valid account signing key ' +
      "error parsing info url: no hostname or scheme " +
      'unknown cluster traffic option: "bar"]',
  });
  const user = encodeClaims(newUserClaims(testSigner("user", 1).publicKey), ACCOUNT, SECONDS);
  expect(reader.verifyAccountJwt(user.ok ? user.token : "", NOW_MS)).toMatchObject({
    ok: false,
    error: "not account claim",
  });
});

test("AC-88: whether it is older is asked behind the signatures, and before the claims are checked", () => {
  const asked: unknown[] = [];
  const isOlder = (...about: unknown[]): boolean => asked.push(about) > 0;
  const wrong = { clusterTraffic: "bar" };
  expect(reader.verifyAccountJwt(token({}, wrong), NOW_MS, isOlder)).toMatchObject({
    fault: "older",
    subject: ACCOUNT.publicKey,
  });
  const strange = token({}, wrong, STRANGER);
  expect(reader.verifyAccountJwt(strange, NOW_MS, isOlder)).toMatchObject({ fault: "untrusted" });
  expect(asked).toEqual([[ACCOUNT.publicKey, SECONDS - 60]]);
});
