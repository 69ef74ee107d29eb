// The table of the seeds against the list of their claims, its short form, and the tests that it names.
// Reads the repository; starts nothing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "./tidy/source-file.ts";

const read = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");
const STATES = ["works", "partly", "later"] as const;

interface SeedRow {
  readonly id: string;
  readonly state: string;
  readonly note: string;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

function seedRows(page: string): SeedRow[] {
  const row = /^\| (S[AB]-\d+) \| .*? \| (\w+) \| (.*?) \| (.*?) \|$/gm;
  return [...page.matchAll(row)].map(([, id = "", state = "", note = "", cell = ""]) => ({
    id,
    state,
    note,
    tests: cell
      .split("<br>")
      .filter((text) => text.trim() !== "")
      .map((text) => {
        const [, file = text, name = ""] = /^`([^`]+)`: (.*)$/.exec(text.trim()) ?? [];
        return { file, name: name.replaceAll("\\_", "_").replaceAll("\\|", "|") };
      }),
  }));
}

/** What is wrong with the tests that a row names. */
function faultsOf({ id, state, note, tests }: SeedRow): string[] {
  const faults: string[] = [];
  if (!STATES.some((one) => one === state)) faults.push(`${id}: state ${state}`);
  if ((state === "later") !== (tests.length === 0)) faults.push(`${id}: ${tests.length} tests`);
  if (state !== "works" && note === "") faults.push(`${id}: no note`);
  for (const { file, name } of tests) {
    const path = join(repositoryRoot, file);
    if (!existsSync(path)) faults.push(`${id}: no file ${file}`);
    else if (name === "" || !readFileSync(path, "utf8").includes(name)) {
      faults.push(`${id}: ${file} has no test named ${name}`);
    }
  }
  return faults;
}

describe("docs/compat/seeds.md", () => {
  const rows = seedRows(read("docs/compat/seeds.md"));

  it("has every claim of the seeds once, in their order", () => {
    const list = read("docs/compat/16-security-coverage.md");
    const claims = [...list.matchAll(/^\| (S[AB]-\d+) \|/gm)].map(([, id]) => id);
    expect(claims.length).toBeGreaterThan(120);
    expect(rows.map(({ id }) => id)).toEqual(claims);
  });

  it("names tests that are there", () => {
    expect(rows.flatMap(faultsOf)).toEqual([]);
    const [bad] = seedRows("| SA-01 | claim | works |  | `apps/gone.test.ts`: x |");
    expect(bad && faultsOf(bad)).toEqual(["SA-01: no file apps/gone.test.ts"]);
    const [unnamed] = seedRows("| SA-01 | claim | works |  | `apps/dev/src/seeds.test.ts`:  |");
    expect(unnamed && faultsOf(unnamed)).toHaveLength(1);
  });

  it("is told in short by docs/STATUS.md", () => {
    const status = read("docs/STATUS.md");
    for (const state of STATES) {
      const ids = rows.filter((row) => row.state === state).map(({ id }) => id);
      expect(status).toContain(`| ${state} (${ids.length}) | ${ids.join(", ")} |`);
    }
  });
});
