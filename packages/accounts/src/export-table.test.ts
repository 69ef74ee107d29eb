// Which exports decide about an import, at a bounded price (attack 45).
import { expect, test } from "vitest";
import { ExportTable } from "./export-table.ts";
import { service } from "./testing/specs.ts";

test("attack 45: exports among which none is the narrowest are not compared without end", () => {
  const table = new ExportTable();
  // Pairs of tokens, each `*.a` or `a.*`: all take in one literal, and none another of them.
  let subjects = [""];
  for (let pair = 0; pair < 8; pair += 1) {
    subjects = subjects.flatMap((start) => [`${start}*.a.`, `${start}a.*.`]);
  }
  for (const subject of subjects) table.add(service(subject.slice(0, -1)));
  const wanted = "a.".repeat(16).slice(0, -1);
  expect(table.deciding(wanted, { stepsLeft: 1_000_000 })).toHaveLength(256);
  expect(table.deciding(wanted, { stepsLeft: 60_000 })).toBeUndefined();
  // One alone costs what it costs to find it.
  expect(table.deciding(`${wanted}.a`, { stepsLeft: 60_000 })).toEqual([]);
});
