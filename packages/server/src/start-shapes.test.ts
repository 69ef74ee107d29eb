// Wrong options of an embedding program: each is a finding with its place, and nothing starts.
import { CONFIG_LIMITS, defaultOptions, loadConfig, textSource } from "@weft/config";
import { describe, expect, it, test } from "vitest";
import { sha256Hex } from "./file-source.ts";
import { ConfigurationError, configurationOf, startServer } from "./index.ts";
import { startProblems } from "./start-shapes.ts";
import { VERDICTS } from "./testdata/verdicts/index.ts";

/** Options as JavaScript may give them. */
type Wrong = Parameters<typeof startServer>[0] & object;
const wrong = (value: unknown): Wrong => value as Wrong;

const { limits, logging } = defaultOptions();
const monitoring = { host: "127.0.0.1", port: 0, secure: false, basePath: "" };
const NKEY = "UBVFBDWUU2EETM4HNBJPEKAYR4QVRB5JCAXSLODGSZHZTMYNV4HFIHBB";
const workers = 'must be "auto" or a number from 1 to 63';

const TABLE: readonly (readonly [unknown, ...string[]])[] = [
  [null, "expected an object, got null"],
  ["server.conf", "expected an object, got a string"],
  [[], "expected an object, got an array"],
  [{ portt: 1 }, "portt: unknown option"],
  [JSON.parse('{ "__proto__": 1 }'), "__proto__: unknown option"],
  [{ port: 99_999 }, "port: 99999 is out of the range from -1 to 65535"],
  [{ port: -5 }, "port: -5 is out of the range from -1 to 65535"],
  [{ port: 1.5 }, "port: expected an integer, got 1.5"],
  [{ port: Number.NaN }, "port: expected an integer, got NaN"],
  [{ port: "4222" }, "port: expected an integer, got a string"],
  [{ port: null }, "port: expected an integer, got null"],
  [{ host: 5 }, "host: expected a string, got 5"],
  [{ host: "" }, "host: must not be empty"],
  ...[0, 1.5, 64, -1, "2", "AUTO"].map(
    (count) => [{ workers: count }, `workers: ${workers}`] as const,
  ),
  [{ name: 7 }, "name: expected a string, got 7"],
  [{ name: "a b" }, "name: server name cannot contain spaces"],
  [{ configFile: 7 }, "configFile: expected a string, got 7"],
  [{ config: Buffer.from("") }, "config: expected a string, got an object"],
  [
    { config: "", configFile: "" },
    "configFile: must not be empty",
    "give either configFile or config, not both",
  ],
  [{ log: "stdout" }, 'log: must be a function or "stderr"'],
  [{ reloadParts: {} }, "reloadParts: expected an array, got an object"],
  [{ reloadParts: [7] }, "reloadParts[0]: expected an object with functions"],
  [{ reloadParts: [{ prepare: 7 }] }, "reloadParts[0].prepare: expected a function, got 7"],
  [{ authentication: "hook.mjs" }, "authentication: expected a function, got a string"],
  [{ authentication: {} }, "authentication.hook: is missing"],
  [
    { authentication: { hook: () => "next", timeoutMs: 60_001, authUser: ["a"] } },
    "authentication.timeoutMs: 60001 is out of the range from 1 to 60000",
    "authentication.authUser: unknown option",
  ],
  [{ users: {} }, "users: expected an array, got an object"],
  [{ users: [undefined] }, "users[0]: expected an object, got undefined"],
  [{ users: [{ user: "a", pass: "secret" }] }, "users[0].pass: unknown option"],
  [
    { users: [{ password: 7 }] },
    "users[0].user: is missing",
    "users[0].password: expected a string, got 7",
  ],
  [
    { users: [{ user: "a", permissions: { publish: { allow: "x" } } }] },
    "users[0].permissions.publish.allow: expected an array, got a string",
  ],
  [
    { users: [{ user: "a", permissions: { pub: { deny: [">"] } } }] },
    "users[0].permissions.pub: unknown option",
  ],
  [
    { users: [{ user: "a", allowedConnectionTypes: ["standard"] }] },
    'users[0].allowedConnectionTypes[0]: must be one of: "STANDARD", "WEBSOCKET", "LEAFNODE", "LEAFNODE_WS", "MQTT", "MQTT_WS", "IN_PROCESS"',
  ],
  [{ accounts: [{}] }, "accounts[0].name: is missing"],
  [
    { accounts: [{ name: "A", limits: { connections: 5, subscriptionsMax: -2 } }] },
    "accounts[0].limits.connections: unknown option",
    "accounts[0].limits.subscriptionsMax: -2 is out of the range from -1 to 2147483647",
  ],
  [
    { accounts: [{ name: "A", exports: [{ subject: "x" }], imports: [{ kind: "service" }] }] },
    "accounts[0].exports[0].kind: is missing",
    "accounts[0].imports[0].account: is missing",
    "accounts[0].imports[0].subject: is missing",
  ],
  [
    {
      accounts: [
        { name: "A", mappings: [{ source: "a", destinations: [{ subject: "b", weight: 101 }] }] },
      ],
    },
    "accounts[0].mappings[0].destinations[0].weight: 101 is out of the range from 0 to 100",
  ],
  [{ options: [] }, "options: expected an object, got an array"],
  [{ options: { nope: 1 } }, "options.nope: unknown option"],
  [{ options: { auth: {} } }, "options.auth: is given by `users` and `accounts`, not here"],
  [
    { authentication: new (class Empty {})() },
    "authentication.hook: expected a function, got undefined",
  ],
  [{ options: { host: undefined } }, "options.host: expected a string, got undefined"],
  [{ options: { port: -1 } }, "options.port: -1 is out of the range from 0 to 65535"],
  [{ options: { workers: 0 } }, `options.workers: ${workers}`],
  [{ options: { serverName: "a b" } }, "options.serverName: server name cannot contain spaces"],
  [
    { options: { limits: { ...limits, maxPayload: -1 } } },
    "options.limits.maxPayload: -1 is out of the range from 0 to 2147483647",
  ],
  [{ options: { pingIntervalMs: 0 } }, "options.pingIntervalMs: 0 is out of the range from 1"],
  [
    { options: { pingIntervalMs: "2m" } },
    "options.pingIntervalMs: expected a number of milliseconds, got a string",
  ],
  [
    { options: { logging: { ...logging, format: "xml" } } },
    'options.logging.format: must be one of: "text", "json"',
  ],
  [
    { options: { logging: { ...logging, remoteSyslog: "x" } } },
    'options.logging.remoteSyslog: invalid network type: ""',
  ],
  [
    { options: { monitoring: { ...monitoring, basePath: "x/" } } },
    'options.monitoring.basePath: must be empty or look like "/x"',
  ],
  [
    { options: { monitoring: { ...monitoring, secure: true } } },
    "options.monitoring: TLS cert and key required for HTTPS",
  ],
  [{ users: [{ user: "" }] }, "users[0].user: must not be empty"],
  [
    { users: [{ user: "a", nkey: NKEY }] },
    "users[0].nkey: must stand without a user's name and password",
  ],
  [{ users: [{ user: "", nkey: "U" }] }, "users[0]: Not a valid public nkey for a user"],
  [{ users: [{ user: "a" }, { user: "a" }] }, 'users[1]: Duplicate user "a" detected'],
  [
    {
      users: [
        { user: "a", password: "b", account: "NOPE" },
        { user: "", nkey: NKEY, account: "" },
      ],
    },
    'users[0].account: "NOPE" account not defined',
    'users[1].account: "" account not defined',
  ],
  [
    { users: [{ user: "a", account: "$SYS" }], options: { noSystemAccount: true } },
    'users[0].account: "$SYS" account not defined',
  ],
  [
    { users: [{ user: "a", permissions: { publish: { allow: ["a..b"] } } }] },
    'users[0]: invalid permissions for user "a": publish allow: subject "a..b" is not a valid subject',
  ],
  [{ accounts: [{ name: "$G" }] }, 'accounts[0]: "$G" is a Reserved Account'],
  [
    {
      accounts: [
        { name: "A", imports: [{ kind: "stream", account: "B", subject: "x" }] },
        { name: "A", mappings: [{ source: "a..b", destinations: [{ subject: "b" }] }] },
      ],
    },
    "accounts[1]: Duplicate Account Entry: A",
    'accounts[0].imports[0]: "B" account not defined for stream import',
  ],
  [
    { options: { systemAccount: "X" } },
    "options.systemAccount: error resolving system account: account missing",
  ],
  [
    { options: { limits: { ...limits, maxPending: 1_000 } } },
    "options.limits: max_payload (1048576) cannot be higher than max_pending (1000)",
  ],
  [
    { options: { lameDuckDurationMs: 1, lameDuckGraceMs: 1 } },
    "options.lameDuckGraceMs: lame duck grace period (1ms) should be strictly lower than lame duck duration (1ms)",
  ],
  [
    {
      options: {
        operator: { operators: [], trustedKeys: [], preloads: {}, resolver: { type: "x" } },
      },
    },
    'options.operator.resolver.type: must be one of: "memory", "url", "full", "cache", "file"',
  ],
  [{ options: { serverTags: "a" } }, "options.serverTags: expected an array, got a string"],
  [
    { options: { featureFlags: { a: "yes" } } },
    "options.featureFlags.a: expected a boolean, got a string",
  ],
  // All at once, those of the configuration too.
  [
    { port: 99_999, workers: 0, config: "prot: 1" },
    "port: 99999 is out of the range from -1 to 65535",
    `workers: ${workers}`,
    'unknown field "prot"',
  ],
];

describe("wrong options reject with ConfigurationError", () => {
  it.each(TABLE.map(([start, ...messages]) => [JSON.stringify(start), start, messages] as const))(
    "%s",
    async (_shown, start, messages) => {
      const error: unknown = await startServer(wrong(start)).then(
        (server) => server.close(),
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ConfigurationError);
      const { problems } = error as ConfigurationError;
      expect(problems.map(({ message }) => message)).toEqual(messages);
    },
  );
});

test("GP-1: what a file says keeps its place there, beside what a program says", () => {
  const config = "accounts { A { users: [ { user: a, password: b } ] } }";
  const users = [{ user: "a", password: "c" }];
  const added = { accounts: [{ name: "A" }], users };
  expect(configurationOf({ config, ...added })).toThrow(
    /^users\[0\]: Duplicate user "a" detected\naccounts\[0\]: Duplicate Account Entry: A$/,
  );
});

test("without a word about the port, a configuration has its own default", () => {
  const placeOf = async (options: Wrong) => {
    const { host, port } = (await configurationOf(options)()).options;
    return `${host}:${port}`;
  };
  return expect(
    Promise.all([{}, { config: "" }, { config: "", port: 0 }, { config: "port: 5" }].map(placeOf)),
  ).resolves.toEqual(["127.0.0.1:0", "0.0.0.0:4222", "0.0.0.0:0", "0.0.0.0:5"]);
});

test("a reload refuses them too", () => {
  expect(configurationOf(wrong({ options: { nope: 1 } }))).toThrow("options.nope: unknown option");
});

test("no secret is shown", () => {
  const secret = "5ecret";
  const users = [{ user: "a", password: [secret], permissions: secret, proxyRequired: secret }];
  const text = JSON.stringify(startProblems({ users, options: { operator: secret, tls: secret } }));
  expect(text).toContain("users[0].password: expected a string, got an array");
  expect(text).not.toContain(secret);
});

test("findings are bounded", () => {
  const users = Array.from({ length: 1_000 }, () => ({}));
  expect(startProblems({ users })).toHaveLength(CONFIG_LIMITS.findingsMax + 1);
});

test("a decision may be an object of a class, with methods that it inherits and a state", () => {
  class Directory {
    readonly known = new Map<string, string>();
    hook(): "next" {
      return "next";
    }
  }
  expect(startProblems({ authentication: new Directory() })).toEqual([]);
});

/** What the language makes of a good file, a program may give too. */
test("what a file can say, a program can", () => {
  let read = 0;
  const wrongly = VERDICTS.flatMap(({ text, environment = {} }) => {
    const source = { ...textSource(text), environment: (name: string) => environment[name] };
    const loaded = loadConfig("x", source, { sha256Hex });
    if (!loaded.ok) return [];
    const { auth, accounts, ...options } = loaded.options;
    const { users } = auth;
    read += 1;
    return startProblems({ users, accounts, options }).map(({ message }) => ({ text, message }));
  });
  expect(wrongly).toEqual([]);
  expect(read).toBeGreaterThan(250);
});
