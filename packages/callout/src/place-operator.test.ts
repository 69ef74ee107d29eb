// Whom a callout service of an account by token may place, and where (AN-64, AN-65): who signed the
// answer, which accounts it may name, and what the account there says of its users.

import { CALLOUT_SUBJECT, SignatureVerifier } from "@weft/auth";
import {
  newAccountClaims,
  newAuthorizationResponseClaims,
  newUserClaims,
  newUserScope,
  type TrustedAccount,
  templateKey,
  type UserClaims,
} from "@weft/jwt";
import { describe, expect, test } from "vitest";
import { operatorTarget, placeOperator } from "./place-operator.ts";
import type { Asked, Judged, ReadResponse, ResponseTools } from "./response.ts";

const NOW_MS = 1_800_000_000_000;
const NOW_SECONDS = NOW_MS / 1_000;
const asked: Asked = {
  userKey: "U-KEY",
  account: "A-AUTH",
  connectionType: "STANDARD",
  host: "10.1.2.3",
};
const tools: ResponseTools = {
  serverId: "N",
  line: undefined,
  verifier: new SignatureVerifier(),
  timeZone: "UTC",
};

interface AccountParts {
  readonly signers?: TrustedAccount["signers"];
  readonly authUsers?: readonly string[];
  readonly allowedAccounts?: readonly string[];
  readonly expiresAtSeconds?: number;
}

/** Its own key signs, and one that it named. */
function account(key: string, parts: AccountParts = {}): TrustedAccount {
  const { authUsers = ["U-SERVICE"], allowedAccounts = [], expiresAtSeconds = 0 } = parts;
  const fresh = newAccountClaims(key);
  const authorization = { ...fresh.nats.authorization, authUsers, allowedAccounts };
  const claims = { ...fresh, expiresAtSeconds, nats: { ...fresh.nats, authorization } };
  const signers = parts.signers ?? new Map([key, `${key}-SIGNER`].map((by) => [by, undefined]));
  return { key, claims, signers, findings: [] };
}

interface AnswerParts {
  /** Of the answer. */
  readonly issuer?: string;
  readonly issuerAccount?: string;
  readonly wasSealed?: boolean;
  /** Of the user in it. */
  readonly user?: Partial<UserClaims>;
  readonly nats?: Partial<UserClaims["nats"]>;
}

function answer(parts: AnswerParts): ReadResponse {
  const response = newAuthorizationResponseClaims("U-KEY");
  const user = newUserClaims("U-KEY");
  return {
    response: {
      ...response,
      issuer: parts.issuer ?? "A-AUTH",
      nats: { ...response.nats, issuerAccount: parts.issuerAccount ?? "" },
    },
    wasSealed: parts.wasSealed ?? false,
    user: { ...user, issuer: "A-AUTH", ...parts.user, nats: { ...user.nats, ...parts.nats } },
  };
}

function told(judged: Judged<unknown>): unknown {
  return judged.ok ? judged.value : judged.reason;
}

describe("AN-64: who signs the answers of an account's service", () => {
  const service = account("A-AUTH");
  const target = (parts: AnswerParts) => told(operatorTarget(answer(parts), service));

  test("the account, or a key that it named", () => {
    expect(target({})).toBe("A-AUTH");
    expect(target({ issuerAccount: "A-AUTH" })).toBe("A-AUTH");
    expect(target({ issuer: "A-AUTH-SIGNER", issuerAccount: "A-AUTH" })).toBe("A-AUTH");
  });

  test("nobody else, and not in the name of another account", () => {
    for (const issuer of ["A-OTHER", "A-OTHER-SIGNER", "U-SERVICE", ""]) {
      expect(target({ issuer })).toMatch(/signing key is unknown/);
    }
    expect(target({ issuerAccount: "A-OTHER" })).toMatch(/signing key is unknown/);
  });

  test("where the operator's keys are strict the account itself signs by its named keys too", () => {
    const strict = account("A-AUTH", { signers: new Map([["A-AUTH-SIGNER", undefined]]) });
    const by = (issuer: string) => told(operatorTarget(answer({ issuer }), strict));
    expect(by("A-AUTH-SIGNER")).toBe("A-AUTH");
    expect(by("A-OTHER-SIGNER")).toMatch(/signing key is unknown/);
  });

  test("AN-66: a sealed answer is the service's whoever signed it; where it may place users holds", () => {
    expect(target({ issuer: "U-SERVICE", wasSealed: true })).toBe("A-AUTH");
    const elsewhere = { issuer: "U-SERVICE", wasSealed: true, user: { issuer: "A-OTHER" } };
    expect(target(elsewhere)).toMatch(/"A-OTHER" not permitted/);
  });
});

describe("AN-65: the accounts that a service may place users into", () => {
  const into = (allowedAccounts: readonly string[], parts: AnswerParts, more: AccountParts = {}) =>
    told(operatorTarget(answer(parts), account("A-AUTH", { allowedAccounts, ...more })));
  const app = { user: { issuer: "A-APP" } };

  test("its own always, others as its claims say", () => {
    expect(into([], {})).toBe("A-AUTH");
    expect(into([], app)).toMatch(/^Account "A-APP" not permitted .* for account "A-AUTH"$/);
    expect(into(["A-OTHER"], app)).toMatch(/not permitted/);
    expect(into(["A-OTHER", "A-APP"], app)).toBe("A-APP");
    expect(into(["*"], app)).toBe("A-APP");
    expect(into(["*", "A-OTHER"], app)).toMatch(/not permitted/);
  });

  test("by the account that the user names, not by who signed it", () => {
    const bySigner = { user: { issuer: "A-APP-SIGNER" }, nats: { issuerAccount: "A-APP" } };
    expect(into(["A-APP"], bySigner)).toBe("A-APP");
    const disguised = { user: { issuer: "A-APP" }, nats: { issuerAccount: "A-OTHER" } };
    expect(into(["A-APP"], disguised)).toMatch(/"A-OTHER" not permitted/);
  });

  test("nobody elsewhere when the account has no callout any more", () => {
    expect(into(["*"], app, { authUsers: [] })).toMatch(/not permitted/);
  });
});

describe("AN-65: the user in the account", () => {
  const place = (parts: AnswerParts, target: TrustedAccount) =>
    told(placeOperator(answer(parts), target, asked, tools, NOW_MS));

  test("is signed by that account: what another one signs is nobody there", () => {
    const app = account("A-APP");
    expect(place({ user: { issuer: "A-APP" } }, app)).toMatchObject({ accountName: "A-APP" });
    expect(place({ user: { issuer: "A-APP-SIGNER" } }, app)).toMatchObject({
      accountName: "A-APP",
    });
    for (const issuer of ["A-AUTH", "A-AUTH-SIGNER", ""]) {
      expect(place({ user: { issuer } }, app)).toMatch(/^User JWT: user issuer unknown/);
    }
  });

  test("AN-48: of a scoped key has the template's rights alone", () => {
    const scope = newUserScope("A-APP-SIGNER");
    const publish = { allow: ["orders.>"], deny: undefined };
    const template = { ...scope.template, publish, payloadBytesMax: 7 };
    const signers = new Map([["A-APP-SIGNER", { ...scope, template }]]);
    const app = account("A-APP", { signers });
    const user = { issuer: "A-APP-SIGNER" };
    expect(place({ user }, app)).toMatch(/scoped user has permissions/);
    const nothing = { subscriptionsMax: 0, dataBytesMax: 0, payloadBytesMax: 0 };
    expect(place({ user, nats: nothing }, app)).toMatchObject({
      payloadBytesMax: 7,
      permissions: { publish: { allow: ["orders.>"] } },
      placed: { templateKey: templateKey(app, "A-APP-SIGNER") },
    });
  });

  test("AN-49: is not let in when he is revoked, and is remembered by what a change judges him by", () => {
    const app = account("A-APP");
    const user = { issuer: "A-APP-SIGNER", issuedAtSeconds: NOW_SECONDS };
    const facts = {
      calloutAccount: "A-AUTH",
      userKey: "U-KEY",
      issuerKey: "A-APP-SIGNER",
      templateKey: "",
      issuedAtSeconds: NOW_SECONDS,
      hasDefaultPermissions: true,
    };
    expect(place({ user }, app)).toMatchObject({ placed: facts });
    const publish = { allow: ["x"], deny: undefined };
    expect(place({ user, nats: { publish } }, app)).toMatchObject({
      placed: { ...facts, hasDefaultPermissions: false },
    });
    const { nats } = app.claims;
    for (const whom of ["*", "U-KEY"]) {
      const revocations = new Map([[whom, NOW_SECONDS]]);
      const revoked = { ...app, claims: { ...app.claims, nats: { ...nats, revocations } } };
      expect(place({ user }, revoked)).toBe("User JWT: user revoked");
    }
  });

  test("AN-69: asks in no server's name where his account has a service of its own", () => {
    const served = account("A-APP", { authUsers: ["U-OTHER"] });
    const user = { issuer: "A-APP" };
    const publish = { allow: ["$SYS.>"], deny: ["secret"] };
    expect(place({ user, nats: { publish } }, served)).toMatchObject({
      permissions: { publish: { allow: ["$SYS.>"], deny: ["secret", CALLOUT_SUBJECT] } },
    });
    expect(place({ user }, served)).toMatchObject({
      permissions: { publish: { deny: [CALLOUT_SUBJECT] } },
    });
    expect(place({ user, nats: { publish } }, account("A-APP", { authUsers: [] }))).toMatchObject({
      permissions: { publish: { deny: ["secret"] } },
    });
  });

  test("has the account's default permissions where he has none, and none of an expired account", () => {
    const app = account("A-APP", { authUsers: [] });
    const deny = { allow: undefined, deny: ["secret.>"] };
    const { nats } = app.claims;
    const defaultPermissions = { ...nats.defaultPermissions, publish: deny };
    const guarded = {
      ...app,
      claims: { ...app.claims, nats: { ...nats, defaultPermissions } },
    };
    const user = { issuer: "A-APP" };
    expect(place({ user }, guarded)).toMatchObject({
      permissions: { publish: { deny: ["secret.>"] } },
    });
    const gone = account("A-APP", { expiresAtSeconds: NOW_SECONDS });
    expect(place({ user }, gone)).toBe('Account "A-APP" has expired');
  });
});
