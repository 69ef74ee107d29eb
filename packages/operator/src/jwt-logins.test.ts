// Users with tokens on a worker: what is left of a change of their account when it is over.
import { type Identity, type LoginFacts, SignatureVerifier } from "@weft/auth";
import {
  encodeClaims,
  newAccountClaims,
  newScopedUserClaims,
  newUserClaims,
  newUserScope,
  trustAccountToken,
} from "@weft/jwt";
import { describe, expect, test } from "vitest";
import { JwtLogins } from "./jwt-logins.ts";
import type { OperatorRules } from "./operator-rules.ts";
import { testSigner } from "./testing/test-signer.ts";

const NOW = 1_700_000_000;
const NOW_MS = NOW * 1_000;
const OPERATOR = testSigner("operator", 1);
const [ACCOUNT, SCOPED, USER] = [
  testSigner("account", 1),
  testSigner("account", 2),
  testSigner("user", 1),
];
const NONCE = Buffer.from("nonce");
const FACTS: LoginFacts = {
  nonce: NONCE,
  connectionType: "STANDARD",
  address: "127.0.0.1",
  tls: undefined,
  proxy: undefined,
};
const RULES: OperatorRules = {
  operators: { keys: new Set([OPERATOR.publicKey]), strictKeys: new Set() },
  pinnedAccounts: undefined,
  sentinel: undefined,
  oneMechanism: false,
  timeZone: "UTC",
};

/** The account with a template that allows one subject. */
function accountWith(subject: string) {
  const fresh = newAccountClaims(ACCOUNT.publicKey);
  const scope = newUserScope(SCOPED.publicKey);
  const template = { ...scope.template, publish: { allow: [subject], deny: undefined } };
  const signingKeys = new Map([[SCOPED.publicKey, { ...scope, template }]]);
  const claims = { ...fresh, nats: { ...fresh.nats, signingKeys } };
  const made = encodeClaims(claims, OPERATOR, NOW - 10);
  if (!made.ok) throw new Error(made.error.message);
  const verdict = trustAccountToken(
    ACCOUNT.publicKey,
    made.token,
    RULES.operators,
    NOW_MS,
    new SignatureVerifier(),
  );
  if (!verdict.ok) throw new Error(verdict.refusal.detail);
  return verdict.account;
}

function loggedIn(logins: JwtLogins): Identity {
  const claims = newScopedUserClaims(USER.publicKey, ACCOUNT.publicKey);
  const made = encodeClaims(claims, SCOPED, NOW - 5);
  if (!made.ok) throw new Error(made.error.message);
  const sig = Buffer.from(USER.sign(NONCE)).toString("base64url");
  const outcome = logins.begin({ jwt: made.token, sig }, FACTS);
  if (outcome.kind !== "granted") throw new Error(JSON.stringify(outcome));
  return outcome.identity;
}

test("AN-68, A57: a login costs the same however many users its account names as its service", () => {
  const logins = new JwtLogins(RULES, () => NOW_MS);
  const account = accountWith("x");
  const { length } = USER.publicKey;
  const authUsers = Array.from({ length: 12_000 }, (_, index) => `U${index}`.padEnd(length, "A"));
  const { nats } = account.claims;
  const authorization = { ...nats.authorization, authUsers };
  logins.know(
    [{ ...account, claims: { ...account.claims, nats: { ...nats, authorization } } }],
    [],
  );
  const fresh = newUserClaims(USER.publicKey);
  const bearer = { ...fresh, nats: { ...fresh.nats, bearerToken: true } };
  const made = encodeClaims(bearer, ACCOUNT, NOW - 5);
  if (!made.ok) throw new Error(made.error.message);
  const began = performance.now();
  for (let count = 0; count < 10_000; count += 1) {
    expect(logins.begin({ jwt: made.token }, FACTS)).toMatchObject({ wait: { kind: "callout" } });
  }
  // It was 8 s.
  expect(performance.now() - began).toBeLessThan(1_500);
});

describe("AN-53, AC-93: a template that changes", () => {
  test("ends who came by it, and with new rules nobody who came by the new one", () => {
    const logins = new JwtLogins(RULES, () => NOW_MS);
    logins.know([accountWith("x")], []);
    const before = loggedIn(logins);
    logins.know([accountWith("y")], []);
    expect(logins.knownEnd(before)).toMatchObject({ kind: "ended", why: "refused" });
    const after = loggedIn(logins);
    logins.follow(RULES);
    expect(logins.judgeAgain(after, FACTS)).toMatchObject({ kind: "granted" });
    expect(logins.knownEnd(after)).toBeUndefined();
  });
});
