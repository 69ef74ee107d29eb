import { expect, test } from "vitest";
import { compareOptions } from "./diff.ts";
import { defaultOptions, defaultTls, type ServerOptions } from "./options.ts";
import { pathReader, RELOAD_IGNORED, RELOAD_RULES } from "./reload-rules.ts";

const PORT = 4222;
const before = defaultOptions();
const at = { file: "a.conf", line: 1, column: 1 };

function texts(after: Partial<ServerOptions>, from: ServerOptions = before): string[] {
  const result = compareOptions(from, { ...from, ...after }, PORT);
  if (!result.ok) return result.refusals.map(({ message }) => message);
  return result.changes.map(({ text }) => text);
}

function limits(some: Partial<ServerOptions["limits"]>): Partial<ServerOptions> {
  return { limits: { ...before.limits, ...some } };
}

function logging(some: Partial<ServerOptions["logging"]>): Partial<ServerOptions> {
  return { logging: { ...before.logging, ...some } };
}

function auth(some: Partial<ServerOptions["auth"]>): Partial<ServerOptions> {
  return { auth: { ...before.auth, ...some } };
}

test("nothing is different between a file and itself", () => {
  expect(compareOptions(before, defaultOptions(), PORT)).toEqual({ ok: true, changes: [] });
  const user = { user: "a", password: "a" };
  const one = { ...before, ...auth({ users: [{ ...user, at }] }), accounts: [{ name: "A", at }] };
  const other = {
    ...before,
    ...auth({ users: [{ ...user, at: { ...at, line: 7 } }] }),
    accounts: [{ name: "A" }],
  };
  expect(compareOptions(one, other, PORT)).toEqual({ ok: true, changes: [] });
});

test.each([
  ["max_payload = 5", limits({ maxPayload: 5 })],
  ["max_connections = -1", limits({ maxConnections: -1 })],
  ["max_control_line = 99", limits({ maxControlLine: 99 })],
  ["max_pending = 9", limits({ maxPending: 9 })],
  ["max_subscriptions = 3", limits({ maxSubscriptions: 3 })],
  ["max_traced_msg_len = 10", limits({ maxTracedMessageBytes: 10 })],
  ["ping_interval = 30s", { pingIntervalMs: 30_000 }],
  ["ping_max = 5", { pingMax: 5 }],
  ["write_deadline = 1m30s", { writeDeadlineMs: 90_000 }],
  ["write_timeout = close", { writeTimeout: "close" }],
  ["lame_duck_duration = 1m0s", { lameDuckDurationMs: 60_000 }],
  ["lame_duck_grace_period = 5s", { lameDuckGraceMs: 5_000 }],
  ["fast producers will not be stalled", { noFastProducerStall: true }],
  ["client_advertise = a:1", { clientAdvertise: "a:1" }],
  ["pid_file = p", { pidFile: "p" }],
  ["ports_file_dir = d", { portsFileDir: "d" }],
  ["tags", { serverTags: ["x"] }],
  ["metadata", { serverMetadata: { at: "x" } }],
  ["debug = true", logging({ debug: true })],
  ["trace = true", logging({ trace: true })],
  ["trace_verbose = true", logging({ traceVerbose: true })],
  ["trace_headers = true", logging({ traceHeaders: true })],
  ["logtime = false", logging({ logtime: false })],
  ["logtime_utc = true", logging({ logtimeUtc: true })],
  ["log_file = l", logging({ logFile: "l" })],
  ["authorization username", auth({ user: "a" })],
  ["authorization password", auth({ password: "a" })],
  ["authorization token", auth({ token: "a" })],
  ["authorization users", auth({ users: [{ user: "a", password: "a" }] })],
  ["authorization nkey users", auth({ users: [{ user: "", nkey: "UA" }] })],
  ["authorization timeout = 2.5", auth({ authTimeoutMs: 2_500 })],
  ["accounts", { accounts: [{ name: "A" }] }],
  ["accounts", { globalMappings: [{ source: "a", destinations: [{ subject: "b" }] }] }],
  ["tls = enabled", { tls: defaultTls() }],
] as const)("RL-02 to RL-06: %s", (text, after) => {
  expect(texts(after)).toEqual([text]);
});

test("RL-03: parts of TLS each for themselves", () => {
  const from = { ...before, tls: defaultTls() };
  const tls = { ...defaultTls(), timeoutMs: 500, pinnedCerts: ["a", "b"], handshakeFirst: true };
  expect(texts({ tls }, from)).toEqual([
    "tls timeout = 0.5",
    "2 pinned_certs",
    "Client TLS handshake first: true",
  ]);
  expect(texts({ tls: undefined }, from)).toEqual(["tls = disabled"]);
});

test.each([
  ["ServerName: old=, new=a", { serverName: "a" }],
  ["Host: old=0.0.0.0, new=::", { host: "::" }],
  ["Port: old=4222, new=1", { port: 1 }],
  ["NoSublistCache: old=false, new=true", { disableSublistCache: true }],
  ["NoHeaderSupport: old=false, new=true", { noHeaderSupport: true }],
  ["MaxSubTokens: old=0, new=3", limits({ maxSubscriptionTokens: 3 })],
  ["MaxClosedClients: old=10000, new=1", limits({ maxClosedClients: 1 })],
  ["SystemAccount: old=, new=S", { systemAccount: "S" }],
  ["NoSystemAccount: old=false, new=true", { noSystemAccount: true }],
  ["NoAuthUser: old=, new=a", auth({ noAuthUser: "a" })],
  ["AllowNonTLS: old=false, new=true", { allowNonTls: true }],
  ["FeatureFlags: old=map[], new=map[a:true]", { featureFlags: { a: true } }],
  ["workers: old=auto, new=3", { workers: 3 }],
] as const)("RL-11: not supported for %s", (text, after) => {
  expect(texts(after)).toEqual([`config reload not supported for ${text}`]);
});

test("RL-11: no_auth_user may go only together with the user", () => {
  const users = [{ user: "a", password: "a" }];
  const from = { ...before, auth: { ...before.auth, users, noAuthUser: "a" } };
  expect(texts({ auth: { ...before.auth, users } }, from)).toEqual([
    "config reload not supported for NoAuthUser: old=a, new=",
  ]);
  expect(texts({ auth: before.auth }, from)).toEqual(["authorization users"]);
});

test("RL-11: any free port is the one that is bound", () => {
  expect(texts({ port: 0 })).toEqual([]);
  const any = { ...before, port: 0 };
  expect(compareOptions(any, { ...any, port: 5_000 }, 5_000)).toEqual({ ok: true, changes: [] });
  expect(compareOptions(any, { ...any, port: 5_001 }, 5_000)).toMatchObject({ ok: false });
});

test("RL-12: one refusal refuses all, and all are named", () => {
  const after = { ...limits({ maxPayload: 1, maxClosedClients: 1 }), serverName: "a" };
  expect(texts(after)).toEqual([
    "config reload not supported for ServerName: old=, new=a",
    "config reload not supported for MaxClosedClients: old=10000, new=1",
  ]);
});

test("an option that nobody has thought of is refused by its path, without its value", () => {
  const odd = { ...before, surprise: { secret: "s1" } } as unknown as ServerOptions;
  const odder = { ...before, surprise: { secret: "s2" } } as unknown as ServerOptions;
  const result = compareOptions(odd, odder, PORT);
  expect(result).toEqual({
    ok: false,
    refusals: [{ message: "config reload not supported for surprise.secret" }],
  });
  expect(texts(logging({ extra: 1 } as never))).toEqual([
    "config reload not supported for logging.extra",
  ]);
});

test("every default option has a rule, and no text shows a secret", () => {
  const covered = new Set([...RELOAD_RULES.flatMap(({ paths }) => paths), ...RELOAD_IGNORED]);
  const walk = (value: unknown, path: string): string[] => {
    if (covered.has(path)) return [];
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
    return Object.entries(value).flatMap(([name, item]) =>
      walk(item, path === "" ? name : `${path}.${name}`),
    );
  };
  const full = { ...before, tls: defaultTls() };
  expect(walk(full, "").filter((path) => pathReader(path)(full) !== undefined)).toEqual([]);
  const secrets = auth({
    user: "u",
    password: "s3cret",
    token: "s3cret",
    users: [{ user: "u", password: "s3cret" }],
  });
  expect(texts({ ...secrets, serverName: "a" }).join()).not.toContain("s3cret");
  expect(texts(secrets).join()).not.toContain("s3cret");
});
