// Each reason for which a user may not log in, and what the others become.
import { compilePermissions } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { AccountBody, UserBody, UserClaims, UserScope } from "../claims/claims.ts";
import {
  newAccountClaims,
  newOperatorClaims,
  newScopedUserClaims,
  newUserClaims,
  newUserScope,
} from "../claims/new-claims.ts";
import { claimsOf, rawToken, tokenOf, verifier } from "../testing/reading.ts";
import { publicKey, testKey } from "../testing/test-keys.ts";
import { type JudgeFacts, judgeUser } from "./judge-user.ts";
import {
  operatorSystemAccount,
  trustKeys,
  trustOperators,
  trustProblems,
  versionProblem,
} from "./operators.ts";
import { permissionsSpec } from "./permissions.ts";

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 0);
const NOW = NOW_MS / 1_000;
const OPERATOR = testKey("operator", 1);
const OPERATOR_SIGNING = testKey("operator", 2);
const ACCOUNT = testKey("account", 1);
const SIGNING = testKey("account", 2);
const SCOPED = testKey("account", 3);
const USER = testKey("user", 1);
const NONCE = Buffer.from("nonce");

interface Setting {
  user?: Partial<UserClaims>;
  rights?: Partial<UserBody>;
  /** Who signs the user; ACCOUNT unless said. */
  signer?: typeof ACCOUNT;
  account?: Partial<AccountBody>;
  accountEnds?: number;
  accountSigner?: typeof ACCOUNT;
  template?: Partial<UserScope["template"]>;
  isStrict?: boolean;
  facts?: Partial<JudgeFacts>;
}

function verdictOf(setting: Setting = {}) {
  const operator = newOperatorClaims(OPERATOR.publicKey);
  const operators = trustOperators([
    {
      ...operator,
      nats: {
        ...operator.nats,
        signingKeys: [OPERATOR_SIGNING.publicKey],
        strictSigningKeyUsage: setting.isStrict ?? false,
      },
    },
  ]);
  const account = newAccountClaims(ACCOUNT.publicKey);
  const scope = newUserScope(SCOPED.publicKey);
  const signingKeys = new Map<string, UserScope | undefined>([
    [SIGNING.publicKey, undefined],
    [SCOPED.publicKey, { ...scope, template: { ...scope.template, ...setting.template } }],
  ]);
  const accountToken = tokenOf(
    {
      ...account,
      name: "ACME",
      tags: ["region:eu"],
      expiresAtSeconds: setting.accountEnds ?? 0,
      nats: { ...account.nats, signingKeys, ...setting.account },
    },
    setting.accountSigner ?? OPERATOR_SIGNING,
    NOW - 1_000,
  );
  const signer = setting.signer ?? ACCOUNT;
  const issuerAccount = signer === ACCOUNT ? "" : ACCOUNT.publicKey;
  const user =
    signer === SCOPED
      ? newScopedUserClaims(USER.publicKey, issuerAccount)
      : newUserClaims(USER.publicKey);
  const nats = { ...user.nats, issuerAccount, ...setting.rights };
  const userToken = tokenOf({ ...user, name: "kim", ...setting.user, nats }, signer, NOW - 100);
  const facts: JudgeFacts = {
    connectionType: "STANDARD",
    host: "127.0.0.1",
    nonce: NONCE,
    signature: Buffer.from(USER.sign(NONCE)).toString("base64url"),
    timeZone: "UTC",
    viaTrustedProxy: false,
    ...setting.facts,
  };
  return judgeUser(userToken, accountToken, operators, NOW_MS, facts, verifier);
}

function reasonOf(setting: Setting): string {
  const verdict = verdictOf(setting);
  return verdict.ok ? "granted" : verdict.refusal.reason;
}

describe("who may log in", () => {
  const signed = (key: typeof USER, bytes: Buffer) =>
    Buffer.from(key.sign(bytes)).toString("base64url");

  test.each<[string, Setting, string]>([
    ["AN-43: a good user", {}, "granted"],
    ["AN-44: by a signing key", { signer: SIGNING }, "granted"],
    ["AN-52: by a scoped signing key", { signer: SCOPED }, "granted"],
    ["AN-43: no signature", { facts: { signature: undefined } }, "signature missing"],
    ["attack 26: a short signature", { facts: { signature: "AAAA" } }, "signature not verified"],
    ["attack 26: no base64", { facts: { signature: "!" } }, "signature malformed"],
    [
      "AN-09: another nonce",
      { facts: { signature: signed(USER, Buffer.from("other")) } },
      "signature not verified",
    ],
    [
      "AN-43: another key",
      { facts: { signature: signed(testKey("user", 2), NONCE) } },
      "signature not verified",
    ],
    ["AN-44: a stranger's key", { signer: testKey("account", 4) }, "user issuer unknown"],
    [
      "AN-44: another account named",
      { rights: { issuerAccount: publicKey("account", 4) } },
      "account does not match",
    ],
    [
      "AN-45: an unknown operator",
      { accountSigner: testKey("operator", 3) },
      "account issuer not trusted",
    ],
    ["attack 23: a self-signed account", { accountSigner: ACCOUNT }, "account issuer not trusted"],
    ["AN-45: the operator's identity", { accountSigner: OPERATOR }, "granted"],
    [
      "AN-45: the same under strict",
      { accountSigner: OPERATOR, isStrict: true },
      "account issuer not trusted",
    ],
    ["AN-45: strict, user by the account's identity", { isStrict: true }, "user issuer unknown"],
    ["AN-45: strict, user by a signing key", { isStrict: true, signer: SIGNING }, "granted"],
    [
      "AN-46: bearer",
      { rights: { bearerToken: true }, facts: { signature: undefined } },
      "granted",
    ],
    [
      "AN-46, attack 27: bearer where it is not allowed",
      {
        rights: { bearerToken: true },
        account: { limits: { ...newAccountClaims("x").nats.limits, disallowBearer: true } },
      },
      "bearer token not allowed",
    ],
    [
      "CVE-2020-26892: expired before 1970",
      { user: { expiresAtSeconds: -1 } },
      "user expired or not yet valid",
    ],
    [
      "CVE-2020-26892: in the second in which it ends",
      { user: { expiresAtSeconds: NOW } },
      "user expired or not yet valid",
    ],
    ["AN-47: expired", { user: { expiresAtSeconds: NOW - 1 } }, "user expired or not yet valid"],
    [
      "AN-48: not yet valid",
      { user: { notBeforeSeconds: NOW + 1 } },
      "user expired or not yet valid",
    ],
    ["AN-48: valid from now", { user: { notBeforeSeconds: NOW } }, "granted"],
    ["AN-47: account expired", { accountEnds: NOW - 1 }, "account expired"],
    ["AN-47: account in its last second", { accountEnds: NOW }, "account expired"],
    [
      "AN-49: revoked",
      { account: { revocations: new Map([[USER.publicKey, NOW - 100]]) } },
      "user revoked",
    ],
    ["AN-49: all revoked", { account: { revocations: new Map([["*", NOW]]) } }, "user revoked"],
    [
      "AN-49: revoked before it was issued",
      {
        account: {
          revocations: new Map([
            [USER.publicKey, NOW - 101],
            ["*", NOW - 101],
          ]),
        },
      },
      "granted",
    ],
    [
      "AN-50: connection type",
      { rights: { allowedConnectionTypes: ["MQTT"] } },
      "connection type not allowed",
    ],
    [
      "AN-50: connection type in any case",
      { rights: { allowedConnectionTypes: ["standard", "NEW"] } },
      "granted",
    ],
    [
      "AN-50: only unknown types",
      { rights: { allowedConnectionTypes: ["NEW"] } },
      "connection type not allowed",
    ],
    [
      "AN-50: network",
      { rights: { sourceNetworks: ["10.0.0.0/8"] } },
      "source address not allowed",
    ],
    [
      "AN-50: times",
      { rights: { times: [{ start: "13:00:00", end: "14:00:00" }] } },
      "outside of connect times",
    ],
    ["AN-50: a network that is none", { rights: { sourceNetworks: ["x"] } }, "user claims invalid"],
    [
      "AN-52: a scoped user with rights",
      { signer: SCOPED, rights: { publish: { allow: ["a"], deny: undefined } } },
      "scoped user has permissions",
    ],
    [
      "AN-52: a scoped user with a limit",
      { signer: SCOPED, rights: { subscriptionsMax: -1 } },
      "scoped user has permissions",
    ],
    [
      "AN-52: a scoped user without a key to be bound to",
      { signer: SCOPED, rights: { bearerToken: true } },
      "scoped user has permissions",
    ],
    [
      "AN-53: a deny that cannot be resolved",
      { signer: SCOPED, template: { publish: { allow: undefined, deny: ["{{tag(x)}}"] } } },
      "template not resolved",
    ],
    ["AN-55: not pinned", { facts: { pinnedAccounts: new Set(["x"]) } }, "account not pinned"],
    ["AN-55: pinned", { facts: { pinnedAccounts: new Set([ACCOUNT.publicKey]) } }, "granted"],
    ["AN-82: without the proxy", { rights: { proxyRequired: true } }, "proxy required"],
    [
      "AN-82: through the proxy",
      { rights: { proxyRequired: true }, facts: { viaTrustedProxy: true } },
      "granted",
    ],
    [
      "AN-82: the template asks for it",
      { signer: SCOPED, template: { proxyRequired: true } },
      "proxy required",
    ],
  ])("%s: %j", (_name, setting, expected) => {
    expect(reasonOf(setting)).toBe(expected);
  });

  test("tokens that are none", () => {
    const facts = { ...verdictFacts(), signature: "" };
    const operators = trustKeys([OPERATOR.publicKey]);
    const bad = judgeUser("x", "y", operators, NOW_MS, facts, verifier);
    expect(bad).toMatchObject({ refusal: { reason: "user token invalid" } });
    const user = tokenOf(newUserClaims(USER.publicKey), ACCOUNT, NOW);
    expect(judgeUser(user, user, operators, NOW_MS, facts, verifier)).toMatchObject({
      refusal: { reason: "account token invalid" },
    });
  });

  function verdictFacts(): JudgeFacts {
    const facts = { connectionType: "STANDARD", host: "::1", nonce: NONCE } as const;
    return { ...facts, signature: undefined, timeZone: "UTC", viaTrustedProxy: false };
  }
});

describe("who they are then", () => {
  function identityOf(setting: Setting) {
    const verdict = verdictOf(setting);
    if (!verdict.ok) throw new Error(verdict.refusal.reason);
    return verdict.identity;
  }

  test("AC-53, AZ-18: the account's default permissions for a user without own ones", () => {
    const nothing = { allow: undefined, deny: undefined };
    const defaultPermissions = {
      publish: { allow: ["only"], deny: undefined },
      subscribe: nothing,
      responses: undefined,
    };
    const identity = identityOf({ account: { defaultPermissions } });
    expect(identity).toMatchObject({
      hasDefaultPermissions: true,
      permissions: { publish: { allow: ["only"] } },
    });
    const own = identityOf({
      account: { defaultPermissions },
      rights: { subscribe: { allow: ["x"], deny: undefined } },
    });
    expect(own).toMatchObject({ hasDefaultPermissions: false });
    expect(compilePermissions(own.permissions).publishAllowed("any")).toBe(true);
  });

  test("attack 24: what a scoped user may do comes from the template alone", () => {
    const template = {
      publish: { allow: ["u.{{name()}}", "{{account-tag(region)}}.>"], deny: undefined },
      subscriptionsMax: 7,
      responses: { messagesMax: 2, expiresNanos: 5e8 },
    };
    expect(identityOf({ signer: SCOPED, template })).toMatchObject({
      signingKey: SCOPED.publicKey,
      permissions: {
        publish: { allow: ["u.kim", "eu.>"] },
        responses: { messagesMax: 2, expiresMs: 500 },
      },
      subscriptionsMax: 7,
    });
  });

  test("AN-51: the smaller of the limits of user and account", () => {
    const limits = { ...newAccountClaims("x").nats.limits, subscriptionsMax: 10 };
    const rights = { subscriptionsMax: 20, payloadBytesMax: 30 };
    expect(identityOf({ account: { limits }, rights })).toMatchObject({
      subscriptionsMax: 10,
      payloadBytesMax: 30,
    });
    expect(identityOf({})).toMatchObject({ subscriptionsMax: undefined });
    const odd = { ...limits, subscriptionsMax: -7 };
    expect(identityOf({ account: { limits: odd } }).subscriptionsMax).toBe(0);
  });

  test("AN-47, AN-50: the earlier of the token's end and the end of the times", () => {
    const times = [{ start: "11:00:00", end: "13:00:00" }];
    const ends = (seconds: number) =>
      identityOf({ rights: { times }, user: { expiresAtSeconds: seconds } }).expiresAtMs;
    expect(ends(0)).toBe(NOW_MS + 3_600_000);
    expect(ends(NOW + 60)).toBe(NOW_MS + 60_000);
    expect(ends(NOW + 7_200)).toBe(NOW_MS + 3_600_000);
  });

  test("an empty allow list beside a deny list allows no publishing, as in the reference", () => {
    const body = (pub: object) => ({
      iss: ACCOUNT.publicKey,
      sub: USER.publicKey,
      nats: { pub, sub: pub, type: "user", version: 2 },
    });
    const permissionsOf = (pub: object) => {
      const token = rawToken({ typ: "JWT", alg: "ed25519-nkey" }, body(pub), ACCOUNT);
      return compilePermissions(permissionsSpec((claimsOf(token) as UserClaims).nats));
    };
    const empty = permissionsOf({ allow: [], deny: ["x"] });
    expect(empty.publishAllowed("a")).toBe(false);
    expect(empty.subscribeVerdict("a", undefined)).toBe("allow");
    expect(permissionsOf({ deny: ["x"] }).publishAllowed("a")).toBe(true);
    expect(permissionsOf({ allow: [] }).publishAllowed("a")).toBe(true);
  });
});

describe("AN-40, AN-41: operators", () => {
  const operator = newOperatorClaims(OPERATOR.publicKey);
  const asserting = (assertServerVersion: string) =>
    versionProblem(
      { ...operator, nats: { ...operator.nats, assertServerVersion } },
      { major: 2, minor: 14, update: 0 },
    );

  test("versions", () => {
    for (const good of ["", "2.14.0", "2.13.99", "1.99.99"])
      expect(asserting(good)).toBeUndefined();
    expect(asserting("2.14.1")).toContain("expected update version 1 > server update version 0");
    expect(asserting("2.15.0")).toContain("expected minor version 15 > server minor version 14");
    expect(asserting("3.0.0")).toContain("expected major version 3 > server major version 2");
    expect(asserting("x")).toContain("got error instead");
  });

  test("keys", () => {
    expect(trustProblems(trustKeys([OPERATOR.publicKey]))).toEqual([]);
    expect(trustProblems(trustKeys(["x"]))).toHaveLength(1);
    const strict = { ...operator, nats: { ...operator.nats, strictSigningKeyUsage: true } };
    expect(trustProblems(trustOperators([strict]))[0]).toContain("no key is trusted");
  });

  test("the system account", () => {
    const named = { ...operator, nats: { ...operator.nats, systemAccount: "S" } };
    expect(operatorSystemAccount([named], "")).toEqual({ ok: true, key: "S" });
    expect(operatorSystemAccount([named], "S")).toEqual({ ok: true, key: "S" });
    expect(operatorSystemAccount([operator], "T")).toEqual({ ok: true, key: "T" });
    expect(operatorSystemAccount([named], "T")).toMatchObject({ ok: false });
    expect(operatorSystemAccount([operator], "")).toEqual({ ok: true, key: "" });
  });
});
