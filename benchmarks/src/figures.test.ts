import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { figureFiles, withFigures } from "./figure-pages.ts";
import { figureTexts, isQuotable } from "./figures.ts";
import type { RunRecord } from "./results-file.ts";
import { rows } from "./rows/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Every row with Weft `factor` times as fast, at half the CPU. */
function recordOf(factor: number): RunRecord {
  const figures = (throughput: number, cpuNs: number) => [
    { throughput, cpuNs, p50Us: 50, p99Us: 90, startMs: 200, bytesPerConnection: 1024 },
  ];
  return {
    date: "2026-01-02T03:04:05.678Z",
    machine: { class: "linux-x64-2cpu", model: "a model", memoryGiB: 8 },
    node: "v24.21.0",
    commit: "0123456789abcdef+",
    peer: "nats-server: v2.9.10",
    validity: "",
    pairs: 3,
    seconds: 1,
    isStandardWeft: true,
    rows: rows.map(({ name, sides }) => ({
      name,
      sides: Object.fromEntries(
        sides.map(({ id, program }) => [
          id,
          program === "weft" ? figures(factor * 2e6, 100) : figures(2e6, 200),
        ]),
      ),
    })),
  };
}

describe("the figures of the documents", () => {
  it("are those of one run: the newest that has all core rows", () => {
    const files = figureFiles(root) ?? new Map<string, string>();
    expect([...files.keys()]).toEqual([
      "README.md",
      "docs/performance.md",
      "docs/STATUS.md",
      "docs/performance.svg",
    ]);
    for (const [path, text] of files) {
      const isSame = readFileSync(join(root, path), "utf8") === text;
      expect(isSame, `${path}: "npm run bench -- --figures" puts it right`).toBe(true);
    }
  });

  it("name the run, what it does not count for, and what is beyond its limit", () => {
    const { readme, performance, status, chart } = figureTexts(recordOf(1.5));
    for (const text of [readme, performance, status, chart]) {
      expect(text).toContain("2026-01-02");
      expect(text).toContain("commit 01234567 with changes");
    }
    for (const text of [readme, performance, status]) expect(text).toContain("does not count");
    expect(readme).toContain("1→1 with 16 B 1.5 times");
    expect(readme).toContain("at 0.5 of the CPU per message. Two workers: 1.5 times");
    expect(performance).toContain(
      "| 1 → 1, 16 B | throughput | 2.00 M/s | 3.00 M/s | 1.50 | **≥ 1.70** |",
    );
    expect(performance).toContain("| 0.50 | ≤ 0.75 |");
    expect(status).toContain("1 → 1, 16 B, throughput 1.50 (≥ 1.70)");
    expect(chart).toContain("1.50×");
    const fast = recordOf(2);
    const valid = {
      ...fast,
      rows: JSON.parse(JSON.stringify(fast.rows).replaceAll("2000000", "6e6")),
    };
    expect(figureTexts(valid).readme).not.toContain("does not count");
  });

  it("come from no run that is short, partial, or of something else", () => {
    const whole = recordOf(2);
    expect(isQuotable(whole)).toBe(true);
    const withoutLogins = whole.rows.filter(({ name }) => !name.startsWith("logins"));
    expect(isQuotable({ ...whole, rows: withoutLogins })).toBe(true);
    expect(isQuotable({ ...whole, rows: whole.rows.slice(1) })).toBe(false);
    const skipped = whole.rows.map((row) => ({ ...row, skipped: "why" }));
    expect(isQuotable({ ...whole, rows: skipped })).toBe(false);
    expect(isQuotable({ ...whole, pairs: 2 })).toBe(false);
    expect(isQuotable({ ...whole, workers: 2 })).toBe(false);
    expect(isQuotable({ ...whole, isStandardWeft: false })).toBe(false);
    expect(isQuotable({ ...whole, peer: undefined })).toBe(false);
  });

  it("replace what stood in the block, and nothing else", () => {
    const page = "a\n<!-- figures -->\nold\nold\n<!-- /figures -->\nb $1\n";
    expect(withFigures(page, "new $& 1")).toBe(
      "a\n<!-- figures -->\nnew $& 1\n<!-- /figures -->\nb $1\n",
    );
    expect(() => withFigures("a", "new")).toThrow(/no block/);
  });
});
