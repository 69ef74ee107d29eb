import { expect, test } from "vitest";
import type { Identity, LoginFacts, LoginRequest } from "./identity.ts";
import { StaticAuthenticator } from "./login.ts";
import { reauthorize } from "./reauthorize.ts";
import { secretChanges } from "./secret-changes.ts";
import type { AuthSpec, UserSpec } from "./spec.ts";

const FACTS: LoginFacts = { nonce: new Uint8Array(0), connectionType: "STANDARD" };
const HASH = "$2a$04$bZtcaqCB9EJqMNBk/RtvHuyRvZ.WJ9Qp/8basPX4gzPgFQpy8nkXC";
const KEY = "UDNNGRYO47IMHX425ZAROM72KZE2AVDGT4GAF26Z35UYDW3I77H4AGAB";

function spec(users: readonly UserSpec[], more: Partial<AuthSpec> = {}): AuthSpec {
  return { users, tlsMap: false, ...more };
}

function user(name: string, more: Partial<UserSpec> = {}): UserSpec {
  return { user: name, password: name, ...more };
}

function identityOf(authenticator: StaticAuthenticator, request: LoginRequest): Identity {
  const outcome = authenticator.begin(request, FACTS);
  if (outcome.kind !== "granted") throw new Error(`not granted: ${outcome.kind}`);
  return outcome.identity;
}

/** What becomes of who logs in by `request` under `before` when `after` comes. */
function judge(before: AuthSpec, request: LoginRequest, after: AuthSpec, same: string[] = []) {
  const former = new StaticAuthenticator(before);
  const identity = identityOf(former, request);
  const login = { identity, before: former, facts: FACTS, sameSecrets: new Set(same) };
  return reauthorize(login, new StaticAuthenticator(after));
}

const A: LoginRequest = { user: "a", pass: "a" };
const NONE = spec([]);

test.each([
  ["the same user", spec([user("a")]), A, spec([user("a"), user("b")]), "granted"],
  ["a deleted user", spec([user("a")]), A, spec([user("b")]), "moved"],
  ["no users at all any more", spec([user("a")]), A, NONE, "moved"],
  ["another account", spec([user("a")]), A, spec([user("a", { account: "X" })]), "moved"],
  ["another password", spec([user("a")]), A, spec([user("a", { password: "b" })]), "denied"],
  [
    "another kind of connection",
    spec([user("a")]),
    A,
    spec([user("a", { allowedConnectionTypes: ["MQTT"] })]),
    "denied",
  ],
  ["a certificate instead", spec([user("a")]), A, spec([user("a")], { tlsMap: true }), "denied"],
  [
    "the single user among users",
    spec([], { user: "a", password: "a" }),
    A,
    spec([user("a")]),
    "granted",
  ],
  [
    "a user as the single one",
    spec([user("a")]),
    A,
    spec([], { user: "a", password: "a" }),
    "granted",
  ],
  [
    "the single user with another password",
    spec([], { user: "a", password: "a" }),
    A,
    spec([], { user: "a", password: "b" }),
    "denied",
  ],
  [
    "the same token",
    spec([], { token: "t" }),
    { authToken: "t" },
    spec([], { token: "t" }),
    "granted",
  ],
  [
    "another token",
    spec([], { token: "t" }),
    { authToken: "t" },
    spec([], { token: "u" }),
    "denied",
  ],
  ["no token any more", spec([], { token: "t" }), { authToken: "t" }, NONE, "granted"],
  [
    "users instead of a token",
    spec([], { token: "t" }),
    { authToken: "t" },
    spec([user("a")]),
    "denied",
  ],
  ["nobody in particular", NONE, {}, NONE, "granted"],
  ["nobody in particular, but users now", NONE, {}, spec([user("a")]), "denied"],
  [
    "the user of those without credentials",
    spec([user("a")], { noAuthUser: "a" }),
    {},
    spec([user("a"), user("b")], { noAuthUser: "a" }),
    "granted",
  ],
  [
    "the same user, not for those without credentials any more",
    spec([user("a")], { noAuthUser: "a" }),
    {},
    spec([user("a")]),
    "denied",
  ],
  ["that user deleted", spec([user("a")], { noAuthUser: "a" }), {}, spec([user("b")]), "moved"],
] as const)("AZ-17: %s", (_, before, request, after, kind) => {
  expect(judge(before, request, after).kind).toBe(kind);
});

test("AZ-16: who stays is who the new users say, with their rights", () => {
  const permissions = { publish: { allow: ["x"] } };
  const outcome = judge(spec([user("a")]), A, spec([user("a", { permissions })]));
  if (outcome.kind !== "granted") throw new Error("not granted");
  expect(outcome.identity.permissions.publishAllowed("y")).toBe(false);
  const token = judge(spec([], { token: "t" }), { authToken: "t" }, NONE);
  expect(token).toMatchObject({ kind: "granted", identity: { kind: "none", permissionsKey: "" } });
});

test("an nkey stays or goes with its entry", () => {
  const before = spec([{ user: "", nkey: KEY }], { noAuthUser: KEY });
  expect(judge(before, {}, before)).toMatchObject({
    kind: "granted",
    identity: { kind: "no-auth-user", nkey: KEY },
  });
  expect(judge(before, {}, spec([user("a")])).kind).toBe("moved");
  const former = new StaticAuthenticator(before);
  const identity: Identity = { ...identityOf(former, {}), kind: "nkey" };
  const login = { identity, before: former, facts: FACTS, sameSecrets: new Set<string>() };
  expect(reauthorize(login, new StaticAuthenticator(before)).kind).toBe("granted");
  expect(reauthorize(login, new StaticAuthenticator(NONE)).kind).toBe("moved");
});

test("a secret that is only written in another way cuts nobody off", () => {
  const [plain, hashed] = [spec([user("a")]), spec([user("a", { password: HASH })])];
  expect(secretChanges(plain, hashed)).toEqual([{ name: "user a", stored: HASH, given: "a" }]);
  expect(secretChanges(hashed, plain)).toEqual([{ name: "user a", stored: HASH, given: "a" }]);
  expect(judge(plain, A, hashed).kind).toBe("denied");
  expect(judge(plain, A, hashed, ["user a"]).kind).toBe("granted");
  expect(judge(plain, A, hashed, ["user b"]).kind).toBe("denied");
});

test("only a text against a hash has to be compared", () => {
  const other = HASH.replace("bZtc", "cZtc");
  expect(secretChanges(spec([user("a")]), spec([user("a", { password: "b" })]))).toEqual([]);
  const [one, two] = [HASH, other].map((password) => spec([user("a", { password })]));
  expect(secretChanges(one as AuthSpec, two as AuthSpec)).toEqual([]);
  expect(secretChanges(spec([user("a")]), spec([user("b", { password: HASH })]))).toEqual([]);
  const token = secretChanges(spec([], { token: HASH }), spec([], { token: "t" }));
  expect(token).toEqual([{ name: "token", stored: HASH, given: "t" }]);
});
