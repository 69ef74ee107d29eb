import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CalloutUsers } from "./callout.ts";
import type { LoginFacts, LoginRequest } from "./identity.ts";
import { StaticAuthenticator } from "./login.ts";
import { type AuthenticationRequest, readAnswer, withoutSecrets } from "./plugin.ts";
import { PluginGate } from "./plugin-gate.ts";

const request: AuthenticationRequest = {
  kind: "client",
  connectionType: "STANDARD",
  clientId: 1,
  address: "127.0.0.1",
  port: 1,
  nonce: "n",
  connect: {
    user: "ann",
    pass: "pa55",
    token: "t0ken",
    nkey: "SUSEED",
    sig: "s1g",
    jwt: "jw7",
    name: "",
    lang: "",
    version: "",
    protocol: 1,
  },
};

const facts: LoginFacts = { nonce: Buffer.alloc(0), connectionType: "STANDARD" };

function said(answer: unknown): string {
  const verdict = readAnswer(answer, request);
  return verdict.kind === "refused" ? verdict.reason : verdict.kind;
}

describe("GP-14: answers of an authentication module", () => {
  test("a whole user", () => {
    const permissions = {
      publish: { allow: ["a.>"], deny: ["a.b"] },
      subscribe: { allow: ["x q"] },
      responses: { messagesMax: 1, expiresMs: -1 },
    };
    const rights = { payloadBytesMax: 5, subscriptionsMax: 0, expiresAtMs: 9, proxyRequired: true };
    const allowedConnectionTypes = ["STANDARD"];
    const answer = { user: "u", account: "A", permissions, allowedConnectionTypes, ...rights };
    expect(readAnswer(answer, request)).toEqual({
      kind: "user",
      user: { accountName: "A", name: "u", permissions, ...rights },
    });
    const onlyName = readAnswer({ user: "u" }, request);
    expect(onlyName).toMatchObject({ kind: "user", user: { accountName: "$G" } });
  });

  test.each<[unknown, string | RegExp]>([
    ["next", "next"],
    [undefined, "no answer"],
    [null, "no answer"],
    [false, "no answer"],
    [true, /no object/],
    ["yes", /no object/],
    [[], /no object/],
    [{ refuse: "no\r\nway" }, "no??way"],
    [{ refuse: "wrong: pa55 t0ken s1g jw7 SUSEED" }, /^wrong: (\[REDACTED\] ?){5}$/],
    [{ refuse: "x".repeat(1_000) }, `${"x".repeat(256)}...`],
    [{ refuse: 5 }, /refuse is no string/],
    [{ refuse: "no", account: "A" }, /unknown field "account"/],
    // What would let somebody do more than was meant.
    [{ account: "A", permission: {} }, /unknown field "permission"/],
    [{ permissions: { publish: { allowed: [] } } }, /unknown field "allowed"/],
    [{ permissions: { publish: { allow: "a" } } }, /permissions.publish.allow is no list/],
    [{ permissions: { publish: { allow: [5] } } }, /is no string/],
    [{ permissions: { publish: { deny: ["a..b"] } } }, /permissions: publish deny/],
    [{ permissions: { responses: {} } }, /responses is empty/],
    [{ permissions: { responses: { messagesMax: 1 } } }, /needs messagesMax and expiresMs/],
    [{ permissions: null }, /permissions is no object/],
    [{ account: 5 }, /account is no string/],
    // What a lookup gives that found nothing, and what keeps its fields elsewhere.
    [{}, /the answer is empty/],
    [{ account: undefined }, /undefined field "account"/],
    [{ account: "A", permissions: undefined }, /undefined field "permissions"/],
    [{ account: "A", permissions: {} }, /permissions is empty/],
    [{ permissions: { publish: {} } }, /permissions.publish is empty/],
    [{ permissions: { publish: { allow: undefined } } }, /undefined field "allow"/],
    [Object.prototype, /the answer is empty/],
    [new Error("no"), /no object/],
    [new Map([["refuse", "no"]]), /no object/],
    [new Response("no", { status: 403 }), /no object/],
    [{ user: "x".repeat(2_000) }, /user is too long/],
    [{ payloadBytesMax: -1 }, /payloadBytesMax/],
    [{ subscriptionsMax: 1.5 }, /subscriptionsMax/],
    [{ expiresAtMs: Number.NaN }, /expiresAtMs/],
    [{ proxyRequired: "yes" }, /proxyRequired/],
    [{ allowedConnectionTypes: ["PIGEON"] }, /unknown connection type "PIGEON"/],
    [{ allowedConnectionTypes: ["MQTT"] }, "connection type not allowed"],
  ])("%j: %s", (answer, expected) => {
    expect(said(answer)).toMatch(expected);
  });

  test("no answer throws, and none of them lets in by chance", () => {
    const evil = Object.defineProperty({}, "account", {
      enumerable: true,
      get: () => {
        throw new Error("pa55");
      },
    });
    expect(said(evil)).toMatch(/cannot be read/);
    fc.assert(
      fc.property(fc.anything(), (answer) => {
        expect(readAnswer(answer, request).kind).not.toBe("user");
      }),
    );
  });

  test("SB-95: texts for the log hold nothing that proves who a client is", () => {
    expect(withoutSecrets(`pa55${"pa55".repeat(50_000)}`, request)).not.toContain("pa5");
    const pass = 'p"a\\5 &\ud800';
    const odd = { ...request, connect: { ...request.connect, pass } };
    const url = `https://a.b/login?password=${encodeURIComponent(pass.toWellFormed())}`;
    for (const text of [pass, JSON.stringify({ pass }), url]) {
      expect(withoutSecrets(text, odd)).toMatch(/^[^5]*\[REDACTED\][^5]*$/);
    }
  });
});

describe("GP-14: who is asked about", () => {
  const spec = { name: "x.js", timeoutMs: 1, authUsers: ["ops"] };
  const gate = new PluginGate(spec, new CalloutUsers(), "AUTH");
  const all = (): boolean => true;

  test("everybody but those who are named", () => {
    expect(gate.begin({ user: "ann" })).toMatchObject({ kind: "pending" });
    expect(gate.begin({})).toMatchObject({ kind: "pending" });
    expect(gate.begin({ user: "ops" })).toBeUndefined();
    expect(gate.begin({ user: "ops", account: "A" })).toMatchObject({ kind: "denied" });
  });

  test("AN-68: naming one of them beside does not spare anybody else the question", () => {
    const users = [
      { user: "ops", password: "o", account: "A" },
      { user: "ann", password: "a", account: "A" },
    ];
    const known = new StaticAuthenticator({ users, tlsMap: false });
    const isLetIn = (sent: LoginRequest, authenticator = known): boolean => {
      if (gate.begin(sent) !== undefined) return false;
      return gate.followOthers(authenticator.begin(sent, facts), sent).kind === "granted";
    };
    const ann = { user: "ann", pass: "a" };
    expect(isLetIn({ user: "ops", pass: "o" })).toBe(true);
    expect(isLetIn({ ...ann, nkey: "ops" })).toBe(false);
    // A token, or nothing at all, is enough there, whatever the name.
    const byToken = new StaticAuthenticator({ users: [], token: "t", tlsMap: false });
    expect(isLetIn({ user: "ops", authToken: "t" }, byToken)).toBe(false);
    expect(isLetIn({ user: "ops" }, new StaticAuthenticator({ users: [], tlsMap: false }))).toBe(
      false,
    );
    // A certificate or a token of a user proves who somebody is, not his name in CONNECT.
    const { identity } = known.table.users.get("ann") ?? {};
    if (identity === undefined) throw new Error("no ann");
    const sent = { user: "ops", jwt: "e.y.J" };
    const asAnn = { ...identity, kind: "jwt" } as const;
    const asOps = { ...identity, kind: "callout", user: "ops" } as const;
    for (const one of [asAnn, asOps]) {
      const outcome = gate.followOthers({ kind: "granted", identity: one }, sent);
      expect(outcome).toMatchObject({ kind: "denied", reason: "plugin refused" });
    }
  });

  test("a user is placed; in the account of a callout service without the server's subject", () => {
    const verdict = readAnswer({ account: "AUTH", user: "u" }, request);
    const outcome = gate.finish({ kind: "plugin", verdict }, {}, all);
    if (outcome?.kind !== "granted") throw new Error("refused");
    expect(outcome.identity).toMatchObject({ kind: "plugin", user: "u", accountName: "AUTH" });
    expect(outcome.identity.permissionsKey).not.toBe("");
    expect(gate.finish({ kind: "plugin", verdict }, {}, () => false)).toMatchObject({
      detail: "authentication module: the account of its answer is not there",
    });
    expect(gate.finish({ kind: "hash", matches: true }, {}, all)).toMatchObject({ kind: "denied" });
    expect(gate.finish({ kind: "plugin", verdict: { kind: "next" } }, {}, all)).toBeUndefined();
  });

  test("another module has to be asked anew", () => {
    const verdict = readAnswer({ user: "u" }, request);
    const outcome = gate.finish({ kind: "plugin", verdict }, {}, all);
    if (outcome?.kind !== "granted") throw new Error("refused");
    const { identity } = outcome;
    expect(gate.hasToAsk(identity, spec)).toBe(false);
    expect(gate.hasToAsk(identity, { ...spec, name: "y.js" })).toBe(true);
    expect(gate.hasToAsk(identity, undefined)).toBe(true);
    expect(gate.hasToAsk({ ...identity, kind: "user", user: "ops" }, undefined)).toBe(false);
  });
});
