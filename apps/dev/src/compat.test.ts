// The tables of docs/compat: each row has a status that is explained, and the table of the front page
// counts them. Reads the repository; starts nothing.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { listFiles, repositoryRoot } from "./tidy/source-file.ts";

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
