// The rules of the house that a machine can check. Each takes a file and returns findings.
import { IMPURE_WORDS, PACKAGE_GRAPH } from "./package-graph.ts";
import { isTestSupport, type SourceFile } from "./source-file.ts";

export const FILE_LINES_MAX = 400;
export const LINE_CHARACTERS_MAX = 110;

const BANNED_WORDS =
  "acc sub cli conn2 mset jsa pa ctx mgr util helper data info2 process".replaceAll(" ", "|");
const BANNED_NAMES = new RegExp(
  `\\b(?:const|let|function|class|interface|type)\\s+(${BANNED_WORDS})\\b`,
  "g",
);

const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;

function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\/src\//.exec(path)?.[1];
}

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? "");
}

/** Code without comments and string contents, so that words in them do not count. */
export function codeOnly(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|[^:])\/\/[^\n]*/g, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

/** Imports that cross the package graph, with the reason. */
export function checkImports(file: SourceFile): string[] {
  const name = packageOf(file.path);
  if (name === undefined || isTestSupport(file.path)) return [];
  const rule = PACKAGE_GRAPH[name];
  if (rule === undefined) return [`${file.path}: package ${name} has no rule in package-graph.ts`];
  const findings: string[] = [];
  for (const target of importsOf(file.text)) {
    if (target.startsWith(".")) continue;
    const workspace = /^@weft\/([^/]+)$/.exec(target)?.[1];
    const allowed =
      workspace !== undefined
        ? rule.packages.includes(workspace)
        : rule.modules.some(
            (module) => target === module || (module === "node:" && target.startsWith(module)),
          );
    if (!allowed) findings.push(`${file.path}: may not import ${target} (${rule.why})`);
  }
  return findings;
}

/** Words that a pure package may not use. */
export function checkPurity(file: SourceFile): string[] {
  const name = packageOf(file.path);
  if (name === undefined || isTestSupport(file.path) || PACKAGE_GRAPH[name]?.pure !== true)
    return [];
  const code = codeOnly(file.text);
  const findings: string[] = [];
  for (const [pattern, why] of IMPURE_WORDS) {
    const found = pattern.exec(code);
    if (found !== null) findings.push(`${file.path}: ${found[0]} (${why})`);
  }
  return findings;
}

/** Sizes; `exempt` is the checked-in list of files that are larger for a stated reason. */
export function checkSize(file: SourceFile, exempt: Readonly<Record<string, number>>): string[] {
  const findings: string[] = [];
  const lines = file.text.split("\n");
  const limit = exempt[file.path] ?? FILE_LINES_MAX;
  if (lines.length - 1 > limit) {
    findings.push(`${file.path}: ${lines.length - 1} lines, at most ${limit} (one noun per file)`);
  }
  lines.forEach((line, index) => {
    if (line.length > LINE_CHARACTERS_MAX && !/https?:\/\/|["'`].{80,}["'`]/.test(line)) {
      findings.push(`${file.path}:${index + 1}: ${line.length} characters`);
    }
  });
  return findings;
}

/** A file says first what it owns and what must stay true. Barrels and tests may be brief. */
export function checkHeader(file: SourceFile): string[] {
  if (/\.(?:config|test)\.ts$/.test(file.path)) return [];
  const documented = /^(#![^\n]*\n)?(\/\/|\/\*\*|import type|export (type )?\*|export \{)/.test(
    file.text,
  );
  return documented ? [] : [`${file.path}: no header comment (what it owns, what must stay true)`];
}

export function checkNames(file: SourceFile): string[] {
  return [...codeOnly(file.text).matchAll(BANNED_NAMES)].map(
    (match) => `${file.path}: the name ${match[1]} is banned (glossary)`,
  );
}

/** Tests below the servers wait for nothing. */
export function checkTestWaits(file: SourceFile): string[] {
  if (!file.path.endsWith(".test.ts")) return [];
  const name = packageOf(file.path);
  if (name === undefined || PACKAGE_GRAPH[name]?.pure !== true) return [];
  return /\bsetTimeout\b/.test(codeOnly(file.text))
    ? [`${file.path}: setTimeout in a test of a pure package (use virtual time)`]
    : [];
}

const FOREIGN = [
  new RegExp(["", "work", ""].join("/")),
  new RegExp(`(?:^|[\\s"'\`(])${["", "root", ""].join("/")}`),
  new RegExp(["registry", "npmjs"].join("\\.")),
  new RegExp(["deb", "debian", "org"].join("\\.")),
];

/** No path of a developer's machine and no registry host in the repository. */
export function checkForeign(file: SourceFile): string[] {
  return FOREIGN.filter((pattern) => pattern.test(file.text)).map(
    (pattern) => `${file.path}: contains ${pattern.source}`,
  );
}

interface LockFile {
  readonly packages?: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

/**
 * Optional dependencies without an entry of their own: `npm ci` refuses such a lock file. It comes
 * about when the registry at hand does not carry the packages of other platforms.
 */
export function missingPlatformPackages(lockText: string): string[] {
  const { packages = {} } = JSON.parse(lockText) as LockFile;
  const missing = new Set<string>();
  for (const entry of Object.values(packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (packages[`node_modules/${name}`] === undefined) missing.add(name);
    }
  }
  return [...missing];
}
