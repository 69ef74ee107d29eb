// Users, permissions, accounts, exports, imports and mappings out of a file. Test.
import { describe, expect, it, test } from "vitest";
import { errorsOf, loadText, optionsOf } from "./testdata/memory-source.ts";

const USER_KEY = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
const ACCOUNT_KEY = "AAYFK6U7YTUQ4M2YPWRMP3ARGZNYBJOK54KDSXUDVDG7EFZ4MGDKW6JO";
const HASH = "$2a$11$W2zko751KUvVy59mUTWmpOdWjpEm5qhcCZRd05GjI/sSOT.xtiHyG";

/** The same without the places, which other tests look at. */
function withoutPlaces(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, item: unknown) => (key === "at" ? undefined : item)),
  );
}

describe("authorization", () => {
  it("CK-09, AN-01, AN-03, AN-05, AN-06, AN-16: user, token, bcrypt, environment", () => {
    expect(optionsOf(`authorization { user: a, password: ${HASH}, timeout: 3 }`).auth).toEqual({
      user: "a",
      password: HASH,
      users: [],
      authorizationBlock: true,
      tlsMap: false,
      authTimeoutMs: 3_000,
      authTimeoutIsDefault: false,
    });
    const { auth } = optionsOf("authorization { token: $T }", { T: "'x y'" });
    expect(auth.token).toBe("x y");
    const hashes = optionsOf(`H: ${HASH}\nauthorization { users: [{user: a, pass: $H}] }`);
    expect(hashes.auth.users[0]?.password).toBe(HASH);
    expect(optionsOf("authorization { user: a, pass: '$2b$x' }").auth.password).toBe("$2b$x");
  });

  test.each([
    ["AN-02", "user: a, token: t", "Cannot have a user/pass and token"],
    ["AN-02", "user: a, users: []", "Can not have a single user/pass and a users array"],
    ["AN-02", "token: a, users: []", "Can not have a token and a users array"],
    ["AN-04", "users: [{pass: a}]", "User entry requires a user"],
    ["AN-10", "users: [{user: a}, {user: a}]", 'Duplicate user "a" detected'],
    ["AN-10", "users: [{nkey: UABC}]", "Not a valid public nkey for a user"],
    [
      "AN-10",
      `users: [{nkey: ${USER_KEY}}, {nkey: ${USER_KEY}}]`,
      `Duplicate nkey "${USER_KEY}" detected`,
    ],
    ["AN-13", "users: [{user: a, clients: [x, MQTT, y]}]", 'invalid connection types ["x" "y"]'],
    [
      "AZ-02",
      "users: [{user: a, permissions: {publish: {only: b}}}]",
      "Unknown field name \"only\" parsing subject permissions, only 'allow' or 'deny' are " +
        "permitted",
    ],
    [
      "AZ-03",
      "users: [{permissions: {publish: 'a q'}, user: u}]",
      'invalid permissions for user "u": publish allow: subject "a q" is not a valid subject',
    ],
    [
      "AZ-03",
      "users: [{user: u, permissions: {sub: {deny: ['a', 'b..c q']}}}]",
      'invalid permissions for user "u": subscribe deny: subject "b..c" is not a valid subject',
    ],
  ])("%s %s", (_row, block, message) => {
    expect(errorsOf(`authorization { ${block} }`)).toEqual([message]);
  });

  it("AN-10: a duplicate is reported where it stands", () => {
    const result = loadText(
      "authorization {\n  users: [\n    {user: a}\n    {user: b}\n    {user: a}\n  ]\n}\n",
    );
    expect(result.ok ? [] : result.errors.map(({ at }) => [at?.line, at?.column])).toEqual([
      [5, 5],
    ]);
  });

  it("AN-11: no_auth_user has to exist", () => {
    expect(errorsOf("no_auth_user: x")).toEqual([
      'no_auth_user: "x" present, but users/nkeys are not defined',
    ]);
    expect(errorsOf("no_auth_user: x\naccounts { A { users: [{user: a}] } }")).toEqual([
      'no_auth_user: "x" not present as user or nkey in authorization block or account ' +
        "configuration",
    ]);
    const { auth } = optionsOf("no_auth_user: a\naccounts { A { users: [{user: a}] } }");
    expect(auth.noAuthUser).toBe("a");
  });

  it("AN-15: a long timeout is a warning", () => {
    const result = loadText("authorization { timeout: 1m }");
    expect(result.ok && result.options.auth.authTimeoutMs).toBe(1e9);
    expect(result.warnings[0]?.message).toContain("consider keeping it under 60 seconds");
  });
});

describe("permissions", () => {
  function permissionsOf(text: string): unknown {
    return optionsOf(`authorization { users: [{user: a, permissions: { ${text} }}] }`).auth.users[0]
      ?.permissions;
  }

  test.each<[string, string, unknown]>([
    ["AZ-01", "publish: a", { publish: { allow: ["a"] } }],
    ["AZ-01", "pub: [a, 'b.>']", { publish: { allow: ["a", "b.>"] } }],
    ["AZ-01", "import: a, export: b", { publish: { allow: ["a"] }, subscribe: { allow: ["b"] } }],
    ["AZ-01", "sub: {deny: a}", { subscribe: { deny: ["a"] } }],
    ["AZ-01", "publish: {}", {}],
    ["AZ-09", "sub: ['a q', 'b v1.>']", { subscribe: { allow: ["a q", "b v1.>"] } }],
    [
      "AZ-11",
      "allow_responses: true",
      { publish: { allow: [] }, responses: { messagesMax: 1, expiresMs: 120_000 } },
    ],
    [
      "AZ-11",
      "publish_allow_responses: {max_msgs: -1, expiration: '-1s'}",
      { publish: { allow: [] }, responses: { messagesMax: -1, expiresMs: -1_000 } },
    ],
    [
      "AZ-11",
      "allow_responses: {max: 0, ttl: '0s'}",
      { publish: { allow: [] }, responses: { messagesMax: 1, expiresMs: 120_000 } },
    ],
    [
      "AZ-12",
      "allow_responses: {max: 5}, publish: {deny: d}",
      {
        publish: { allow: [], deny: ["d"] },
        responses: { messagesMax: 5, expiresMs: 120_000 },
      },
    ],
    [
      "AZ-12",
      "allow_responses: yes, publish: a",
      { publish: { allow: ["a"] }, responses: { messagesMax: 1, expiresMs: 120_000 } },
    ],
  ])("%s %s", (_row, text, expected) => {
    expect(permissionsOf(text)).toEqual(expected);
  });

  it("AZ-05: an empty allow list allows everything, and that is pointed out", () => {
    const result = loadText("authorization { users: [{user: a, permissions: {publish: []}}] }");
    expect(result.ok && result.options.auth.users[0]?.permissions).toEqual({});
    expect(result.warnings[0]?.message).toContain("an empty list allows everything");
    expect(result.warnings[0]?.advisory).toBe(true);
  });

  it("AN-01: an empty token or password lets in without it, and that is pointed out", () => {
    for (const [text, then] of [
      ['token: ""', "an empty token is none: clients need not show one"],
      ['user: a, pass: ""', "an empty pass is none: the name alone lets in"],
    ]) {
      const { ok, warnings } = loadText(`authorization { ${text} }`);
      expect([ok, warnings]).toMatchObject([true, [{ message: then, advisory: true }]]);
    }
    const { warnings } = loadText("authorization { token: $T }", { T: "" });
    expect(warnings).toMatchObject([
      { message: "an empty token is none: clients need not show one" },
    ]);
  });

  it("AN-14: default permissions fill in for users of their block only", () => {
    const { auth } = optionsOf(
      "authorization { users: [{user: a}, {user: b, permissions: {pub: own}}]\n" +
        "  default_permissions: {pub: top} }\n" +
        "accounts { A { users: [{user: c}], default_permissions: {sub: acc} }\n" +
        "  B { users: [{user: d}] } }\n",
    );
    expect(auth.users.map(({ user, permissions }) => [user, permissions])).toEqual([
      ["a", { publish: { allow: ["top"] } }],
      ["b", { publish: { allow: ["own"] } }],
      ["c", { subscribe: { allow: ["acc"] } }],
      ["d", undefined],
    ]);
  });
});

describe("accounts", () => {
  const NESTED = `
    SECRET: "s3cret"
    accounts: {
      A: {
        nkey: ${ACCOUNT_KEY}
        users: [
          { user: a, password: $SECRET, allowed_connection_types: [standard, MQTT] }
          { nkey: ${USER_KEY}, permissions: { publish: { deny: "x.>" } } }
        ]
        exports: [
          { stream: "pub.>" }
          { service: "req.*", accounts: [B], response_type: Stream, threshold: "10s" }
          { service: "who.*.x", account_token_position: 2, allow_trace: true }
          { service: "m.1", latency: "got.1" }
          { service: "m.2", latency: { sampling: "5%", subject: "got.2" } }
          { service: "m.3", latency: { sampling: 7, subject: "got.3" } }
          { service: "m.4", latency: { sampling: " Headers", subject: "got.4" } }
        ]
        mappings: {
          foo: bar
          "a.*": [ { dest: "b.$1", weight: 40% }, { destination: "c.$1", weight: 60, cluster: e } ]
        }
        limits: { max_conn: 10, max_subs: 20, max_pay: 1k, max_leafs: -1 }
      }
      B: {
        imports: [
          { stream: { account: A, subject: "pub.x" }, prefix: in, allow_trace: true }
          { stream: { account: A, subject: "pub.*" }, to: "y.*" }
          { service: { account: A, subject: "req.1" }, to: one, share: true }
        ]
        default_permissions: { publish: "b.>" }
        users [ { user: b } ]
      }
    }`;

  const measured = (subject: string, samplingPercent: number | "headers", results: string) => ({
    kind: "service",
    subject,
    latency: { samplingPercent, subject: results },
  });

  it("CK-07, AC-03, AC-06, AC-20, AC-21, AC-60, SU-30: everything of an account", () => {
    const { accounts, auth } = optionsOf(NESTED);
    expect(withoutPlaces(accounts)).toEqual([
      {
        name: "A",
        nkey: ACCOUNT_KEY,
        exports: [
          { kind: "stream", subject: "pub.>" },
          {
            kind: "service",
            subject: "req.*",
            accounts: ["B"],
            responseType: "stream",
            responseThresholdMs: 10_000,
          },
          { kind: "service", subject: "who.*.x", accountTokenPosition: 2, allowTrace: true },
          measured("m.1", 100, "got.1"),
          measured("m.2", 5, "got.2"),
          measured("m.3", 7, "got.3"),
          measured("m.4", "headers", "got.4"),
        ],
        mappings: [
          { source: "foo", destinations: [{ subject: "bar" }] },
          {
            source: "a.*",
            destinations: [
              { subject: "b.$1", weight: 40 },
              { subject: "c.$1", weight: 60, cluster: "e" },
            ],
          },
        ],
        limits: {
          connectionsMax: 10,
          subscriptionsMax: 20,
          payloadBytesMax: 1_000,
          leafnodesMax: -1,
        },
      },
      {
        name: "B",
        imports: [
          { kind: "stream", account: "A", subject: "pub.x", prefix: "in", allowTrace: true },
          { kind: "stream", account: "A", subject: "pub.*", to: "y.*" },
          { kind: "service", account: "A", subject: "req.1", to: "one", share: true },
        ],
        defaultPermissions: { publish: { allow: ["b.>"] } },
      },
    ]);
    expect(withoutPlaces(auth.users)).toEqual([
      {
        user: "a",
        password: "s3cret",
        allowedConnectionTypes: ["STANDARD", "MQTT"],
        account: "A",
      },
      { user: "", nkey: USER_KEY, permissions: { publish: { deny: ["x.>"] } }, account: "A" },
      { user: "b", account: "B", permissions: { publish: { allow: ["b.>"] } } },
    ]);
  });

  it("CF-15: what is judged later keeps its place", () => {
    const { accounts } = optionsOf(NESTED);
    const [first, second] = accounts;
    expect(first?.exports?.[1]?.at).toEqual({ file: "test.conf", line: 12, column: 11 });
    expect(second?.imports?.[2]?.at?.line).toBe(29);
    expect(first?.mappings?.[1]?.at?.line).toBe(21);
  });

  it("AC-05, CK-23: the system account", () => {
    expect(optionsOf("port: 1")).toMatchObject({ systemAccount: "$SYS", noSystemAccount: false });
    const none = optionsOf("no_sys_acc: true");
    expect([none.systemAccount, none.noSystemAccount]).toEqual([undefined, true]);
    expect(optionsOf("system: S\naccounts: [S]\nno_system: true")).toMatchObject({
      systemAccount: "S",
      noSystemAccount: false,
    });
    expect(errorsOf("system: S")).toEqual(["error resolving system account: account missing"]);
  });

  test.each([
    ["AC-02", "accounts: ['$G']", '"$G" is a Reserved Account'],
    ["AC-02", "accounts: [A, A]", "Duplicate Account Entry: A"],
    ["AC-04", `accounts { A { nkey: ${USER_KEY} } }`, "Not a valid public nkey for an account: "],
    ["AC-06", "accounts { A { limits { x: 1 } } }", 'Unknown field "x" parsing account limits'],
    [
      "AC-23",
      "accounts { A { exports: [{stream: x, accounts: [B]}] } }",
      '"B" account not defined for stream export',
    ],
    [
      "AC-23",
      "accounts { A { imports: [{service: {account: B, subject: x}}] } }",
      '"B" account not defined for service import',
    ],
    [
      "AC-20",
      "accounts { A { exports: [{threshold: '5s', stream: x}] } }",
      "Detected response directive on non-service",
    ],
    [
      "AC-25",
      "accounts { A { imports: [{to: x, prefix: y, stream: {account: A, subject: z}}] } }",
      "Stream import can not have a 'prefix' and a 'to' property",
    ],
    [
      "AC-38",
      "accounts { A { imports: [{service: {account: A, subject: x}, to: y}, " +
        "{service: {account: A, subject: z}, to: y}] } }",
      'Duplicate service import subject "y", previously used in import for account "A", ' +
        'subject "x"',
    ],
    ["SU-36", "maps { a: [{dest: b}] }", 'Missing weight for mapping destination "b"'],
    ["SU-36", "maps { a: {dest: b, weight: 101%} }", "Invalid weight 101 for mapping destination"],
    ["SU-36", "maps { 'a..b': c }", 'Subject "a..b" is not a valid subject'],
  ])("%s %s", (_row, text, message) => {
    const errors = errorsOf(text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
  });

  it("AC-02, as corrected: a single word is accepted and pointed out", () => {
    const result = loadText("accounts: A");
    expect(result.ok && result.options.accounts).toEqual([]);
    expect(result.warnings[0]?.advisory).toBe(true);
  });

  it("SU-30, CK-05: mappings of the global account", () => {
    expect(withoutPlaces(optionsOf("maps { a: b }").globalMappings)).toEqual([
      { source: "a", destinations: [{ subject: "b" }] },
    ]);
  });
});
