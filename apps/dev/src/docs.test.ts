// Documents against the code: error texts in both directions, links, paths, and configurations that
// the server's own reader takes. Reads the repository; starts nothing.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { formatProblem, loadConfig, textSource } from "@weft/config";
import {
  authorizationViolation,
  ERROR_LINES,
  type ErrorLine,
  PARSE_FAILURES,
  publishViolation,
  replyViolation,
  subscribeViolation,
  subscriptionRevoked,
  tooManyTokens,
} from "@weft/protocol";
import { checkOptions, sha256Hex } from "@weft/server";
import { describe, expect, it } from "vitest";
import { PACKAGE_GRAPH } from "./tidy/package-graph.ts";
import { listFiles, repositoryRoot, type SourceFile } from "./tidy/source-file.ts";

const ROOT_PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
const read = (path: string): SourceFile => ({
  path,
  text: readFileSync(join(repositoryRoot, path), "utf8"),
});
const pages = [...ROOT_PAGES.map(read), ...listFiles("docs", (path) => path.endsWith(".md"))];
const examples = listFiles("deploy/examples", (path) => path.endsWith(".conf"));

// ---- error texts

/** One row of the table of `-ERR` texts. */
interface ErrorRow {
  readonly text: string;
  readonly closes: boolean;
  /** Empty for a text after which the connection goes on. */
  readonly reason: string;
}

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const SUBJECT = bytes("SUBJECT");
const QUEUE = bytes("QUEUE");

/** Every function that makes a text, with the placeholders that the page uses. */
const MADE_TEXTS: Readonly<Record<string, readonly ErrorLine[]>> = {
  authorizationViolation: [authorizationViolation("Authentication Failure")],
  publishViolation: [publishViolation(SUBJECT)],
  replyViolation: [replyViolation(bytes("REPLY"))],
  subscribeViolation: [subscribeViolation(SUBJECT, undefined), subscribeViolation(SUBJECT, QUEUE)],
  subscriptionRevoked: [
    subscriptionRevoked(SUBJECT, undefined, bytes("SID")),
    subscriptionRevoked(SUBJECT, QUEUE, bytes("SID")),
  ],
  tooManyTokens: [tooManyTokens(SUBJECT)],
};

function rowOf(line: ErrorLine): ErrorRow {
  return { text: line.text, closes: line.closes, reason: line.closes ? line.reason : "" };
}

/** Rows such as "| `text` | closes | reason | meaning | what to do |". */
function documentedErrors(page: string): ErrorRow[] {
  const row = /^\| `([^`]+)` \| (closes|stays) \| ([^|]*) \|/gm;
  return [...page.matchAll(row)].map(([, text = "", fate, reason = ""]) => ({
    text,
    closes: fate === "closes",
    reason: reason.trim() === "-" ? "" : reason.trim(),
  }));
}

const byText = (rows: readonly ErrorRow[]): ErrorRow[] =>
  [...rows].sort((a, b) => (a.text < b.text ? -1 : 1));

/** Functions of the module that return an error line, by their declarations. */
function makersIn(source: string): string[] {
  const maker = /export function (\w+)\([^)]*\): (?:ErrorLine|ClosingError|PassingError)\b/g;
  return [...source.matchAll(maker)].map(([, name = ""]) => name);
}

describe("docs/errors.md", () => {
  const { text: page } = read("docs/errors.md");

  it("lists every -ERR text, says whether it closes, and lists no other", () => {
    const sent = [...Object.values(ERROR_LINES), ...Object.values(MADE_TEXTS).flat()].map(rowOf);
    const distinct = [...new Map(sent.map((row) => [row.text, row])).values()];
    expect(byText(documentedErrors(page))).toEqual(byText(distinct));
    expect(documentedErrors("| `Bad` | closes | Parse Error | m | d |")).toEqual([
      { text: "Bad", closes: true, reason: "Parse Error" },
    ]);
  });

  it("knows every function that makes a text", () => {
    const source = read("packages/protocol/src/error-lines.ts").text;
    expect(makersIn(source).sort()).toEqual(Object.keys(MADE_TEXTS).sort());
  });

  it("names what closes without a word", () => {
    const silent = Object.entries(PARSE_FAILURES).filter(([, { line }]) => line === undefined);
    expect(silent).not.toEqual([]);
    for (const [failure] of silent) expect(page).toContain(`\`${failure}\``);
  });
});

// ---- links and paths

const FENCE = /^```[\s\S]*?^```/gm;

function slugOf(heading: string): string {
  const plain = heading.replace(/[`*]/g, "").toLowerCase();
  return plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
}

function hasAnchor(path: string, anchor: string): boolean {
  const text = readFileSync(path, "utf8").replace(FENCE, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].some(([, heading = ""]) => slugOf(heading) === anchor);
}

/** Relative links of a page that lead nowhere. */
function brokenLinks(page: SourceFile): string[] {
  const text = page.text.replace(FENCE, "").replace(/`[^`\n]*`/g, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = "", anchor] = target.split("#");
    const path = join(repositoryRoot, file === "" ? page.path : join(dirname(page.path), file));
    return !existsSync(path) || (anchor !== undefined && !hasAnchor(path, anchor));
  });
}

/** Code spans that are paths from the root and name nothing. */
function brokenPaths({ text }: SourceFile): string[] {
  const top = "(?:apps|benchmarks|deploy|docs|packages|scripts)";
  const span = new RegExp(`\`(${top}/[\\w./-]+)\``, "g");
  const named = [...text.replace(FENCE, "").matchAll(span)].map(([, path = ""]) => path);
  return named.filter((path) => !existsSync(join(repositoryRoot, normalize(path))));
}

const findings = (check: (page: SourceFile) => readonly string[]): string[] =>
  pages.flatMap((page) => check(page).map((found) => `${page.path}: ${found}`));

describe("documents", () => {
  it("have no link that leads nowhere", () => {
    expect(findings(brokenLinks)).toEqual([]);
    const bad = "[a](gone.md) [b](STYLE.md#gone) [c](STYLE.md) [d](https://x.example)";
    expect(brokenLinks({ path: "docs/x.md", text: bad })).toEqual(["gone.md", "STYLE.md#gone"]);
  });

  it("name no path that is gone", () => {
    expect(findings(brokenPaths)).toEqual([]);
    const bad = "`packages/gone/src/x.ts` `packages/base/src/limits.ts` `docs/`";
    expect(brokenPaths({ path: "docs/x.md", text: bad })).toEqual(["packages/gone/src/x.ts"]);
  });
});

/** Rows such as "| `name` | base, auth | yes | what |" as package rules. */
function documentedGraph(page: string): Record<string, { packages: string[]; pure: boolean }> {
  const row = /^\| `([a-z-]+)` \| ([a-z, -]+) \| (yes|no) \|/gm;
  const rows = [...page.matchAll(row)].map(([, name = "", imports = "", pure]) => {
    const packages = imports === "-" ? [] : imports.split(", ");
    return [name, { packages: packages.sort(), pure: pure === "yes" }] as const;
  });
  return Object.fromEntries(rows);
}

describe("docs/ARCHITECTURE.md", () => {
  it("shows the package graph that is enforced", () => {
    const enforced = Object.entries(PACKAGE_GRAPH).map(([name, { packages, pure }]) => {
      return [name, { packages: [...packages].sort(), pure }] as const;
    });
    const shown = documentedGraph(read("docs/ARCHITECTURE.md").text);
    expect(shown).toEqual(Object.fromEntries(enforced));
  });
});

// ---- pages that list what there is

/** Code spans of a page; `a_…` stands for all names that begin so. */
const namesIn = (page: string): string[] =>
  [...page.matchAll(/`([a-z_/]+…?)`/g)].map(([, name = ""]) => name);

function isNamed(names: readonly string[], name: string): boolean {
  return names.some((shown) => {
    if (shown.endsWith("…")) return name.startsWith(shown.slice(0, -1));
    return shown.replace(/_(total|info)$/, "") === name;
  });
}

describe("lists in documents", () => {
  it("docs/monitor.md names every metric", () => {
    const source = read("packages/monitor/src/metrics.ts").text;
    const metrics = [...source.matchAll(/"(weft_[a-z_]+)"/g)].map(([, name = ""]) => name);
    const shown = namesIn(read("docs/monitor.md").text);
    expect(metrics.length).toBeGreaterThan(20);
    expect(metrics.filter((name) => !isNamed(shown, name))).toEqual([]);
    expect(isNamed(["weft_x_total", "weft_y_…"], "weft_z")).toBe(false);
  });

  it("docs/monitor.md names every page of the monitoring port", () => {
    const source = read("packages/monitor/src/render-page.ts").text;
    const paths = [...source.matchAll(/\[\s*"(\/[a-z/]+)",/g)].map(([, path = ""]) => path);
    const shown = namesIn(read("docs/monitor.md").text);
    expect(paths.length).toBeGreaterThan(15);
    expect(paths.filter((path) => !shown.includes(path))).toEqual([]);
  });

  it("README.md and CONTRIBUTING.md lead to every page", () => {
    const linked = read("README.md").text + read("CONTRIBUTING.md").text;
    const top = pages.map(({ path }) => path).filter((path) => /^docs\/[\w-]+\.md$/.test(path));
    expect(top.filter((path) => !linked.includes(`(${path})`))).toEqual([]);
    expect(top).toContain("docs/monitor.md");
  });
});

// ---- configurations

/** What the server says against a configuration, warnings included. */
function problemsOf(name: string, text: string): string[] {
  // Variables of an example have values, whatever the machine has set.
  const source = { ...textSource(text), environment: () => "example" };
  const loaded = loadConfig(name, source, { sha256Hex });
  if (!loaded.ok) return [...loaded.errors, ...loaded.warnings].map(formatProblem);
  return [...loaded.warnings, ...checkOptions(loaded.options)].map(formatProblem);
}

function configBlocks({ path, text }: SourceFile): { name: string; text: string }[] {
  return [...text.matchAll(/^```conf\n([\s\S]*?)^```/gm)].map(([, block = ""], index) => ({
    name: `${path}, block ${index + 1}`,
    text: block,
  }));
}

describe("configurations", () => {
  it("in the documents are accepted without a warning", () => {
    const blocks = pages.flatMap(configBlocks);
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.flatMap(({ name, text }) => problemsOf(name, text))).toEqual([]);
  });

  it("in deploy/examples are accepted without a warning", () => {
    expect(examples.length).toBeGreaterThanOrEqual(5);
    expect(examples.flatMap(({ path, text }) => problemsOf(path, text))).toEqual([]);
  });

  it("that are wrong are found", () => {
    expect(problemsOf("x", "prot: 4222")).toHaveLength(1);
    const noExport = 'accounts { A { imports: [ { stream: {account: A, subject: "x"} } ] } }';
    expect(problemsOf("x", noExport)).toHaveLength(1);
  });
});
