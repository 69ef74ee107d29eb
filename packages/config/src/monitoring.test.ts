// The monitoring port, its login, and the options of the log: from files and from flags. Test.
import { describe, expect, it, test } from "vitest";
import { applyFlags } from "./apply-flags.ts";
import { parseFlags } from "./flags.ts";
import { formatProblem } from "./load.ts";
import { cleanBasePath } from "./monitoring-rows.ts";
import { defaultOptions, type MonitoringOptions, type ServerOptions } from "./options.ts";
import { errorsOf, loadText, optionsOf } from "./testdata/memory-source.ts";

const TLS = "tls { cert_file: c, key_file: k, ca_file: a }\n";

function applied(options: ServerOptions, ...argv: string[]): ReturnType<typeof applyFlags> {
  const parsed = parseFlags(argv);
  if (parsed.kind !== "run") throw new Error(JSON.stringify(parsed));
  return applyFlags(options, parsed.flags);
}

describe("CK-10, MO-01: the monitoring port", () => {
  test.each<[string, Partial<MonitoringOptions>]>([
    ["http: 8222", { host: "0.0.0.0", port: 8222, secure: false, hostIsDefault: true }],
    ["http: 'localhost:8222'", { host: "localhost", port: 8222, secure: false }],
    ["http: ':8222'\nhost: h", { host: "h", port: 8222, hostIsDefault: true }],
    ["http_port: 8222\nhost: h", { host: "h", port: 8222, secure: false }],
    ["monitor_port: -1", { port: 0, secure: false }],
    [`${TLS}https: 'h:8443'`, { host: "h", port: 8443, secure: true }],
    [`${TLS}https_port: 8443`, { port: 8443, secure: true, basePath: "" }],
    ["http_port: 1\nhttp_base_path: x/y/", { basePath: "/x/y" }],
  ])("%j", (text, expected) => {
    expect(optionsOf(text).monitoring).toMatchObject(expected);
  });

  it("is off without a port", () => {
    expect(defaultOptions().monitoring).toBeUndefined();
    expect(optionsOf("http_port: 0\nhttp_base_path: x").monitoring).toBeUndefined();
  });

  it("names what is wrong where it stands", () => {
    const errors = (text: string): string[] => {
      const result = loadText(text);
      return result.ok ? [] : result.errors.map(formatProblem);
    };
    expect(errors(`${TLS}http_port: 1\nhttps_port: 2`)).toEqual([
      "test.conf:2:1: can't specify both HTTP (1) and HTTPs (2) ports",
    ]);
    expect(errors("https: 8443")).toEqual(["test.conf:1:1: TLS cert and key required for HTTPS"]);
    expect(errors("http: a")).toEqual(['test.conf:1:1: could not parse address string "a"']);
    expect(errors("http_port: 70000")).toEqual(["test.conf:1:1: port 70000 is out of the range"]);
  });

  it("FL-01: flags set, move and take away", () => {
    const plain = defaultOptions();
    expect(applied(plain, "-m", "1", "-a", "h").options.monitoring).toMatchObject({
      host: "h",
      port: 1,
      secure: false,
    });
    const file = optionsOf("http: 'q:5'\nhttp_base_path: x");
    expect(applied(file, "-a", "h").options.monitoring).toMatchObject({ host: "q", port: 5 });
    expect(applied(file, "-m=-1").options.monitoring).toMatchObject({ port: 0, basePath: "/x" });
    expect(applied(file, "-m", "0").options.monitoring).toBeUndefined();
    expect(applied(file, "-ms", "6").errors.map(({ message }) => message)).toEqual([
      "can't specify both HTTP (5) and HTTPs (6) ports",
    ]);
    expect(applied(plain, "-ms", "6").errors.map(({ message }) => message)).toEqual([
      "TLS cert and key required for HTTPS",
    ]);
    const flags = ["-ms", "6", "--tls", "--tlscert=c", "--tlskey=k"];
    expect(applied(plain, ...flags).options.monitoring).toMatchObject({ port: 6, secure: true });
    expect(applied(plain, "-m", "70000").errors).toHaveLength(1);
    expect(applied(optionsOf("host: a\nhttp_port: 1"), "-a", "b").options.monitoring?.host).toBe(
      "b",
    );
  });

  it("FL-01: login and base path of a file without a port hold for the port of a flag", () => {
    const text = "http_base_path: x\nmonitor_login { tokens: [t] }";
    const loaded = loadText(text, {}, { monitoringPorts: { httpPort: 7 } });
    if (!loaded.ok) throw new Error("the file is wrong");
    expect(loaded.warnings).toEqual([]);
    const { monitoring } = applied(loaded.options, "-m", "7", "-a", "h").options;
    expect(monitoring).toMatchObject({ host: "h", port: 7, basePath: "/x" });
    expect(monitoring?.login).toMatchObject({ tokens: ["t"] });
    const wrong = loadText(text, {}, { monitoringPorts: { httpPort: 70_000 } });
    expect(wrong.warnings.map(({ message }) => message)).toEqual([
      "monitor_login without a monitoring port",
    ]);
  });

  test.each([
    ["", ""],
    ["/", ""],
    ["a", "/a"],
    ["//a//b/.", "/a/b"],
    ["/a/../../b", "/b"],
  ])("a base path %j is %j", (written, expected) => {
    expect(cleanBasePath(written)).toBe(expected);
  });
});

describe("monitor_login", () => {
  it("takes users, tokens and certificates", () => {
    const text =
      `${TLS}https_port: 1\nmonitor_login { users: [{user: u, password: p}], tokens: ["t"], ` +
      "client_certificate: true }";
    expect(optionsOf(text).monitoring?.login).toEqual({
      users: [{ user: "u", password: "p" }],
      tokens: ["t"],
      clientCertificate: true,
    });
  });

  test.each<[string, string]>([
    ["{}", "monitor_login needs users, tokens or client_certificate: true"],
    ["{ x: 1 }", 'unknown field "x"'],
    ["{ users: [{user: a}] }", "a user of monitor_login needs a name without ':' and a password"],
    [
      "{ users: [{user: 'a:b', password: p}] }",
      "a user of monitor_login needs a name without ':' and a password",
    ],
    ["{ users: [{user: a, password: b}, {user: a, password: c}] }", 'Duplicate user "a" detected'],
    ["{ tokens: ['a b'] }", "a token of monitor_login is a text without blanks"],
    ["{ client_certificate: true }", "monitor_login: client_certificate needs https"],
  ])("refuses %s", (block, message) => {
    expect(errorsOf(`http_port: 1\nmonitor_login ${block}`)).toEqual([message]);
  });

  it("needs an authority for certificates, and says when there is no port", () => {
    const tls = "tls { cert_file: c, key_file: k }\nhttps_port: 1\n";
    expect(errorsOf(`${tls}monitor_login { client_certificate: true }`)).toEqual([
      "monitor_login: client_certificate needs tls.ca_file",
    ]);
    const loaded = loadText("port: 4222\nmonitor_login { tokens: [t] }");
    expect(loaded.warnings.map(formatProblem)).toEqual([
      "test.conf:2:1: monitor_login without a monitoring port",
    ]);
  });
});

describe("CK-15, LG-05, LG-06, LG-09: the log", () => {
  it("has its options under both names", () => {
    const text =
      "logfile_size_limit: 1MB\nlog_max_num: 3\nsyslog: true\nremote_syslog: 'tcp://h:514'\n" +
      "syslog_format: rfc5424\nlog_format: JSON\nlog_loss_is_fatal: true\n";
    expect(optionsOf(text).logging).toEqual({
      ...defaultOptions().logging,
      logFileSizeLimit: 1_048_576,
      logFilesMax: 3,
      syslog: true,
      remoteSyslog: "tcp://h:514",
      syslogFormat: "rfc5424",
      format: "json",
      lossIsFatal: true,
    });
    expect(optionsOf("log_size_limit: -5\nlogfile_max_num: -1").logging).toEqual(
      defaultOptions().logging,
    );
  });

  test.each<[string, string]>([
    ["log_format: xml", "log_format must be one of: text, json"],
    ["syslog_format: x", "syslog_format must be one of: rfc3164, rfc5424"],
    ["remote_syslog: 'h:514'", 'invalid network type: "h"'],
    ["remote_syslog: 'http://h:514'", 'invalid network type: "http"'],
    ["remote_syslog: 'udp://h'", "remote_syslog must look like udp://host:port"],
    ["remote_syslog: 'unix://'", "remote_syslog must look like unix:///path"],
  ])("refuses %s", (text, message) => {
    expect(errorsOf(text)).toEqual([message]);
  });

  it("FL-04: flags override the file", () => {
    const file = optionsOf("syslog: true\nlog_size_limit: 5\n");
    const argv = ["-s=false", "--log_size_limit", "7", "-r", "unix:///dev/log"];
    expect(applied(file, ...argv).options.logging).toMatchObject({
      syslog: false,
      remoteSyslog: "unix:///dev/log",
      logFileSizeLimit: 7,
    });
    expect(applied(file, "-r", "x").errors).toHaveLength(1);
  });

  it("GP-9: what the flags say about findings is kept for a reload", () => {
    const loaded = loadText("port: 1", {}, { strict: true, allowUnsupported: true });
    expect(loaded.ok && loaded.options).toMatchObject({ strict: true, allowUnsupported: true });
    const { options } = applied(defaultOptions(), "--strict", "--allow-unsupported");
    expect(options).toMatchObject({ strict: true, allowUnsupported: true });
  });
});
