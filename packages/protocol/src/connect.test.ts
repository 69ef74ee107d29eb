// CONNECT documents (CP-20 to CP-28), attacks 6 to 8 and 31, and redaction (LG-12).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONNECT_DEFAULTS, type ConnectOptions, parseConnect, redactConnect } from "./connect.ts";

function options(text: string | Buffer, base?: ConnectOptions): ConnectOptions {
  const result = parseConnect(typeof text === "string" ? Buffer.from(text) : text, base);
  if (!result.ok) throw new Error(result.reason);
  return result.options;
}

function reason(text: string): string {
  const result = parseConnect(Buffer.from(text));
  return result.ok ? "ok" : result.reason;
}

describe("parseConnect", () => {
  test("CP-20 defaults: echo, verbose and pedantic are on, all else off or empty", () => {
    expect(options("{}")).toEqual(CONNECT_DEFAULTS);
    expect(options(" \t{ }\r")).toEqual(CONNECT_DEFAULTS);
    expect(options("null")).toEqual(CONNECT_DEFAULTS);
    const { echo, verbose, pedantic, headers, no_responders, protocol } = CONNECT_DEFAULTS;
    expect([echo, verbose, pedantic]).toEqual([true, true, true]);
    expect([headers, no_responders, protocol]).toEqual([false, false, 0]);
  });

  test("CP-20 every field", () => {
    const all: ConnectOptions = {
      echo: false,
      verbose: false,
      pedantic: false,
      tls_required: true,
      nkey: "U1",
      jwt: "e.y.J",
      sig: "s",
      auth_token: "t",
      user: "u",
      pass: "p",
      name: "n",
      lang: "l",
      version: "v",
      protocol: 1,
      account: "a",
      new_account: true,
      headers: true,
      no_responders: true,
      import: { allow: ["a.>"], deny: ["b"] },
      export: { allow: [""] },
      remote_account: "r",
      proxy_sig: "x",
    };
    expect(Object.keys(all).sort()).toEqual(Object.keys(CONNECT_DEFAULTS).sort());
    expect(options(JSON.stringify({ ...all, export: { allow: [null] } }))).toEqual(all);
  });

  test("CP-29 what a second CONNECT does not name stays", () => {
    const first = options('{"verbose":false,"user":"u"}');
    expect(options('{"pedantic":false}', first)).toEqual({ ...first, pedantic: false });
    expect(options("null", first)).toEqual(first);
  });

  test.each([
    ['{"VERBOSE":false}', "verbose"],
    ['{"Tls_Required":true}', "tls_required"],
    ['{"\\u0065cho":false}', "echo"],
    ['{"u\u017fer":"x"}', "user"],
    ['{"n\u212aey":"x"}', "nkey"],
  ])("CP-20 names match in any case: %s", (text, name) => {
    const changed = Object.entries(options(text)).filter(
      ([key, value]) => value !== CONNECT_DEFAULTS[key as keyof ConnectOptions],
    );
    expect(changed.map(([key]) => key)).toEqual([name]);
  });

  test("CP-20 of equal members the last one wins, whatever their case", () => {
    expect(options('{"user":"a","USER":"b","user":"c"}').user).toBe("c");
    expect(options('{"User":"a","user":"b","User":"c"}').user).toBe("c");
    expect(options('{"user":"a","user":null}').user).toBe("a");
    expect(options('{"import":{"allow":["a"]},"import":{"deny":["b"]}}').import).toEqual({
      allow: ["a"],
      deny: ["b"],
    });
    expect(options('{"import":{"allow":["a"]},"import":null}').import).toBe(null);
  });

  test.each([
    '{"verbose":"false"}',
    '{"verbose":0}',
    '{"verbose":[]}',
    '{"name":1}',
    '{"name":{}}',
    '{"name":true}',
    '{"protocol":"1"}',
    '{"protocol":1.0}',
    '{"protocol":1e0}',
    '{"protocol":9223372036854775808}',
    '{"protocol":-9223372036854775809}',
    '{"verbose":"x","verbose":false}',
    '{"import":[]}',
    '{"import":{"allow":"a"}}',
    '{"import":{"allow":[1]}}',
    "[]",
    "1",
    '"x"',
    "true",
  ])("CP-21 wrong type: %s", (text) => {
    expect(reason(text)).toBe("wrong-type");
  });

  test.each([
    "",
    " ",
    "{bad",
    "{} x",
    "{}{}",
    "{verbose:false}",
    "{'verbose':false}",
    '{"verbose":false,}',
    '{"name":"a\u0001b"}',
    '{"name":"\\x41"}',
    '{"protocol":01}',
    '{"protocol":NaN}',
    "\ufeff{}",
    '{"name":"',
  ])("CP-21 not JSON: %j", (text) => {
    expect(reason(text)).toBe("not-json");
  });

  test("CP-25 the protocol is any 64-bit integer here", () => {
    expect(options('{"protocol":-1}').protocol).toBe(-1);
    expect(Object.is(options('{"protocol":-0}').protocol, 0)).toBe(true);
    expect(options('{"protocol":9223372036854775807}').protocol).toBeGreaterThan(1);
  });

  test("attack 7: names of the prototype chain are ignored", () => {
    const text =
      '{"__proto__":{"polluted":1,"verbose":false},"constructor":1,"toString":"x",' +
      '"hasOwnProperty":1,"import":{"__proto__":{"allow":["x"]}}}';
    const got = options(text);
    expect(got.verbose).toBe(true);
    expect(Object.keys(got).sort()).toEqual(Object.keys(CONNECT_DEFAULTS).sort());
    expect(got.import).toEqual({});
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  test("attack 6: depth, many keys, long numbers, lone surrogates", () => {
    const nested = (depth: number): string => `{"x":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(reason(nested(10_000))).toBe("ok");
    expect(reason(nested(10_001))).toBe("wrong-type");
    expect(reason(nested(100_000))).toBe("wrong-type");
    expect(reason(`{"x":${"[".repeat(100_000)}`)).toBe("not-json");
    const keys = Array.from({ length: 50_000 }, (_, i) => `"k${i}":${i}`).join(",");
    expect(reason(`{${keys}}`)).toBe("ok");
    expect(reason(`{"x":${"9".repeat(100_000)}}`)).toBe("ok");
    expect(reason(`{"protocol":${"9".repeat(100_000)}}`)).toBe("wrong-type");
    expect(options('{"name":"a\\ud800b\\udc00","user":"\\ud83d\\ude00"}')).toMatchObject({
      name: "a\ufffdb\ufffd",
      user: "\u{1f600}",
    });
  });

  test("attack 31: bytes that are not UTF-8 become one U+FFFD each, as in the reference", () => {
    const around = (...bytes: number[]): Buffer =>
      Buffer.concat([Buffer.from('{"pass":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(options(around(0xe2, 0x82)).pass).toBe("\ufffd\ufffd");
    expect(options(around(0xe2, 0x82, 0xac)).pass).toBe("\u20ac");
    expect(options(around(0xed, 0xa0, 0x80)).pass).toBe("\ufffd\ufffd\ufffd");
    expect(options(around(0xf0, 0x9f, 0x98, 0x80)).pass).toBe("\u{1f600}");
    expect(options(around(0xf4, 0x90, 0x80, 0x80)).pass).toBe("\ufffd".repeat(4));
    expect(options(around(0xc0, 0x80, 0xff)).pass).toBe("\ufffd".repeat(3));
    expect(options('{"pass":"a\\u0000b"}').pass).toBe("a\u0000b");
  });

  test("any JSON value is decoded or refused without a throw", () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.constantFrom("user", "verbose", "protocol", "import"),
        (text, key) => {
          parseConnect(Buffer.from(text));
          const result = parseConnect(Buffer.from(`{"${key}":${text}}`));
          if (!result.ok) expect(result.reason).toBe("wrong-type");
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("redactConnect", () => {
  test("LG-12 secrets are replaced, the JWT too, all else stays byte for byte", () => {
    const text =
      '{ "user":"ruth", "pass" : "p\\"a,s}s", "auth_token":"t","jwt":"e.y","sig":"s","nkey":"U",' +
      '"proxy_sig":"x", "passphrase":1, "verbose":false}';
    expect(redactConnect(text)).toBe(
      '{ "user":"ruth", "pass" : "[REDACTED]", "auth_token":"[REDACTED]","jwt":"[REDACTED]",' +
        '"sig":"[REDACTED]","nkey":"[REDACTED]","proxy_sig":"[REDACTED]",' +
        ' "passphrase":"[REDACTED]", "verbose":false}',
    );
  });

  test.each([
    '{"PASS":"secret"}',
    '{"p\\u0061ss":"secret"}',
    '{"pa\u017fs":"secret"}',
    '{"pass":["secret",{"a":"secret"}]}',
    '{"x":{"pass":"secret"}}',
    '{"pass":{"secret":"secret"}}',
    '{"Pass":"\\"secret"}',
    '{"pass":"secret"',
    "pass: secret",
    '{"pass":"a","user":"b"} "pass":"secret"',
  ])("LG-12 no spelling lets a secret through: %s", (text) => {
    expect(redactConnect(text)).not.toContain("secret");
  });

  test("LG-12 a value that names a secret is not one", () => {
    const text = '{"name":"pass","lang":"jwt","x":["pass","sig"]}';
    expect(redactConnect(text)).toBe(text);
  });

  test("LG-12 a secret is gone at any place of any document", () => {
    const value = fc.json({ maxDepth: 3 });
    fc.assert(
      fc.property(value, fc.constantFrom("pass", "jwt", "Sig", "nkey"), value, (a, key, b) => {
        const text = `{"a":${a},"${key}":"hush-hush","b":[{"${key}":["hush-hush"]},${b}]}`;
        const got = redactConnect(text);
        expect(got).not.toContain("hush-hush");
        expect(() => JSON.parse(got)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});
