// The command line and what it does to options. Test.
import { describe, expect, it, test } from "vitest";
import { applyFlags } from "./apply-flags.ts";
import { FLAG_GROUPS } from "./flag-table.ts";
import { type Flags, parseFlags } from "./flags.ts";
import { defaultOptions, type ServerOptions } from "./options.ts";
import { optionsOf } from "./testdata/memory-source.ts";

function flagsOf(...argv: string[]): Flags {
  const parsed = parseFlags(argv);
  if (parsed.kind !== "run") throw new Error(JSON.stringify(parsed));
  return parsed.flags;
}

function errorOf(...argv: string[]): string {
  const parsed = parseFlags(argv);
  return parsed.kind === "error" ? parsed.message : `no error: ${parsed.kind}`;
}

describe("flags are read as Go reads them (FL-09)", () => {
  test.each<[string[], Partial<Flags>]>([
    [["-p", "4333"], { port: 4333 }],
    [["--p=4333"], { port: 4333 }],
    [["-port=0x10"], { port: 16 }],
    [["--port", "-1"], { port: -1 }],
    [["-a", "h", "--net=i"], { host: "i" }],
    [["-n", "a", "--name", "b", "-server_name=c"], { serverName: "c" }],
    [["-D"], { debug: true }],
    [["--debug=false"], { debug: false }],
    [["-DV"], { debug: true, trace: true }],
    [["-DVV"], { debug: true, trace: true, traceVerbose: true }],
    [["-VV"], { trace: true, traceVerbose: true }],
    [["-V", "-DV=false"], { debug: false, trace: false }],
    [["-T=false", "-logtime_utc"], { logtime: false, logtimeUtc: true }],
    [["-l", "f", "-P", "p", "-c", "x.conf"], { logFile: "f", pidFile: "p", config: "x.conf" }],
    [["--user", "u", "--pass=p", "-auth=t"], { user: "u", password: "p", token: "t" }],
    [["--workers", "4", "--allow-unsupported"], { workers: "4", allowUnsupported: true }],
    [["--strict"], { strict: true }],
    [["-js=false", "-m", "0"], { httpPort: 0 }],
    [["-m", "8222"], { httpPort: 8222 }],
    [["--https_port=-1", "-ms", "8443"], { httpsPort: 8443 }],
    [["-s", "-r", "udp://h:514"], { syslog: true, remoteSyslog: "udp://h:514" }],
    [["--syslog=false", "--log_size_limit=9"], { syslog: false, logSizeLimit: 9 }],
    [["-user", "-D"], { user: "-D" }],
  ])("%j", (argv, expected) => {
    expect(flagsOf(...argv)).toEqual({ missing: [], ...expected });
  });

  test.each<[string[], string]>([
    [["-x"], "flag provided but not defined: -x"],
    [["--no-such=1"], "flag provided but not defined: -no-such"],
    [["-p"], "flag needs an argument: -p"],
    [["-p", "x"], 'invalid value "x" for flag -p: parse error'],
    [
      ["-p=99999999999999999999"],
      'invalid value "99999999999999999999" for flag -p: value out of range',
    ],
    [["-D=maybe"], 'invalid boolean value "maybe" for -D: parse error'],
    [["---p"], "bad flag syntax: ---p"],
    [["-=x"], "bad flag syntax: -=x"],
    [["foo"], 'unrecognized command: "foo"'],
    [["-D", "false"], 'unrecognized command: "false"'],
    [["--", "-D"], 'unrecognized command: "-D"'],
    [["-t"], "must specify [-c, --config] option to check configuration file syntax"],
    [["-sl", "jump"], 'unknown signal "jump"'],
    [["-sl", "stop=1=2"], "invalid signal parameters: [2]"],
  ])("FL-10 %j is refused", (argv, message) => {
    expect(errorOf(...argv)).toBe(message);
  });

  it("FL-02, FL-03, FL-09, FL-10: what is asked for, by precedence", () => {
    expect(parseFlags(["-t", "-c", "x"])).toMatchObject({ kind: "test", config: "x" });
    expect(parseFlags(["-sl", "reload"])).toEqual({
      kind: "signal",
      command: "reload",
      target: undefined,
    });
    expect(parseFlags(["--signal=ldm=12*"])).toMatchObject({ command: "ldm", target: "12*" });
    expect(parseFlags(["-v", "-h"])).toEqual({ kind: "version" });
    expect(parseFlags(["VERSION"])).toEqual({ kind: "version" });
    expect(parseFlags(["-t", "help"]).kind).toBe("help");
    expect(parseFlags(["--help_tls"])).toMatchObject({
      text: expect.stringContaining("TLS_AES_128_GCM_SHA256"),
    });
  });

  it("FL-09: the help lists every flag", () => {
    const parsed = parseFlags(["-h"]);
    const text = parsed.kind === "help" ? parsed.text : "";
    for (const name of FLAG_GROUPS.flatMap(({ rows }) => rows.flatMap(({ names }) => names))) {
      expect(text).toMatch(new RegExp(`-${name}[ ,\n]`));
    }
    expect(text.split("\n").every((line) => line.length <= 130)).toBe(true);
  });
});

describe("flags override the file", () => {
  function applied(text: string, ...argv: string[]): ServerOptions {
    const result = applyFlags(text === "" ? defaultOptions() : optionsOf(text), flagsOf(...argv));
    expect(result.errors).toEqual([]);
    return result.options;
  }

  it("FL-01: listener", () => {
    const options = applied(
      "port: 1\nhost: a\nserver_name: x\npid_file: p",
      ...["-p", "2", "-a", "b", "-n", "y", "-P", "q", "--ports_file_dir=d"],
    );
    expect(options).toMatchObject({ port: 2, host: "b", serverName: "y", pidFile: "q" });
    expect(options.portsFileDir).toBe("d");
    expect(applied("port: 1", "-p", "-1").port).toBe(0);
    expect(applied("port: 1").port).toBe(1);
    expect(applied("port: 1", "--port=0").port).toBe(4222);
  });

  it("FL-04: logging, also to switch it off", () => {
    const text = "debug: true\ntrace: true\nlog_file: a\n";
    expect(applied(text, "-D=false", "-l", "b").logging).toMatchObject({
      debug: false,
      trace: true,
      logFile: "b",
    });
    expect(applied("", "--max_traced_msg_len", "9").limits.maxTracedMessageBytes).toBe(9);
  });

  it("AN-17, FL-06: user, password, token", () => {
    const { auth } = applied("authorization { user: a, password: b }", "--user=c", "--auth=t");
    expect(auth).toMatchObject({ user: "c", password: "b", token: "t" });
  });

  it("TL-26, FL-07: TLS flags replace the block, and --tls=false removes it", () => {
    const text = "tls { cert_file: a, key_file: b, timeout: 5 }";
    const options = applied(text, "--tls", "--tlscert=c", "--tlskey=d", "--tlsverify");
    expect(options.tls).toMatchObject({ certFile: "c", keyFile: "d", verify: true });
    expect(options.auth.authTimeoutMs).toBe(6_000);
    const without = applied(text, "--tls=false", "--tlscert=c");
    expect(without.tls).toBeUndefined();
    expect(without.auth.authTimeoutMs).toBe(2_000);
    expect(applyFlags(defaultOptions(), flagsOf("--tls")).errors).toEqual([
      { message: "TLS Server certificate must be present and valid", at: undefined },
    ]);
    expect(applyFlags(defaultOptions(), flagsOf("--tlscert=c")).errors).toHaveLength(1);
  });

  it("workers: flag over WEFT_WORKERS over file", () => {
    const file = optionsOf("workers: 3");
    const environment = (name: string): string | undefined =>
      name === "WEFT_WORKERS" ? "5" : undefined;
    expect(applyFlags(file, flagsOf()).options.workers).toBe(3);
    expect(applyFlags(file, flagsOf(), environment).options.workers).toBe(5);
    expect(applyFlags(file, flagsOf("--workers=auto"), environment).options.workers).toBe("auto");
    expect(applyFlags(file, flagsOf("--workers=0")).errors[0]?.message).toContain("--workers");
    expect(applyFlags(file, flagsOf(), () => "x").errors[0]?.message).toContain("WEFT_WORKERS");
  });

  it("FL-05, FL-08: flags of missing features are refused, or warned about", () => {
    const refused = applyFlags(defaultOptions(), flagsOf("-js", "--cluster=nats://x:1"));
    expect(refused.errors.map(({ message }) => message)).toEqual([
      "-js: this version does not support JetStream",
      "--cluster: this version does not support clustering",
    ]);
    const allowed = applyFlags(defaultOptions(), flagsOf("-js", "--allow-unsupported"));
    expect(allowed.errors).toEqual([]);
    expect(allowed.warnings).toHaveLength(1);
  });

  it("CP-14, CP-01: checks what it puts together", () => {
    expect(applyFlags(defaultOptions(), flagsOf("-n", "a b")).errors[0]?.message).toBe(
      "server name cannot contain spaces",
    );
    expect(applyFlags(defaultOptions(), flagsOf("-p", "70000")).errors).toHaveLength(1);
  });
});
