// The language: values, positions, variables, includes, and configuration bombs. Test.
import { formatPosition } from "@weft/base";
import { describe, expect, it, test } from "vitest";
import { CONFIG_LIMITS } from "./config-limits.ts";
import { Findings } from "./findings.ts";
import type { ConfigNode, MapNode } from "./node.ts";
import { parseConfig } from "./parser.ts";
import { type ConfigSource, ConfigSourceError, textSource } from "./source.ts";
import { memorySource } from "./testdata/memory-source.ts";

function plain(node: ConfigNode): unknown {
  if (node.kind === "list") return node.items.map(plain);
  if (node.kind !== "map") return node.value;
  return Object.fromEntries([...node.entries.values()].map(({ key, node }) => [key, plain(node)]));
}

function parseWith(source: ConfigSource, path = "a.conf"): { root: MapNode; findings: Findings } {
  const findings = new Findings();
  const parsed = parseConfig(path, source, findings);
  if (!parsed.ok) throw new Error(`${parsed.problem.message} ${JSON.stringify(parsed.problem.at)}`);
  return { root: parsed.root, findings };
}

function parsedOf(text: string, environment: Record<string, string> = {}): unknown {
  return plain(parseWith(memorySource({ "a.conf": text }, environment)).root);
}

/** `line:column message` of the mistake in a text. */
function mistake(text: string, environment: Record<string, string> = {}): string {
  return mistakeOf(memorySource({ "a.conf": text }, environment));
}

function mistakeOf(source: ConfigSource): string {
  const parsed = parseConfig("a.conf", source, new Findings());
  if (parsed.ok) throw new Error("expected a mistake");
  const { at, message } = parsed.problem;
  return `${at ? formatPosition(at) : "?"} ${message}`;
}

describe("values", () => {
  test.each<[string, string, unknown]>([
    ["CF-02", "a=1;b: 2, c 3\n{ }", { a: 1, b: 2, c: 3 }],
    ["CF-02", "a { b 1, c: { d = x } }", { a: { b: 1, c: { d: "x" } } }],
    ["CF-03", "\"a b\": 1\n'c:d' 2", { "a b": 1, "c:d": 2 }],
    ["CF-04", '{"a": {"b": ["c", true, null]}}', { a: { b: ["c", true, "null"] } }],
    [
      "CF-04",
      "a: [\n x # one\n 'y', \"z\"\n // two\n { b: 1 }\n [ ]\n]",
      { a: ["x", "y", "z", { b: 1 }, []] },
    ],
    ["CF-04", "a [ 1, 2.5\n -3 ]", { a: [1, 2.5, -3] }],
    ["CF-05", "a: b-c.d/e:f=g", { a: "b-c.d/e:f=g" }],
    ["CF-05", 'a: \'x\\n\'\nb: "x\\n\\x41\\""', { a: "x\\n", b: 'x\nA"' }],
    ["CF-05", 'a: "\\xc3\\xa9\\xe2\\x82\\xac"', { a: "é€" }],
    ["CF-05", 'a: "over\ntwo lines"', { a: "over\ntwo lines" }],
    ["CF-05", "a: \\x24HOME\nb: \\ttrue", { a: "$HOME", b: "\ttrue" }],
    ["CF-06", "a: (\n one)\n (two)\n)\nb: 1", { a: "\n one)\n (two)\n", b: 1 }],
    ["CF-06", "a (\r\none\r\n)\r\nb: 1", { a: "\r\none\r\n", b: 1 }],
    [
      "CF-07",
      "a: 1k\nb: 1KB\nc: 2Mi\nd: -1kib\ne: 1g\nf: 0",
      { a: 1_000, b: 1_024, c: 2_097_152, d: -1_024, e: 1_000_000_000, f: 0 },
    ],
    ["CF-07", "a: 7eb", { a: 7 * 1024 ** 6 }],
    [
      "CF-08",
      "a: 127.0.0.1:4222\nb: 4222x\nc: 1.5.2-3",
      { a: "127.0.0.1:4222", b: "4222x", c: "1.5.2-3" },
    ],
    ["CF-08", "a: 2024-02-29T23:59:59Z", { a: "2024-02-29T23:59:59Z" }],
    ["CF-09", "a: Yes, b: OFF, c: 'yes', d: \"off\"", { a: true, b: false, c: "yes", d: "off" }],
    ["CF-01", "a: /x # c\n// d\nb: http://x", { a: "/x", b: "http://x" }],
    ["CF-17", "a: 1\n}\n", { a: 1 }],
    ["CF-01", "\ufeffa: 1", { a: 1 }],
  ])("%s %j", (_row, text, expected) => {
    expect(parsedOf(text)).toEqual(expected);
  });

  it("CF-07 keeps 64-bit integers exactly", () => {
    const { root } = parseWith(memorySource({ "a.conf": "a: 9223372036854775807" }));
    const node = root.entries.get("a")?.node;
    expect(node?.kind === "integer" && node.exact).toBe(9223372036854775807n);
  });
});

describe("mistakes carry file, line and column (CF-15)", () => {
  test.each([
    ["CF-02", "a: 1\nb: 2 c", "a.conf:2:6 Expected a top-level value to end with a new line,"],
    ["CF-02", "a:\n1", "a.conf:1:3 Expected value but found new line"],
    ["CF-02", "x { a: }", "a.conf:1:8 Expected a value for \"a\" before '}'."],
    ["CF-04", "x [ a, 1]", "a.conf:1:9 Expected a space or a new line between a number and"],
    ["CF-04", "x [ [a]\n b", "a.conf:1:3 Unexpected EOF processing array."],
    ["CF-05", 'a: "x\n\\q"', "a.conf:2:1 Invalid escape character 'q'."],
    ["CF-05", "a: 'x", "a.conf:1:4 Unexpected EOF in quoted string."],
    ["CF-05", "ab\0c", "a.conf:1:3 Unexpected NUL character."],
    ["CF-06", "a: (\n x )\n", "a.conf:1:4 Unexpected EOF processing block."],
    ["CF-07", "a: 9e9223372036854775808", "a.conf:1:6 Expected a top-level value to end"],
    ["CF-07", "a: 16eb", "a.conf:1:4 integer '16eb' is out of the range"],
    ["CF-07", "a: 1kbb", "a.conf:1:4 integer '1kbb' has an unknown size suffix"],
    ["CF-08", "a: .5", "a.conf:1:4 Floats must start with a digit"],
    ["CF-08", "a: 1.x", "a.conf:1:6 Floats must have a digit after the '.', but got 'x' instead."],
    ["CF-08", "a: 12-ab", "a.conf:1:6 All ISO8601 dates must be in full Zulu form."],
    ["CF-08", "a: 2023-02-29T00:00:00Z", "a.conf:1:4 expected Zulu formatted DateTime, but got"],
    ["CF-10", "a: 1\nb: $c", "a.conf:2:4 variable reference for 'c' on line 2 can not be found"],
    ["CF-11", "a: $2b$10$secret", "a.conf:1:4 put quotes around this bcrypt password"],
    ["CF-17", "a: 1\n}}", "a.conf:2:1 config is invalid"],
  ])("%s %j", (_row, text, expected) => {
    expect(mistake(text).slice(0, expected.length)).toBe(expected);
  });
});

describe("variables (CF-10)", () => {
  it("looks in the blocks around, then in the environment", () => {
    const text = "a: 1\nb { a: 2, c: $a, d { c: $a, e: $H } }\nf: $a\n";
    expect(parsedOf(text, { H: "[x, 5 ]", a: "no" })).toEqual({
      a: 1,
      b: { a: 2, c: 2, d: { c: 2, e: ["x", 5] } },
      f: 1,
    });
  });

  it("does not look into closed blocks or later lines", () => {
    expect(mistake("a { x: 1 }\nb: $x")).toContain("can not be found");
    expect(mistake("b: $x\nx: 1")).toContain("can not be found");
  });

  it("CF-11 takes an unquoted $2a$ hash as text", () => {
    expect(parsedOf("a: $2a$10$ab/c.d")).toEqual({ a: "$2a$10$ab/c.d" });
  });

  it("parses environment values as values, with their mistakes in place", () => {
    const text = "a: $A\nb: $B\nc: $C\n";
    expect(parsedOf(text, { A: "1k", B: "yes", C: "" })).toEqual({ a: 1000, b: true, c: "" });
    expect(mistake("a: $A", { A: '"x' })).toContain("environment variable A:1:1");
    expect(mistake("a: $A", { A: 'x\ninclude "b.conf"' })).toContain("can not include");
  });

  it("CF-10, as corrected: refuses an environment cycle instead of overflowing the stack", () => {
    expect(mistake("a: $A", { A: "$B", B: "[ $A ]" })).toContain(
      "variable reference cycle for 'A'",
    );
  });

  it("marks what it used, so that helpers are no unknown fields (CF-13)", () => {
    const { root } = parseWith(memorySource({ "a.conf": "x: 1\ny: 2\nport: $x" }));
    expect(root.entries.get("x")?.usedAsVariable).toBe(true);
    expect(root.entries.get("y")?.usedAsVariable).toBe(false);
  });
});

describe("includes (CF-12)", () => {
  it("merges the keys of a file next to this one, nested and into blocks", () => {
    const files = {
      "etc/a.conf": 'p: 1\ninclude "sub/b.conf"\nm { include ./c.conf; k: $v }\n',
      "etc/sub/b.conf": "include '../c.conf'\nq: 2\n",
      "etc/c.conf": "v: 3\n",
    };
    const { root, findings } = parseWith(memorySource(files), "etc/a.conf");
    expect(plain(root)).toEqual({ p: 1, v: 3, q: 2, m: { v: 3, k: 3 } });
    expect(findings.warnings).toEqual([]);
    expect(root.entries.get("v")?.at).toEqual({ file: "etc/c.conf", line: 1, column: 1 });
  });

  it("hides the including file's variables from the included one", () => {
    const files = { "a.conf": "v: 1\ninclude b.conf\n", "b.conf": "w: $v\n" };
    expect(mistakeOf(memorySource(files))).toContain("b.conf:1:4 variable reference for 'v'");
  });

  it("names a missing file and where it is included", () => {
    expect(mistake("a: 1\ninclude 'x.conf'")).toBe(
      "a.conf:2:9 error parsing include file 'x.conf', open x.conf: no such file or directory",
    );
  });

  it("GP-9: reports a key that is written twice, with both places", () => {
    const files = { "a.conf": "include b.conf\nport: 2\n", "b.conf": "port: 1\n" };
    const { root, findings } = parseWith(memorySource(files));
    expect(plain(root)).toEqual({ port: 2 });
    expect(findings.warnings).toEqual([
      {
        message: 'duplicate key "port" replaces the one at b.conf:1:1',
        at: { file: "a.conf", line: 2, column: 1 },
        advisory: true,
      },
    ]);
  });
});

describe("files", () => {
  it("CF-15: a file that cannot be read is an error where it is named", () => {
    const source: ConfigSource = {
      ...memorySource({ "a.conf": "b: 1\nc { include x.conf }" }),
      readFile: (path) => {
        if (path === "a.conf") return "b: 1\nc { include x.conf }";
        throw new ConfigSourceError("EISDIR");
      },
    };
    expect(mistakeOf(source)).toBe("a.conf:2:13 EISDIR");
    expect(mistakeOf(textSource("include x"))).toMatch(/^a\.conf:1:9 .*can not be included/);
  });

  it("CF-01: text that is not UTF-8 is pointed out", () => {
    const { findings } = parseWith(memorySource({ "a.conf": "a: 1\nb: x\ufffdy\n" }));
    expect(findings.warnings).toEqual([
      {
        message: "this is not UTF-8 text",
        at: { file: "a.conf", line: 2, column: 5 },
        advisory: true,
      },
    ]);
  });
});

describe("configuration bombs (attack 56)", () => {
  it("refuses a file that includes itself, directly or through others", () => {
    expect(mistake("include a.conf\n")).toContain("a.conf:1:9 include loop");
    const files = { "a.conf": "include b.conf\n", "b.conf": "x { include a.conf }\n" };
    expect(mistakeOf(memorySource(files))).toContain('b.conf:1:13 include loop: "a.conf"');
  });

  it("refuses an include loop whose paths never repeat", () => {
    const source: ConfigSource = {
      readFile: () => "include more\n",
      resolve: (base, path) => `${base}/${path}`,
      environment: () => undefined,
    };
    expect(mistakeOf(source)).toContain(
      `includes are nested more than ${CONFIG_LIMITS.includeDepthMax} deep`,
    );
  });

  it("refuses files that include each other twice, thirty levels deep", () => {
    const files: Record<string, string> = { "a.conf": "include 'f0'\n" };
    for (let level = 0; level < 30; level++) {
      files[`f${level}`] = `include 'f${level + 1}'\ninclude 'f${level + 1}'\n`;
    }
    files["f30"] = "x: 1\n";
    expect(mistakeOf(memorySource(files))).toContain(
      `more than ${CONFIG_LIMITS.includesMax} includes`,
    );
  });

  test.each([
    ["lists", "a: ", "["],
    ["maps", "", "a {"],
    ["braces at the top", "", "{"],
    ["both", "", "a [{"],
  ])("refuses a million nested %s", (_what, before, part) => {
    const text = before + part.repeat(1_000_000);
    expect(mistake(text)).toContain(`nested more than ${CONFIG_LIMITS.nestingMax} deep`);
  });

  it("allows the nesting up to the limit", () => {
    const depth = CONFIG_LIMITS.nestingMax;
    const text = `a: ${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(JSON.stringify(parsedOf(text))).toBe(`{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`);
    expect(mistake(`a: [${text.slice(3)}]`)).toContain("nested more than");
  });

  it("refuses nesting that is built from variables or includes", () => {
    const lines = ["v0: [[[[[[[[[[]]]]]]]]]]"];
    for (let index = 1; index < 20; index++) {
      lines.push(`v${index}: [[[[[[[[[[ $v${index - 1} ]]]]]]]]]]`);
    }
    expect(mistake(lines.join("\n"))).toContain("nested more than");
    const half = `x: ${"[".repeat(60)}${"]".repeat(60)}\n`;
    const files = { "a.conf": `${"a {".repeat(60)} include b.conf`, "b.conf": half };
    expect(mistakeOf(memorySource(files))).toContain("nested more than");
  });

  it("refuses a small text that stands for a billion values", () => {
    const lines = ["v0: [x, x, x, x, x, x, x, x, x, x]"];
    for (let index = 1; index < 12; index++) {
      const use = `$v${index - 1}`;
      lines.push(`v${index}: [ ${Array.from({ length: 10 }, () => use).join(", ")} ]`);
    }
    expect(mistake(lines.join("\n"))).toContain(`more than ${CONFIG_LIMITS.valuesMax} values`);
    const environment: Record<string, string> = { V0: "[x, x]" };
    for (let index = 1; index < 60; index++) {
      environment[`V${index}`] = `[ $V${index - 1} , $V${index - 1} ]`;
    }
    expect(mistake("a: $V59", environment)).toMatch(/more than \d+ values/);
  });

  it("refuses a number of a million digits without working it out", () => {
    expect(mistake(`a: ${"9".repeat(1_000_000)}`)).toMatch(/^a.conf:1:4 integer '9{40}/);
  });

  it("reads twenty thousand keys", () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `key${index}: "value ${index}"`);
    expect(Object.keys(parsedOf(lines.join("\n")) as object)).toHaveLength(20_000);
  });
});
