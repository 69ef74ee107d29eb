// "Errors at the start" in docs/errors.md against what the server says: each text is in the sources, or
// is made here. Reads the repository; starts nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applyFlags, defaultOptions, loadConfig, parseFlags, textSource } from "@weft/config";
import { checkOptions, sha256Hex } from "@weft/server";
import { describe, expect, it } from "vitest";
import { isTestSupport, listFiles, repositoryRoot } from "./tidy/source-file.ts";

const read = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

/** The texts of the second column, by the family in the first. A single word is a name. */
function documentedTexts(page: string): { family: string; text: string }[] {
  const section = /^## Errors at the start$([\s\S]*?)^## /m.exec(page)?.[1] ?? "";
  const rows = [...section.matchAll(/^\| ([\w ]+) \| (.*?) \| .* \|$/gm)];
  const spans = rows.flatMap(([, family = "", cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => ({ family, text })),
  );
  return spans.filter(({ text }) => text.includes(" "));
}

/** Names and numbers of an example, and what it leaves out. */
const PLACEHOLDER = /\.\.\.|"[^"]*"|\S+\.conf(?::\d+)*|(?<!\w)(?:[A-Z]|FILE|[xy])(?!\w)|\d[\d.]*/;

/** What stays of a text, in order. */
function fixedParts(text: string): string[] {
  const parts = text.split(PLACEHOLDER).map((part) => part.replace(/^[\s:]+|[\s:]+$/g, ""));
  return parts.filter((part) => /\w{2}/.test(part));
}

/** Lines of a source; a text that goes over several of them is one, with `*` for what is put in. */
function linesOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const joined = code.replace(/["'`]\s*\+\s*["'`]/g, "");
  return joined
    .replace(/\$\{[^{}]*\}/g, "*")
    .replaceAll('\\"', '"')
    .split("\n");
}

function has(line: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const at = line.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}

/** Configurations whose findings are put together from several places of the sources. */
const WRONG_CONFIGS = [
  'port: "a"',
  "cluster { }",
  "log_format: xml",
  'remote_syslog: "udp://x"',
  "authorization { user: a, password: b }, accounts { A { users: [{ user: c, password: d }] } }",
  "authorization { auth_callout { issuer: x } }",
  "authorization { users: [{ user: x, password: y, permissions: { publish: 'a..b' } }] }",
  "accounts { A { imports: [{ stream: { account: X, subject: s } }] } }",
  'mappings { "a.*": "b.$2" }',
  `mappings { "${"a.".repeat(2_049)}a": b }`,
];
const WRONG_FLAGS = [
  ["--workers", "0"],
  ["--port", "y"],
];

function madeTexts(): string[] {
  const ofConfigs = WRONG_CONFIGS.flatMap((text) => {
    const loaded = loadConfig("x", textSource(text), { sha256Hex });
    return loaded.ok ? checkOptions(loaded.options) : loaded.errors;
  });
  const ofFlags = WRONG_FLAGS.flatMap((words) => {
    const parsed = parseFlags(words);
    if (parsed.kind === "run") return applyFlags(defaultOptions(), parsed.flags).errors;
    return parsed.kind === "error" ? [parsed] : [];
  });
  return [...ofConfigs, ...ofFlags].map(({ message }) => message);
}

/** Texts of Node, and those whose halves come from different threads or from the system. */
const FOREIGN = ["listen EADDRINUSE: address already in use *"];
const HALVES = /^(authentication_module FILE|signal "\w+" \d+): (.+)$/;

describe("docs/errors.md, errors at the start", () => {
  const page = read("docs/errors.md");
  const sources = ["packages", "apps"].flatMap((folder) =>
    listFiles(folder, (path) => /\/src\/.*\.ts$/.test(path) && !isTestSupport(path)),
  );
  const said = [
    ...[...sources.map(({ text }) => text), read("scripts/run.mjs")].flatMap(linesOf),
    ...madeTexts(),
    ...FOREIGN,
  ];
  const isSaid = (text: string): boolean => {
    const parts = fixedParts(text);
    return parts.length > 0 && said.some((line) => has(line, parts));
  };
  const missing = (texts: readonly string[]): string[] =>
    texts.filter((text) => {
      const halves = HALVES.exec(text)?.slice(1) ?? [text];
      return !halves.every(isSaid);
    });

  it("shows texts that the server says", () => {
    const texts = documentedTexts(page);
    expect(new Set(texts.map(({ family }) => family)).size).toBeGreaterThan(25);
    expect(missing(texts.map(({ text }) => text))).toEqual([]);
  });

  it("shows the everyday ones", () => {
    const texts = documentedTexts(page).map(({ text }) => text);
    expect(texts).toContain("open nofile.conf: no such file or directory");
    expect(texts).toContain('unrecognized command: "extra"');
  });

  it("and a text that nothing says is found", () => {
    const gone = ['unknown word "prot"', "error opening the file: ...", "port X is out of range"];
    expect(missing([...gone, 'unknown field "x"'])).toEqual(gone);
    const row =
      "## Errors at the start\n\n| a b | `c d`, the same: `e f` with `g` | `h i` |\n\n## Next";
    expect(documentedTexts(row).map(({ text }) => text)).toEqual(["c d", "e f"]);
  });
});
