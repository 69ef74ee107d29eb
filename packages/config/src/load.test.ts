// From text to options: the table of verdicts, values, errors with their places. Test.
import { describe, expect, it, test } from "vitest";
import { formatProblem, loadConfig, passesConfigTest } from "./load.ts";
import { defaultOptions } from "./options.ts";
import { OPTION_NAMES, OPTION_ROWS } from "./schema.ts";
import { ConfigSourceError, textSource } from "./source.ts";
import {
  errorsOf,
  loadText,
  memorySource,
  optionsOf,
  sha256Hex,
} from "./testdata/memory-source.ts";

describe("schema", () => {
  it("CK-32: gives each spelling to one row", () => {
    const spellings = OPTION_ROWS.flatMap((row) => [row.name, ...row.aliases]);
    expect(OPTION_NAMES.size).toBe(spellings.length);
    expect(spellings.every((key) => key === key.toLowerCase())).toBe(true);
  });

  it("CF-14: reports all unknown fields together, with their places", () => {
    const result = loadText("a: 1\nport: x\nauthorization {\n  b: 2\n}\n$c: 3\n");
    expect(result.ok ? [] : result.errors.map(formatProblem)).toEqual([
      'test.conf:1:1: unknown field "a"',
      'test.conf:2:1: expected an integer for "port", got a string',
      'test.conf:4:3: unknown field "b"',
      'test.conf:6:1: unknown field "$c"',
    ]);
  });

  it("CF-14: bounds the number of errors", () => {
    const text = Array.from({ length: 500 }, (_, index) => `key${index}: 1`).join("\n");
    const errors = errorsOf(text);
    expect(errors).toHaveLength(101);
    expect(errors[100]).toBe("and 400 more errors");
  });

  it("GP-9: two spellings of one option are a warning, the last wins", () => {
    const result = loadText("host: a\nport: 1\nNET: b\n");
    expect(result.ok && result.options.host).toBe("b");
    expect(result.warnings.map(formatProblem)).toEqual([
      'test.conf:3:1: "NET" replaces "host" at test.conf:1:1',
    ]);
    expect(result.warnings[0]?.advisory).toBe(true);
  });

  test.each(OPTION_ROWS.filter((row) => row.feature !== undefined).map((row) => [row]))(
    "refuses the option $name of a missing feature",
    (row) => {
      for (const key of [row.name, ...row.aliases]) {
        const text = `port: 4222\n${key} { x: 1 }\n`;
        expect(errorsOf(text)).toEqual([`"${key}": this version does not support ${row.feature}`]);
        const allowed = loadText(text, {}, { allowUnsupported: true });
        expect(allowed.ok && passesConfigTest(allowed)).toBe(true);
        expect(allowed.warnings).toHaveLength(1);
        expect(loadText(`port: 4222\n${key}: false`).ok).toBe(true);
      }
    },
  );

  it("AN-82: tells of users whom nothing can let in", () => {
    const users = "authorization { users: [ { user: a, proxy_required: true }, { user: b } ] }\n";
    const advised = (text: string) => loadText(text).warnings.map(({ message }) => message);
    expect(advised(users)).toEqual([expect.stringMatching(/^proxy_required without trusted/)]);
    expect(advised("authorization { token: t, proxy_required: true }\n")).toHaveLength(1);
    const key = "NA5V5A5RQ4XW4HGB5CWPH6O54SYEUV2X7FE5G6O5ELRA3Q5OO3GABTFK";
    expect(advised(`${users}proxies { trusted: [ { key: ${key} } ] }\n`)).toEqual([]);
  });

  it("refuses missing features inside blocks", () => {
    const text =
      "accounts { A { jetstream: enabled } }\n" + "tls { ocsp_peer: true }\nwrite_timeout: retry\n";
    expect(errorsOf(text).map((message) => message.replace(/^.*support /, ""))).toEqual([
      "JetStream",
      "OCSP",
      "write_timeout: retry",
    ]);
    expect(loadText(text, {}, { allowUnsupported: true }).ok).toBe(true);
  });
});

describe("loading", () => {
  it("CF-17: an empty file gives the defaults and a warning", () => {
    const result = loadText("# nothing\n");
    expect(result.ok && result.options).toEqual(defaultOptions());
    expect(result.warnings.map(({ message }) => message)).toEqual([
      "config has no values or is empty",
    ]);
  });

  it("options can be cloned to another thread", () => {
    const options = optionsOf("accounts { A { users: [{user: a}] } }\ntls { first: auto }\n");
    expect(structuredClone(options)).toEqual(options);
  });

  it("strict turns every warning into an error", () => {
    expect(loadText("port: 1\nport: 2\n").ok).toBe(true);
    expect(errorsOf("port: 1\nport: 2\n", { strict: true })).toEqual([
      'duplicate key "port" replaces the one at test.conf:1:1',
    ]);
  });

  it("strict lets pass what --allow-unsupported allows", () => {
    const settings = { strict: true, allowUnsupported: true };
    expect(loadText("port: 1\ncluster { port: 1 }\n", {}, settings).ok).toBe(true);
    expect(loadText("port: 1\nport: 2\n", {}, settings).ok).toBe(false);
  });

  it("reports a file that is missing or can not be read", () => {
    const source = {
      ...textSource(""),
      readFile: (path: string): string | undefined => {
        if (path === "gone") return undefined;
        throw new ConfigSourceError(`open ${path}: permission denied`);
      },
    };
    const problems = (path: string): string[] => {
      const result = loadConfig(path, source, { sha256Hex });
      return result.ok ? [] : result.errors.map(formatProblem);
    };
    expect(problems("gone")).toEqual(["gone:1:1: open gone: no such file or directory"]);
    expect(problems("locked")).toEqual(["locked:1:1: open locked: permission denied"]);
  });
});

describe("values", () => {
  it("CK-01, CK-02, CK-03, CF-19: listener", () => {
    expect(optionsOf("port: -1\nhost: h\nclient_advertise: 'c:1'\nserver_name: n")).toMatchObject({
      port: 0,
      host: "h",
      clientAdvertise: "c:1",
      serverName: "n",
    });
    expect(optionsOf('listen: "[::1]:7"')).toMatchObject({ host: "::1", port: 7 });
    expect(optionsOf("listen: 7")).toMatchObject({ host: "0.0.0.0", port: 7 });
    expect(optionsOf("listen: 127.0.0.1:-1")).toMatchObject({ host: "127.0.0.1", port: 0 });
    expect(errorsOf("listen: a")).toEqual(['could not parse address string "a"']);
    expect(errorsOf("listen: 'a:b'")).toEqual(['could not parse port "b"']);
  });

  it("CK-04, CK-15, CK-16: logging and files", () => {
    const text = "debug: true\ntrace_verbose: true\nlogtime: no\nlogtime_utc: yes\nlogfile: l\n";
    expect(optionsOf(text).logging).toEqual({
      ...defaultOptions().logging,
      debug: true,
      trace: true,
      traceVerbose: true,
      traceHeaders: false,
      logtime: false,
      logtimeUtc: true,
      logFile: "l",
    });
    expect(optionsOf("pidfile: p\nports_file_dir: d")).toMatchObject({
      pidFile: "p",
      portsFileDir: "d",
    });
  });

  it("CK-17, CP-16: limits, where zero stands for the default", () => {
    const text =
      "max_payload: 64kb\nmax_pending: 1m\nmax_control_line: 2k\nmax_conn: 5\nmax_subs: 6\n" +
      "max_subscription_tokens: 7\nmax_traced_msg_len: 8\nmax_closed_clients: 9\n";
    expect(optionsOf(text).limits).toEqual({
      maxPayload: 65_536,
      maxPending: 1_000_000,
      maxControlLine: 2_000,
      maxConnections: 5,
      maxSubscriptions: 6,
      maxSubscriptionTokens: 7,
      maxTracedMessageBytes: 8,
      maxClosedClients: 9,
    });
    const zero = "max_payload: 0\nmax_pending: 0\nmax_control_line: 0\nmax_closed_clients: 0\n";
    expect(optionsOf(zero).limits).toEqual(defaultOptions().limits);
    expect(optionsOf("max_connections: 0").limits.maxConnections).toBe(-1);
    expect(optionsOf("max_payload: -1").limits.maxPayload).toBe(64 * 1024 * 1024);
    const high = loadText("max_payload: 9mb");
    expect(high.ok && high.warnings[0]?.message).toContain("over 8.00 MB");
    const wide = loadText("max_control_line: 300000\n");
    expect(wide.ok && wide.warnings.map(formatProblem)).toEqual([
      "test.conf:1:1: control lines above 65000 bytes are refused",
    ]);
    expect(errorsOf("max_payload: 3g")).toEqual(["max_payload value is too big"]);
    expect(errorsOf("max_sub_tokens: -1")).toEqual(["max_sub_tokens value can not be negative"]);
  });

  it("CK-18, CF-18, CK-32: durations, whole seconds with a warning", () => {
    const result = loadText("ping_interval: 5\nwrite_deadline: 3s\nping_max: 4\n");
    expect(result.ok && result.options).toMatchObject({
      pingIntervalMs: 5_000,
      writeDeadlineMs: 3_000,
      pingMax: 4,
    });
    expect(result.warnings).toEqual([
      {
        message:
          'invalid use of field "ping_interval": ping_interval should be converted to a duration',
        at: { file: "test.conf", line: 1, column: 1 },
        advisory: false,
      },
    ]);
    expect(errorsOf("ping_interval: 5x")).toEqual([
      'error parsing ping_interval: time: unknown unit "x" in duration "5x"',
    ]);
  });

  it("CK-21, CK-33: lame duck and rules between options, in the reference's order", () => {
    expect(optionsOf("lame_duck_duration: '1m'\nlame_duck_grace_period: '2s'")).toMatchObject({
      lameDuckDurationMs: 60_000,
      lameDuckGraceMs: 2_000,
    });
    expect(errorsOf("lame_duck_duration: '10s'")).toEqual([
      "invalid lame_duck_duration of 10s, minimum is 30 seconds",
    ]);
    expect(errorsOf("max_payload: 2mb\nmax_pending: 1mb\nlame_duck_grace_period: '2m'\n")).toEqual([
      "lame duck grace period (2m0s) should be strictly lower than lame duck duration (2m0s)",
      "max_payload (2097152) cannot be higher than max_pending (1048576)",
    ]);
  });

  it("SU-06, CK-06: the switch of a cache that is not there", () => {
    for (const key of ["disable_sublist_cache", "no_sublist_cache"]) {
      const result = loadText(`${key}: true`);
      expect(result.ok && result.options.disableSublistCache).toBe(true);
      expect(result.warnings).toEqual([]);
    }
  });

  it("CK-27, CK-28, workers", () => {
    const text = "server_tags: [Az, ' b ', az]\nserver_metadata { __proto__: x }\nworkers: 3\n";
    const options = optionsOf(`${text}feature_flags { f: true }\n`);
    expect(options.serverTags).toEqual(["az", "b"]);
    expect(Object.entries(options.serverMetadata)).toEqual([["__proto__", "x"]]);
    expect(options.workers).toBe(3);
    expect(options.featureFlags).toEqual({ f: true });
    expect(optionsOf("workers: auto").workers).toBe("auto");
    expect(errorsOf("workers: 0")).toEqual(['workers must be "auto" or a number from 1 to 63']);
  });

  it("TL-02 to TL-13: the TLS block", () => {
    const pin = "AB".repeat(32);
    const result = loadText(
      "tls { cert_file: c, key_file: k, ca_file: a, verify_and_map: true, timeout: 1.5\n" +
        "min_version: '1.3', cipher_suites: [TLS_AES_128_GCM_SHA256], first: 300ms\n" +
        `curve_preferences: [X25519], connection_rate_limit: 4, pinned_certs: [${pin}] }\n`,
    );
    if (!result.ok) throw new Error("the block is valid");
    const { tls, auth } = result.options;
    expect(tls).toEqual({
      certFile: "c",
      keyFile: "k",
      caFile: "a",
      certs: [],
      verify: true,
      verifyAndMap: true,
      handshakeFirst: { fallbackMs: 300 },
      minVersion: "1.3",
      cipherSuites: ["TLS_AES_128_GCM_SHA256"],
      curvePreferences: ["X25519"],
      timeoutMs: 1_500,
      insecure: false,
      allowInsecureCipherSuites: false,
      pinnedCerts: [pin.toLowerCase()],
      connectionRateLimit: 4,
    });
    expect(auth).toMatchObject({ tlsMap: true, authTimeoutMs: 2_500 });
    expect(optionsOf("tls { certs: [{cert_file: c, key_file: k}] }").tls?.certs).toEqual([
      { certFile: "c", keyFile: "k" },
    ]);
  });

  it("TL-07, TL-08: what is wrong with versions and suites is named", () => {
    const versions = [`"1.1"`, `"2"`, "1.2"].map((text) =>
      errorsOf(`tls { min_version: ${text} }`),
    );
    expect(versions).toEqual([
      ["error parsing tls config: unsupported TLS version: TLS 1.1"],
      ["error parsing tls config: unknown version: 2"],
      ["error parsing tls config: 'min_version' wrong type: 1.2"],
    ]);
    const suites = "[TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_AES_128_CBC_SHA]";
    expect(errorsOf(`tls { cipher_suites: ${suites} }`)).toEqual([
      "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: " +
        "TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_AES_128_CBC_SHA",
    ]);
    const allowed = loadText(
      `tls { cert_file: c, key_file: k, cipher_suites: ${suites}, allow_insecure_cipher_suites: true }`,
    );
    expect(allowed.ok).toBe(true);
    expect(allowed.warnings.map(({ message }) => message)).toEqual([
      "cipher suites that no longer exist are left out: TLS_RSA_WITH_RC4_128_SHA",
    ]);
  });

  it("TL-02: files are looked at where the source can, at the place of the block", () => {
    const text = "port: 4222\ntls { cert_file: c, key_file: k, ca_file: a }\n";
    const asked: unknown[] = [];
    const checked = (fault: string | undefined, content: string) =>
      loadConfig(
        "test.conf",
        {
          ...memorySource({ "test.conf": content }),
          checkTlsFiles: (tls) => {
            asked.push(tls.certFile);
            return fault;
          },
        },
        { sha256Hex },
      );
    expect(checked(undefined, text).ok).toBe(true);
    const refused = checked("open c: no such file or directory", text);
    if (refused.ok) throw new Error("the file is not there");
    expect(refused.errors.map(formatProblem)).toEqual([
      "test.conf:2:1: open c: no such file or directory",
    ]);
    // Options that do not fit together are said alone.
    checked("never", "tls { cert_file: c }");
    expect(asked).toEqual(["c", "c"]);
  });
});
