// Findings of each kind of claims in the reference's words. (That they are all, and the same, was
// shown against the reference's library over random claims: docs/formats/jwt.md.)
import { describe, expect, test } from "vitest";
import type { AccountBody, Claims, ImportClaim, OperatorBody, UserBody } from "../claims/claims.ts";
import {
  newAccountClaims,
  newActivationClaims,
  newAuthorizationRequestClaims,
  newAuthorizationResponseClaims,
  newExport,
  newImport,
  newOperatorClaims,
  newUserClaims,
  newUserScope,
} from "../claims/new-claims.ts";
import { verifier } from "../testing/reading.ts";
import { publicKey } from "../testing/test-keys.ts";
import { isBlocking, quote } from "./findings.ts";
import { parseGoUrl } from "./go-url.ts";
import { validateClaims } from "./validate.ts";

const NOW = 1_795_000_000;

const textsOf = (claims: Claims) =>
  validateClaims(claims, NOW, verifier).map(({ level, text }) => `${level}: ${text}`);

const account = (nats: Partial<AccountBody>) => {
  const claims = newAccountClaims(publicKey("account", 1));
  return textsOf({ ...claims, nats: { ...claims.nats, ...nats } });
};
const operator = (nats: Partial<OperatorBody>) => {
  const claims = newOperatorClaims(publicKey("operator", 1));
  return textsOf({ ...claims, nats: { ...claims.nats, ...nats } });
};
const user = (nats: Partial<UserBody>) => {
  const claims = newUserClaims(publicKey("user", 1));
  return textsOf({ ...claims, nats: { ...claims.nats, ...nats } });
};

describe("findings", () => {
  test("new claims have none but those for what they lack", () => {
    expect(account({})).toEqual([]);
    expect(operator({})).toEqual([]);
    expect(user({})).toEqual([]);
    expect(textsOf(newActivationClaims("x"))).toEqual([
      'error: invalid import type: "unknown"',
      "error: subject cannot be empty",
    ]);
    expect(textsOf(newAuthorizationRequestClaims("x"))).toEqual(["error: User nkey is required"]);
    expect(textsOf(newAuthorizationResponseClaims("x"))).toEqual([
      "error: Subject must be a user public key",
      "error: Audience must be a server public key",
      "error: Error or Jwt is required",
    ]);
  });

  test("AN-50, AN-53: what every login has to look through is bounded, wherever it is said", () => {
    const hour = { start: "08:00:00", end: "09:00:00" };
    const allow = Array.from({ length: 4_097 }, (_, at) => `a.${at}`);
    const networks = allow.map(() => "10.0.0.0/8");
    const times = Array.from({ length: 257 }, () => hour);
    const long = [...Array.from({ length: 4 }, () => "x".repeat(65_535)), "y".repeat(5)];
    const rest = { deny: undefined };
    const fine = {
      publish: { allow: allow.slice(2), ...rest },
      subscribe: { allow: ["x"], ...rest },
      sourceNetworks: networks.slice(1),
      times: times.slice(1),
    };
    const found = [
      "4097 permission entries, at most 4096 are taken",
      "257 times of day, at most 256 are taken",
      "4097 source networks, at most 4096 are taken",
    ];
    const over = {
      ...fine,
      publish: { allow: allow.slice(1), ...rest },
      sourceNetworks: networks,
      times,
    };
    const tooLong = { allow: long, ...rest };
    expect(user(fine)).toEqual([]);
    expect(user(over).sort()).toEqual(found.map((text) => `error: ${text}`).sort());
    expect(user({ publish: tooLong })).toEqual([
      "error: 262145 characters of permission entries, at most 262144 are taken",
    ]);
    const deep = [...Array.from({ length: 8 }, () => `${"a.".repeat(2_047)}b`), "c"];
    expect(user({ publish: { allow: deep, ...rest } })).toEqual([
      "error: 16385 tokens of permission entries, at most 16384 are taken",
    ]);
    const key = publicKey("account", 2);
    const template = (more: Partial<UserBody>) => {
      const scope = newUserScope(key);
      const signingKeys = new Map([[key, { ...scope, template: { ...scope.template, ...more } }]]);
      return account({ signingKeys });
    };
    expect(template(fine)).toEqual([]);
    expect(template(over).sort()).toEqual(
      found.map((text) => `error: template of ${key}: ${text}`).sort(),
    );
    const silent = newAccountClaims(key).nats.defaultPermissions;
    expect(account({ defaultPermissions: { ...silent, subscribe: tooLong } })).toEqual([
      "error: default permissions: 262145 characters of permission entries, at most 262144 are taken",
    ]);
  });

  test("times are findings of their own level", () => {
    const claims = newUserClaims(publicKey("user", 1));
    const late = { ...claims, expiresAtSeconds: NOW - 1, notBeforeSeconds: NOW + 1 };
    const findings = validateClaims(late, NOW, verifier);
    expect(findings.map(({ text }) => text)).toEqual([
      "claim is expired",
      "claim is not yet valid",
    ]);
    expect(isBlocking(findings, false)).toBe(false);
    expect(isBlocking(findings, true)).toBe(true);
  });

  test("AN-41: operators", () => {
    expect(operator({ operatorServiceUrls: ["nats://u:p@h", "http://h", "nats://h/x"] })).toEqual([
      'error: operator service url "nats://u:p@h" - credentials are not supported',
      "error: operator service url \"http://h\" - protocol not supported (only 'nats', 'tls', 'ws', 'wss' only)",
      'error: operator service url "nats://h/x" - paths are not supported',
    ]);
    expect(operator({ accountServerUrl: "host" })).toEqual([
      'error: account server url "host" requires a protocol',
    ]);
    expect(
      operator({ signingKeys: ["x"], systemAccount: "y", assertServerVersion: "1.2" }),
    ).toEqual([
      "error: x is not an operator public key",
      "error: y is not an account public key",
      "error: assert server version error: asserted server version must be of the form <major>.<minor>.<update>",
    ]);
  });

  test("AN-50: users", () => {
    const side = (allow: string[]) => ({ allow, deny: undefined });
    expect(user({ publish: side(["a b", "a b c", "..", ""]), subscribe: side(["a b"]) })).toEqual([
      'error: Permission Subject "a b" is not allowed to contain queue',
      'error: Permission Subject "a b c" contains too many spaces',
      'error: subject ".." cannot start or end with a `.`',
      'error: subject ".." cannot contain consecutive `.`',
      "error: subject cannot be empty",
    ]);
    expect(
      user({
        sourceNetworks: ["1.2.3.4"],
        times: [{ start: "", end: "x" }],
        timesLocation: "Nowhere",
      }),
    ).toEqual([
      'error: invalid cidr "1.2.3.4" in user src limits',
      "error: time ranges start must contain a start",
      'error: end in time range is invalid "x"',
      "error: could not parse iana time zone by name: unknown time zone Nowhere",
    ]);
  });

  test("AC-55, AC-70, AN-70: accounts", () => {
    const { limits } = newAccountClaims("x").nats;
    const tier = { ...limits, streamsMax: 1 };
    expect(account({ limits: { ...limits, streamsMax: 1, tiers: new Map([["", tier]]) } })).toEqual(
      [
        "error: JetStream Limits and tiered JetStream Limits are mutually exclusive",
        'error: Tiered JetStream Limits can not contain a blank "" tier name',
      ],
    );
    const to = (weight: number, cluster = "") => ({ subject: "b", weight, cluster });
    expect(
      account({ mappings: new Map([["a", [to(60), to(50), to(70, "c"), to(60, "c")]]]) }),
    ).toEqual([
      'error: Mapping "a" in cluster "c" exceeds 100% among all of it\'s weighted to mappings',
      'error: Mapping "a" exceeds 100% among all of it\'s weighted to mappings',
    ]);
    expect(account({ trace: { destination: "a.*", sampling: 101 } })).toHaveLength(2);
    expect(
      account({ authorization: { authUsers: [], allowedAccounts: ["*", "x"], xkey: "y" } }),
    ).toEqual([
      "error: External authorization cannot have accounts without users specified",
      'error: AllowedAccounts can only be a list of accounts or "*"',
      'error: Account "x" is not a valid account public key',
      'error: XKey "y" is not a valid public xkey',
    ]);
    expect(
      account({ clusterTraffic: "odd", infoUrl: "x", description: "d".repeat(9_000) }),
    ).toEqual([
      "error: Description is too long",
      "error: error parsing info url: no hostname or scheme",
      'error: unknown cluster traffic option: "odd"',
    ]);
  });
});

describe("bounds", () => {
  const service = (subject: string): ImportClaim =>
    newImport("service", subject, publicKey("account", 2));

  test("attack 45: 20,000 imports, also such that nearly overlap, are judged in bounded time", () => {
    const digits = (number: number) => number.toString(2).padStart(13, "0").split("");
    const pattern = (number: number) =>
      digits(number)
        .map((digit) => (digit === "1" ? "*" : "a"))
        .join(".");
    const lists = [
      Array.from({ length: 20_000 }, (_, at) => service(`s.${at}.x`)),
      Array.from({ length: 8_000 }, (_, at) => service(`${pattern(at)}.b${at}`)),
      Array.from({ length: 20_000 }, () => service("a.>")),
      Array.from({ length: 8_000 }, (_, at) => service(at === 0 ? ">" : `a.${at}`)),
    ];
    for (const [at, imports] of lists.entries()) {
      const started = performance.now();
      const found = account({ imports });
      expect(performance.now() - started, `list ${at}`).toBeLessThan(10_000);
      expect(found.length).toBeLessThan(1_200);
      expect(found.length > 0, `list ${at}`).toBe(at >= 1);
    }
  });

  test("a long subject that many findings quote costs no more than a short one", () => {
    const long = `${"$9.".repeat(2_000)}"x`;
    const marked = `${"a.".repeat(2_000)}"x`;
    // A thousand short ones contain the long one.
    const wide = Array.from({ length: 1_024 }, (_, at) => {
      const bits = at.toString(2).padStart(10, "0").replaceAll("1", "*").replaceAll("0", "a");
      return `${[...bits].join(".")}.>`;
    });
    const exported = (subject: string) => newExport("stream", subject);
    const lists: readonly Partial<AccountBody>[] = [
      { imports: [{ ...service("a.*"), localSubject: long.replace('"', "") }] },
      { imports: [{ ...service("a.*"), localSubject: long }] },
      { imports: [...wide, marked].map(service) },
      { exports: [...wide, marked].map(exported) },
    ];
    for (const [at, body] of lists.entries()) {
      const started = performance.now();
      const found = account(body);
      const characters = found.join("").length;
      expect(performance.now() - started, `list ${at}`).toBeLessThan(at === 0 ? 200 : 2_000);
      expect(found.length, `list ${at}`).toBeGreaterThan(2);
      expect(characters, `list ${at}`).toBeLessThan(2_000_000);
      expect(found).toContain("error: more findings are not listed");
    }
  });

  test("AC-50, AC-53, AC-55, AN-50: no subject is longer than that of any message", () => {
    const full = `${"a.".repeat(2_048)}b`;
    const over = `${"a.".repeat(2_048)}*.b`;
    const wide = `a.${"x".repeat(65_534)}`;
    const many = (at: string) =>
      `error: ${at}subject that begins with ${quote(over.slice(0, 40))} has 2050 tokens, at most 2049 are possible`;
    const rules = (entry: string) => ({
      publish: { allow: [entry], deny: undefined },
      subscribe: { allow: undefined, deny: [entry] },
    });
    const of = (subject: string): readonly Partial<AccountBody>[] => [
      { mappings: new Map([[subject, [{ subject: "b", weight: 0, cluster: "" }]]]) },
      { mappings: new Map([["b", [{ subject, weight: 0, cluster: "" }]]]) },
      { exports: [newExport("service", subject)] },
      { imports: [service(subject)] },
      { imports: [{ ...service("a"), localSubject: subject }] },
      { imports: [{ ...service("a"), to: subject }] },
    ];
    for (const [at, body] of of(over).entries()) {
      expect(account(body), `case ${at}`).toContain(many(""));
    }
    for (const body of of(wide)) {
      expect(account(body).join("; ")).toContain(" has 65536 bytes, at most 65535 are possible");
    }
    for (const body of of(full)) {
      expect(account(body).filter((text) => text.startsWith("error"))).toEqual([]);
    }
    expect(user(rules(over))).toEqual([many(""), many("")]);
    expect(user(rules(full))).toEqual([]);
    const key = publicKey("account", 3);
    const scope = newUserScope(key);
    const template = { ...scope.template, ...rules(over) };
    expect(account({ signingKeys: new Map([[key, { ...scope, template }]]) })).toEqual([
      many(`template of ${key}: `),
      many(`template of ${key}: `),
    ]);
  });

  test("AC-50: subjects that are refused for their length are not compared with others", () => {
    const long = (start: string) => `${start}${".a".repeat(1_000_000)}`;
    const { user: before } = process.threadCpuUsage();
    const found = account({
      exports: [newExport("stream", long("a")), newExport("stream", long("b"))],
      imports: [service(long("c")), service(long("d"))],
    });
    expect(found).toHaveLength(4);
    expect((process.threadCpuUsage().user - before) / 1_000).toBeLessThan(200);
  });

  test("overlaps are told as the reference tells them", () => {
    const name = quote(publicKey("account", 2));
    expect(account({ imports: [service("a.*"), service("a.b"), service("a.*")] })).toEqual([
      `error: overlapping subject namespace for "a.b" and "a.*" in same account ${name}`,
      `error: overlapping subject namespace for "a.*" and "a.b" in same account ${name}`,
      `error: overlapping subject namespace for "a.*" and "a.*" in same account ${name}`,
      `error: overlapping subject namespace for "a.*" in account ${name}`,
    ]);
  });
});

describe("texts of Go", () => {
  test("quoted strings", () => {
    expect(quote('a"\\\n\u0001\u007f\u00a0é😀\u2028')).toBe(
      '"a\\"\\\\\\n\\x01\\x7f\\u00a0é😀\\u2028"',
    );
  });

  test.each([
    ["http://h:x", 'parse "http://h:x": invalid port ":x" after host'],
    [":", 'parse ":": missing protocol scheme'],
    ["a:b/c", ""],
    ["1a:b", 'parse "1a:b": first path segment in URL cannot contain colon'],
    ["http://[::1", "parse \"http://[::1\": missing ']' in host"],
    ["http://a b/", 'parse "http://a b/": invalid character " " in host name'],
    ["http://h/%zz", 'parse "http://h/%zz": invalid URL escape "%zz"'],
    ["http://u^@h", 'parse "http://u^@h": net/url: invalid userinfo'],
    ["http://h\u0001", 'parse "http://h\\x01": net/url: invalid control character in URL'],
    ["http://[::1]:80/x", ""],
  ])("URL %s", (text, error) => {
    const parsed = parseGoUrl(text);
    expect(parsed.ok ? "" : parsed.error).toBe(error);
  });
});
