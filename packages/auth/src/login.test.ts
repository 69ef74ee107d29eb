// Static logins: every method alone, their order, what is not said, and the anonymous matrix.
import { generateKeyPairSync, sign } from "node:crypto";
import type { TlsFacts } from "@weft/base";
import { describe, expect, test } from "vitest";
import type { LoginFacts, LoginOutcome, LoginRequest } from "./identity.ts";
import { hasImplicitAnonymous, StaticAuthenticator } from "./login.ts";
import { encodePublic } from "./nkeys/key.ts";
import type { AuthSpec, UserSpec } from "./spec.ts";
import { validateAuth } from "./validate-auth.ts";

const HASH = "$2a$11$W2zko751KUvVy59mUTWmpOdWjpEm5qhcCZRd05GjI/sSOT.xtiHyG";
const NONCE = Buffer.from("abcdefghijklmno");
const FACTS: LoginFacts = { nonce: NONCE, connectionType: "STANDARD" };

function spec(over: Partial<AuthSpec>): AuthSpec {
  return { users: [], tlsMap: false, ...over };
}

function begin(over: Partial<AuthSpec>, request: LoginRequest, facts = FACTS): LoginOutcome {
  return new StaticAuthenticator(spec(over)).begin(request, facts);
}

/** Kind of outcome, and who or why. */
function told(outcome: LoginOutcome): string {
  if (outcome.kind === "denied") return `denied: ${outcome.reason}`;
  if (outcome.kind === "pending") return `pending ${outcome.wait.kind}`;
  const { kind, user, nkey, accountName } = outcome.identity;
  return `${kind} ${nkey ?? user} ${accountName}`;
}

function createNkey(): { key: string; sign(nonce: Buffer): string } {
  const pair = generateKeyPairSync("ed25519");
  const raw = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return {
    key: encodePublic("user", raw),
    sign: (nonce) => sign(null, nonce, pair.privateKey).toString("base64url"),
  };
}

describe("passwords and tokens", () => {
  test("AN-18: nothing configured, everybody comes in", () => {
    expect(told(begin({}, { user: "x", pass: "y" }))).toBe("none  $G");
    const open = new StaticAuthenticator(spec({}));
    expect([open.authRequired, open.infoAuthRequired, open.nonceRequired]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("AN-02, AN-03: single user, token", () => {
    const single = { user: "u", password: "p" };
    expect(told(begin(single, { user: "u", pass: "p" }))).toBe("user u $G");
    expect(told(begin(single, { user: "u", pass: "P" }))).toBe("denied: password wrong");
    expect(told(begin(single, { user: "v", pass: "p" }))).toBe("denied: user unknown");
    expect(told(begin(single, {}))).toBe("denied: user unknown");
    expect(told(begin({ token: "t" }, { authToken: "t" }))).toBe("token  $G");
    expect(told(begin({ token: "t" }, { authToken: "u" }))).toBe("denied: token wrong");
    expect(told(begin({ token: "t" }, { user: "t", pass: "t" }))).toBe("denied: token wrong");
  });

  test("AN-04, AN-20: users, in accounts or in $G", () => {
    const users: UserSpec[] = [
      { user: "a", password: "1" },
      { user: "b", password: "2", account: "B" },
      { user: "__proto__", password: "3" },
    ];
    expect(told(begin({ users }, { user: "a", pass: "1" }))).toBe("user a $G");
    expect(told(begin({ users }, { user: "b", pass: "2" }))).toBe("user b B");
    expect(told(begin({ users }, { user: "__proto__", pass: "3" }))).toBe("user __proto__ $G");
    expect(told(begin({ users }, { user: "b", pass: "1" }))).toBe("denied: password wrong");
    expect(told(begin({ users }, { user: "constructor" }))).toBe("denied: user unknown");
    expect(told(begin({ users }, {}))).toBe("denied: credentials missing");
    expect(told(begin({ users }, { authToken: "1" }))).toBe("denied: user unknown");
  });

  test("AN-05: bcrypt passwords wait for their comparison", () => {
    for (const prefix of ["$2a$", "$2b$", "$2x$", "$2y$"]) {
      const users = [{ user: "a", password: prefix + HASH.slice(4), account: "A" }];
      const login = new StaticAuthenticator(spec({ users }));
      const outcome = login.begin({ user: "a", pass: "s3cret" }, FACTS);
      if (outcome.kind !== "pending" || outcome.wait.kind !== "hash")
        throw new Error(told(outcome));
      expect(outcome.wait.given).toBe("s3cret");
      const expected = prefix === "$2x$" ? "$2a$" : prefix;
      expect(outcome.wait.stored).toBe(expected + HASH.slice(4));
      const good = login.finish(outcome.wait, { kind: "hash", matches: true });
      const bad = login.finish(outcome.wait, { kind: "hash", matches: false });
      expect([told(good), told(bad)]).toEqual(["user a A", "denied: password wrong"]);
      expect(login.plaintextPasswords).toBe(false);
    }
    expect(told(begin({ token: HASH }, { authToken: "x" }))).toBe("pending hash");
    expect(told(begin({ token: "$2z$11$x" }, { authToken: "$2z$11$x" }))).toBe("token  $G");
  });

  test("attack 29: an unknown user costs a hash too, and never gets in", () => {
    const users = [
      { user: "a", password: HASH },
      { user: "ws", password: HASH, allowedConnectionTypes: ["WEBSOCKET" as const] },
      { user: "plain", password: "p" },
    ];
    const login = new StaticAuthenticator(spec({ users }));
    for (const { reason, ...request } of [
      { user: "nobody", pass: "x", reason: "user unknown" },
      { user: "nobody", reason: "user unknown" },
      { user: "ws", pass: "x", reason: "connection type not allowed" },
      { user: "plain", pass: "x", reason: "password wrong" },
    ]) {
      const outcome = login.begin(request, FACTS);
      if (outcome.kind !== "pending" || outcome.wait.kind !== "hash")
        throw new Error(told(outcome));
      expect(outcome.wait.stored).toMatch(/^\$2a\$11\$[./A-Za-z0-9]{53}$/);
      // The log tells the cause all the same.
      const answer = { kind: "hash", matches: true } as const;
      expect(told(login.finish(outcome.wait, answer))).toBe(`denied: ${reason}`);
    }
    expect(told(login.begin({}, FACTS))).toBe("denied: credentials missing");
    expect(told(login.begin({ user: "plain", pass: "p" }, FACTS))).toBe("user plain $G");
  });

  test("AN-07: what counts as a plain password", () => {
    const plain = (over: Partial<AuthSpec>) =>
      new StaticAuthenticator(spec(over)).plaintextPasswords;
    expect(plain({ user: "a", password: "p" })).toBe(true);
    expect(plain({ user: "a", password: HASH })).toBe(false);
    expect(
      plain({
        users: [
          { user: "a", password: HASH },
          { user: "b", password: "p" },
        ],
      }),
    ).toBe(true);
    expect(plain({ users: [{ user: "CN=a" }], tlsMap: true })).toBe(false);
    expect(plain({ token: "t" })).toBe(false);
  });

  test("attack 71: no reason contains what was sent or stored", () => {
    const canary = "canary-7f3a";
    const specs = [
      { user: canary, password: canary },
      { token: canary },
      { users: [{ user: "a", password: canary }] },
    ];
    const requests: LoginRequest[] = [
      { user: `${canary}x`, pass: `${canary}y` },
      { authToken: `${canary}z` },
      { user: "a", pass: `${canary}y`, nkey: canary, sig: canary, jwt: canary },
    ];
    for (const over of specs) {
      for (const request of requests) {
        const outcome = begin(over, request);
        expect(outcome.kind).toBe("denied");
        expect(JSON.stringify(outcome)).not.toContain(canary);
      }
    }
  });

  test("CP-28, CVE-2022-24450: account and new_account are refused", () => {
    for (const over of [{}, { user: "u", password: "p" }]) {
      const request = { user: "u", pass: "p" };
      expect(told(begin(over, { ...request, account: "$SYS" }))).toBe("denied: account in connect");
      expect(told(begin(over, { ...request, newAccount: true }))).toBe(
        "denied: account in connect",
      );
      expect(begin(over, { ...request, account: "", newAccount: false }).kind).toBe("granted");
    }
  });
});

describe("nkeys", () => {
  const alice = createNkey();
  const users: UserSpec[] = [
    { user: "", nkey: alice.key, account: "A" },
    { user: "u", password: "p" },
  ];

  test("AN-08, AN-09: a signature over this connection's nonce", () => {
    const request = { nkey: alice.key, sig: alice.sign(NONCE) };
    expect(told(begin({ users }, request))).toBe(`nkey ${alice.key} A`);
    const replayed = { ...request, sig: alice.sign(Buffer.from("another nonce..")) };
    expect(told(begin({ users }, replayed))).toBe("denied: signature not verified");
    expect(told(begin({ users }, { nkey: alice.key }))).toBe("denied: signature missing");
    expect(told(begin({ users }, { ...request, sig: "!" }))).toBe("denied: signature malformed");
    expect(told(begin({ users }, { ...request, sig: "AAAA" }))).toBe(
      "denied: signature not verified",
    );
    expect(told(begin({ users }, { ...request, nkey: createNkey().key }))).toBe(
      "denied: nkey unknown",
    );
    expect(new StaticAuthenticator(spec({ users })).nonceRequired).toBe(true);
  });

  test("AN-18: a wrong nkey is not saved by a right password, no nkey falls to the users", () => {
    const request = { user: "u", pass: "p" };
    expect(told(begin({ users }, { ...request, nkey: "U" }))).toBe("denied: nkey unknown");
    expect(told(begin({ users }, request))).toBe("user u $G");
  });

  test("AN-11: an nkey user can be the anonymous one", () => {
    const over = { users, noAuthUser: alice.key };
    expect(told(begin(over, {}))).toBe(`no-auth-user ${alice.key} A`);
    expect(told(begin(over, { user: "u", pass: "x" }))).toBe("denied: password wrong");
  });
});

describe("anonymous", () => {
  const users = [{ user: "anon", password: HASH, account: "A" }];

  test("AN-11, CP-05: no_auth_user; wrong credentials are still refused", () => {
    const login = new StaticAuthenticator(spec({ users, noAuthUser: "anon" }));
    expect(told(login.begin({}, FACTS))).toBe("no-auth-user anon A");
    expect(told(login.begin({ user: "x", pass: "y" }, FACTS))).toBe("pending hash");
    expect(told(login.begin({ pass: "y" }, FACTS))).toBe("pending hash");
    expect([login.authRequired, login.infoAuthRequired]).toEqual([true, false]);
  });

  test("AN-11, 2026-24: its connection types count", () => {
    const limited = [{ ...users[0], user: "anon", allowedConnectionTypes: ["MQTT" as const] }];
    const over = { users: limited, noAuthUser: "anon" };
    expect(told(begin(over, {}))).toBe("denied: connection type not allowed");
    expect(told(begin(over, {}, { nonce: NONCE, connectionType: "MQTT" }))).toBe(
      "no-auth-user anon A",
    );
  });

  test("AN-12, CVE-2023-47090, attack 36: anonymous over all configurations", () => {
    const system = { user: "s", password: "p", account: "$SYS" };
    const expected: string[] = [];
    const seen: string[] = [];
    for (const accountNames of [[], ["$SYS"], ["A"], ["$SYS", "A"], ["OPS"]]) {
      for (const systemAccount of [undefined, "OPS"]) {
        for (const authorizationBlock of [false, true]) {
          for (const list of [
            [],
            [system],
            [{ ...system, account: undefined }],
            [{ ...system, account: "A" }],
          ]) {
            for (const extra of [
              {},
              { token: "t" },
              { user: "u", password: "p" },
              { noAuthUser: "s" },
            ]) {
              const over = {
                accountNames,
                systemAccount,
                authorizationBlock,
                users: list,
                ...extra,
              };
              const label = JSON.stringify(over);
              const outcome = begin(over, {});
              seen.push(`${label} ${outcome.kind === "granted" ? told(outcome) : "denied"}`);
              const named = "noAuthUser" in extra;
              const onlySystem =
                accountNames.length === 1 && accountNames[0] === (systemAccount ?? "$SYS");
              const foreign = list.some((user) => user.account !== accountNames[0]);
              const required = list.length > 0 || "token" in extra || "user" in extra;
              let answer = "denied";
              if (!required) answer = "none  $G";
              if (named && list.length > 0) {
                answer = `no-auth-user s ${list[0]?.account ?? "$G"}`;
              } else if (
                onlySystem &&
                !authorizationBlock &&
                !foreign &&
                Object.keys(extra).length === 0
              ) {
                answer = "none  $G";
              }
              expected.push(`${label} ${answer}`);
            }
          }
        }
      }
    }
    expect(seen).toEqual(expected);
    expect(
      seen.filter((line) => line.endsWith("$SYS")).every((line) => line.includes("noAuthUser")),
    ).toBe(true);
  });

  test("AN-12: INFO still asks for a login, and wrong credentials are refused", () => {
    const over = spec({
      accountNames: ["$SYS"],
      users: [{ user: "s", password: "p", account: "$SYS" }],
    });
    const login = new StaticAuthenticator(over);
    expect(hasImplicitAnonymous(over)).toBe(true);
    expect(login.infoAuthRequired).toBe(true);
    expect(told(login.begin({ user: "x", pass: "y" }, FACTS))).toBe("denied: user unknown");
    expect(told(login.begin({ user: "s", pass: "p" }, FACTS))).toBe("user s $SYS");
  });
});

describe("restrictions", () => {
  test("AN-13: connection types", () => {
    const users: UserSpec[] = [
      { user: "ws", password: "p", allowedConnectionTypes: ["WEBSOCKET"] },
      { user: "all", password: "p", allowedConnectionTypes: [] },
    ];
    const websocket: LoginFacts = { nonce: NONCE, connectionType: "WEBSOCKET" };
    expect(told(begin({ users }, { user: "ws", pass: "p" }))).toBe(
      "denied: connection type not allowed",
    );
    expect(told(begin({ users }, { user: "ws", pass: "p" }, websocket))).toBe("user ws $G");
    expect(told(begin({ users }, { user: "all", pass: "p" }))).toBe("user all $G");
  });

  test("AN-14: default permissions, own ones, and one object for equal ones", () => {
    const own = { publish: { allow: ["a"] } };
    const users: UserSpec[] = [
      { user: "x", password: "p", permissions: own },
      { user: "y", password: "p", permissions: { publish: { allow: ["a"] } } },
      { user: "z", password: "p" },
    ];
    const login = new StaticAuthenticator(
      spec({ users, defaultPermissions: { publish: { allow: [] } } }),
    );
    const permissionsOf = (user: string) => {
      const outcome = login.begin({ user, pass: "p" }, FACTS);
      if (outcome.kind !== "granted") throw new Error(told(outcome));
      return outcome.identity.permissions;
    };
    expect(permissionsOf("x").publishAllowed("a")).toBe(true);
    expect(permissionsOf("x")).toBe(permissionsOf("y"));
    expect(permissionsOf("z").publishAllowed("a")).toBe(false);
  });

  test("AN-30, AN-33: users from certificates", () => {
    const users: UserSpec[] = [
      { user: "CN=a", account: "A" },
      { user: "CN=b", password: "p" },
    ];
    const facts = (name: string): LoginFacts => {
      const tls: TlsFacts = { version: "", cipher: "", peerCertificate: Buffer.from(name) };
      return { nonce: NONCE, connectionType: "STANDARD", tls };
    };
    const mapCertificate = (tls: TlsFacts) => Buffer.from(tls.peerCertificate ?? []).toString();
    const login = new StaticAuthenticator(spec({ users, tlsMap: true }), { mapCertificate });
    expect(told(login.begin({}, facts("CN=a")))).toBe("certificate CN=a A");
    expect(told(login.begin({ user: "CN=b" }, facts("CN=a")))).toBe("certificate CN=a A");
    expect(told(login.begin({}, facts("CN=c")))).toBe("denied: certificate not mapped");
    expect(told(login.begin({ user: "CN=a" }, FACTS))).toBe("denied: certificate required");
    expect(told(login.begin({}, facts("CN=b")))).toBe("denied: password wrong");
    expect(told(login.begin({ pass: "p" }, facts("CN=b")))).toBe("certificate CN=b $G");
    // The same users on a listener that does not look at certificates.
    expect(told(begin({ users }, { user: "CN=a" }))).toBe("denied: certificate required");
  });
});

test("AN-10, AN-11, AZ-03: problems of a specification", () => {
  const nkey = createNkey().key;
  const problems = validateAuth(
    spec({
      users: [
        { user: "a", password: "p", permissions: { publish: { allow: ["a b"] } } },
        { user: "a", password: "p" },
        { user: "", nkey },
        { user: "", nkey },
        { user: "", nkey: `${nkey.slice(0, 55)}${nkey.endsWith("A") ? "B" : "A"}` },
      ],
      noAuthUser: "b",
    }),
  );
  expect(problems.map((problem) => problem.message)).toEqual([
    'invalid permissions for user "a": publish allow: subject "a b" is not a valid subject',
    'Duplicate user "a" detected',
    `Duplicate nkey "${nkey}" detected`,
    "Not a valid public nkey for a user",
    'no_auth_user: "b" not present as user or nkey in authorization block or account configuration',
  ]);
  expect(validateAuth(spec({ noAuthUser: "b" }))[0]?.message).toBe(
    'no_auth_user: "b" present, but users/nkeys are not defined',
  );
  expect(validateAuth(spec({ users: [{ user: "b" }], noAuthUser: "b" }))).toEqual([]);
});
