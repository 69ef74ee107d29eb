// Every row of the macro benchmark, in the order in which they run.
import type { Row } from "../row.ts";
import { accountRows } from "./accounts.ts";
import { connectionRows } from "./connections.ts";
import { interestRows } from "./interest.ts";
import { latencyRows } from "./latency.ts";
import { loginRows } from "./logins.ts";
import { operatedRows } from "./operated.ts";
import { throughputRows } from "./throughput.ts";

export const rows: readonly Row[] = [
  ...throughputRows,
  ...latencyRows,
  ...connectionRows,
  ...accountRows,
  ...interestRows,
  ...operatedRows,
  ...loginRows,
];

/** The row that decides whether a machine is fast enough for a run to count. */
export const VALIDITY_ROW = "1-1-16";
export const VALIDITY_THROUGHPUT_MIN = 5_000_000;

/** By what the reference reached in that row. */
export function isValid(throughput: number): boolean {
  return throughput >= VALIDITY_THROUGHPUT_MIN;
}

/** Rows whose name, group or name with blanks for dashes is asked for; all if nothing is. */
export function chooseRows(wanted: readonly string[]): Row[] {
  if (wanted.length === 0) return [...rows];
  const names = wanted.map((name) => name.trim().toLowerCase().replaceAll(" ", "-"));
  const unknown = names.filter(
    (name) => !rows.some((row) => row.name === name || row.group === name),
  );
  if (unknown.length > 0) {
    throw new Error(`no row or group named ${unknown.join(", ")}; --list shows them`);
  }
  return rows.filter((row) => names.includes(row.name) || names.includes(row.group));
}
