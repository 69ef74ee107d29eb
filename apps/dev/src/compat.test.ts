// The tables of docs/compat: each row has a status that is explained, the table of the front page
// counts them, and what sources quote is there. Reads the repository; starts nothing.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { isTestSupport, listFiles, repositoryRoot } from "./tidy/source-file.ts";

const STATUSES = ["yes", "part", "no", "n/a"] as const;

/** Pages whose rows have no status: they are notes. */
const NOTES = ["16-security-coverage.md", "17-corrections.md"];

const frontPage = readFileSync(join(repositoryRoot, "docs/compat/README.md"), "utf8");
const sections = listFiles("docs/compat", (path) => /\/\d\d-[\w-]+\.md$/.test(path)).map(
  ({ path, text }) => ({ page: basename(path), text }),
);

interface Counts {
  readonly rows: number;
  readonly yes: number;
  readonly part: number;
  readonly no: number;
}

/** First and last cell of every row that begins with an id. */
function rowsOf(text: string): { readonly id: string; readonly status: string }[] {
  return [...text.matchAll(/^\| ([A-Z]{2}-\d+[a-z]?) \|.*$/gm)].map(([line, id = ""]) => {
    const cells = line.replace(/\|\s*$/, "").split(/(?<!\\)\|/);
    const words = /^(yes|part|no|n\/a)(?![\w/])/.exec(cells.at(-1)?.trim() ?? "");
    return { id, status: words?.[1] ?? "" };
  });
}

function countsOf(text: string): Counts {
  const rows = rowsOf(text);
  const count = (wanted: string): number => rows.filter(({ status }) => status === wanted).length;
  return { rows: rows.length, yes: count("yes"), part: count("part"), no: count("no") };
}

/** Rows such as "| [Title](page.md) | 3 | 1 | 1 | 1 |"; an empty cell is 0. */
function shownCounts(): Record<string, Counts> {
  const row = /^\| \[[^\]]+\]\(([\w-]+\.md)\) \| *(\d*) *\| *(\d*) *\| *(\d*) *\| *(\d*) *\|$/gm;
  const all = [...frontPage.matchAll(row)].map(([, page = "", rows, yes, part, no]) => {
    return [page, { rows: Number(rows), yes: Number(yes), part: Number(part), no: Number(no) }];
  });
  return Object.fromEntries(all) as Record<string, Counts>;
}

test("the front page counts the rows of every section by their status", () => {
  const none = { rows: 0, yes: 0, part: 0, no: 0 };
  const wanted = sections.map(({ page, text }) => [
    page,
    NOTES.includes(page) ? none : countsOf(text),
  ]);
  expect(sections.length).toBe(17);
  expect(shownCounts()).toEqual(Object.fromEntries(wanted));
});

test("every row has a status that is explained, and an id of its own", () => {
  const rows = sections
    .filter(({ page }) => !NOTES.includes(page))
    .flatMap((it) => rowsOf(it.text));
  expect(rows.length).toBeGreaterThan(1_000);
  expect(rows.filter(({ status }) => !(STATUSES as readonly string[]).includes(status))).toEqual(
    [],
  );
  const ids = rows.map(({ id }) => id);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  for (const status of STATUSES) expect(frontPage).toContain(`| ${status} |`);
});

test("rows are read as they are written", () => {
  const text = "| AB-01 | `a \\| b` | yes: so |\n| AB-02 | x | not yet |\n| other | yes |\n";
  expect(rowsOf(text)).toEqual([
    { id: "AB-01", status: "yes" },
    { id: "AB-02", status: "" },
  ]);
});

// ---- what sources quote

/** Ids such as CP-40, GP-9 and F27 (docs/THREADS.md); not those of other houses, such as ADR-26. */
const QUOTED_ID = /(?<![\w$-])(?:[A-Z]{2}-\d{1,3}[a-z]?|F\d{1,2})(?![\w-])/g;

/** Of rows such as "| F27 | what happens |". */
function faultIds(text: string): string[] {
  return [...text.matchAll(/^\| (F\d+) \|/gm)].map(([, id = ""]) => id);
}

const knownIds = new Set([
  ...sections.flatMap(({ text }) => rowsOf(text).map(({ id }) => id)),
  ...faultIds(readFileSync(join(repositoryRoot, "docs/THREADS.md"), "utf8")),
]);

function unknownIds(text: string): string[] {
  const quoted = [...text.matchAll(QUOTED_ID)].map(([id]) => id);
  return [...new Set(quoted)].filter((id) => !knownIds.has(id));
}

test("every id that a source quotes has a row", () => {
  const own = "apps/dev/src/compat.test.ts";
  const isSource = (path: string): boolean => /\.(ts|mjs|md)$/.test(path) && path !== own;
  const files = ["packages", "apps", "benchmarks", "docs"].flatMap((top) =>
    listFiles(top, isSource),
  );
  expect(files.length).toBeGreaterThan(1_000);
  expect(files.flatMap(({ path, text }) => unknownIds(text).map((id) => `${path}: ${id}`))).toEqual(
    [],
  );
  expect(unknownIds("CP-01, SU-99, (F27) F98 ADR-26 x-CP-77 UTF-8")).toEqual(["SU-99", "F98"]);
});

// ---- tests that quote rows

/** All ids that a text quotes; "CP-100 to CP-104" are five. */
function quotedIds(text: string): Set<string> {
  const ids = new Set([...text.matchAll(QUOTED_ID)].map(([id]) => id));
  for (const [, kind = "", first, last] of text.matchAll(/([A-Z]{2})-(\d+) to \1-(\d+)/g)) {
    for (let n = Number(first); n <= Number(last); n += 1) {
      ids.add(`${kind}-${String(n).padStart(2, "0")}`);
    }
  }
  return ids;
}

/** Tests, and the tables and corpora that they run through. */
function isTestText(path: string): boolean {
  if (path === "apps/dev/src/compat.test.ts") return false;
  if (/\/testdata\/.*\.(ts|json)$/.test(path)) return true;
  return /\.ts$/.test(path) && (isTestSupport(path) || path.startsWith("apps/dev/src/attack/"));
}

test("every row that works is quoted by a test", () => {
  const texts = ["packages", "apps"].flatMap((top) => listFiles(top, isTestText));
  expect(texts.length).toBeGreaterThan(300);
  const quoted = quotedIds(texts.map(({ text }) => text).join("\n"));
  const works = sections
    .filter(({ page }) => !NOTES.includes(page))
    .flatMap(({ text }) => rowsOf(text))
    .filter(({ status }) => status === "yes");
  expect(works.length).toBeGreaterThan(350);
  expect(works.filter(({ id }) => !quoted.has(id)).map(({ id }) => id)).toEqual([]);
  expect([...quotedIds("AB-09 to AB-11")].sort()).toEqual(["AB-09", "AB-10", "AB-11"]);
});
