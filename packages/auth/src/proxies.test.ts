import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterCallout, CalloutGate, CalloutUsers } from "./callout.ts";
import type { LoginFacts, LoginOutcome } from "./identity.ts";
import { StaticAuthenticator } from "./login.ts";
import { encodePublic } from "./nkeys/key.ts";
import { TrustedProxies } from "./proxies.ts";
import { reauthorize } from "./reauthorize.ts";
import type { AuthSpec } from "./spec.ts";

const NONCE = Buffer.from("abcdefghijklmno");
const HASH = "$2a$11$W2zko751KUvVy59mUTWmpOdWjpEm5qhcCZRd05GjI/sSOT.xtiHyG";

function proxy() {
  const pair = generateKeyPairSync("ed25519");
  const raw = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return {
    key: encodePublic("server", raw),
    sign: (nonce: Uint8Array) => sign(null, nonce, pair.privateKey).toString("base64url"),
  };
}

const [one, other] = [proxy(), proxy()];
const direct: LoginFacts = { nonce: NONCE, connectionType: "STANDARD" };
const proxied: LoginFacts = { ...direct, proxy: one.key };

function reasonOf(outcome: LoginOutcome): string {
  if (outcome.kind === "pending" && outcome.wait.kind === "hash") {
    return `after a hash: ${outcome.wait.reason}`;
  }
  return outcome.kind === "denied" ? outcome.reason : outcome.kind;
}

describe("AN-81: who signed", () => {
  const trusted = new TrustedProxies([other.key, one.key]);

  test("any of the keys, over this nonce", () => {
    expect(trusted.check(one.sign(NONCE), NONCE)).toEqual({ kind: "proxied", key: one.key });
    expect(trusted.check(proxy().sign(NONCE), NONCE)).toEqual({ kind: "untrusted" });
    expect(trusted.check(one.sign(Buffer.from("other")), NONCE)).toEqual({ kind: "untrusted" });
    const none = Buffer.alloc(0);
    expect(trusted.check(one.sign(none), none)).toEqual({ kind: "untrusted" });
  });

  test("AZ-16: a key that is not trusted any more is told from one that is, and from none", () => {
    expect([undefined, one.key, other.key].map((key) => trusted.accepts(key))).toEqual([
      true,
      true,
      true,
    ]);
    expect(trusted.accepts(proxy().key)).toBe(false);
  });

  test("without keys, or without a signature, a connection is direct", () => {
    expect(new TrustedProxies().check(one.sign(NONCE), NONCE)).toEqual({ kind: "direct" });
    expect(trusted.check("", NONCE)).toEqual({ kind: "direct" });
  });

  test("nothing else is ever taken for a proxy", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(trusted.check(text, NONCE).kind).toBe(text === "" ? "direct" : "untrusted");
      }),
    );
  });
});

describe("AN-82: users who have to come through one", () => {
  const users = [
    { user: "ann", password: "a", proxyRequired: true },
    { user: "bob", password: "b" },
  ];
  const spec: AuthSpec = { users, tlsMap: false };
  const ann = { user: "ann", pass: "a" };

  test("whatever the password; not the others", () => {
    const authenticator = new StaticAuthenticator(spec);
    const said = (facts: LoginFacts, user: string, pass: string) =>
      reasonOf(authenticator.begin({ user, pass }, facts));
    expect(said(direct, "ann", "a")).toBe("proxy connection required");
    expect(said(direct, "ann", "x")).toBe("proxy connection required");
    expect(said(proxied, "ann", "x")).toBe("password wrong");
    expect(said(proxied, "ann", "a")).toBe("granted");
    expect(said(direct, "bob", "b")).toBe("granted");
  });

  test("the refusal costs a hash where another one would", () => {
    const hashed = { ...spec, users: [...users, { user: "c", password: HASH }] };
    const said = reasonOf(new StaticAuthenticator(hashed).begin(ann, direct));
    expect(said).toBe("after a hash: proxy connection required");
  });

  test("the single user, the token, and the user of those who say nothing", () => {
    const said = (over: Partial<AuthSpec>, request: object) =>
      reasonOf(new StaticAuthenticator({ ...spec, users: [], ...over }).begin(request, direct));
    const block = { proxyRequired: true };
    expect(said({ ...block, user: "u", password: "p" }, { user: "u", pass: "p" })).toMatch(
      /^proxy/,
    );
    expect(said({ ...block, token: "t" }, { authToken: "t" })).toMatch(/^proxy/);
    expect(said({ users, noAuthUser: "ann" }, {})).toMatch(/^proxy/);
  });

  test("no callout service undoes it: it is asked in vain, so that the name cannot be told", () => {
    const callout = { issuer: "", account: "AUTH", authUsers: [], allowedAccounts: [] };
    const gate = new CalloutGate(callout);
    for (const more of [[], [{ user: "c", password: HASH }]]) {
      const authenticator = new StaticAuthenticator({ ...spec, users: [...users, ...more] });
      let outcome = gate.follow(authenticator.begin(ann, direct), ann);
      if (outcome.kind === "pending" && outcome.wait.kind === "hash") {
        const hashed = authenticator.finish(outcome.wait, { kind: "hash", matches: true });
        outcome = gate.follow(hashed, ann);
      }
      if (outcome.kind !== "pending" || outcome.wait.kind !== "callout")
        throw new Error("not asked");
      const user = { accountName: "APP", name: "" };
      const placed = new CalloutUsers().finish(outcome.wait, { kind: "callout", user }, ann);
      expect(reasonOf(afterCallout(placed, outcome.wait))).toBe("proxy connection required");
    }
  });

  test("AZ-16: somebody who is in, and has to from now on", () => {
    const before = new StaticAuthenticator(spec);
    const after = new StaticAuthenticator({
      ...spec,
      users: users.map((user) => ({ ...user, proxyRequired: true })),
    });
    const outcome = before.begin({ user: "bob", pass: "b" }, direct);
    if (outcome.kind !== "granted") throw new Error("refused");
    const { identity } = outcome;
    const login = { identity, before, sameSecrets: new Set<string>() };
    expect(reauthorize({ ...login, facts: direct }, after)).toEqual({
      kind: "denied",
      reason: "proxy connection required",
    });
    expect(reauthorize({ ...login, facts: proxied }, after)).toMatchObject({ kind: "granted" });
  });
});
