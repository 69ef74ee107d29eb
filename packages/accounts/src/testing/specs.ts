// Test support: short ways to write specifications and to ask for the result.
import { type CompileOptions, compileAccounts } from "../compile.ts";
import type { AccountSpec, ExportSpec, ImportSpec } from "../spec.ts";

export const stream = (subject: string, over: Partial<ExportSpec> = {}): ExportSpec => ({
  kind: "stream",
  subject,
  ...over,
});
export const service = (subject: string, over: Partial<ExportSpec> = {}): ExportSpec => ({
  kind: "service",
  subject,
  ...over,
});
export const importOf = (
  kind: "stream" | "service",
  account: string,
  subject: string,
  over: Partial<ImportSpec> = {},
): ImportSpec => ({ kind, account, subject, ...over });

/** Texts of all errors; empty if there are none. */
export function errorsOf(specs: AccountSpec[], options?: CompileOptions): string[] {
  const result = compileAccounts(specs, options);
  return result.ok ? [] : result.errors.map((error) => error.message);
}

/** The snapshot of specifications that must be fine. */
export function snapshotOf(specs: AccountSpec[], options?: CompileOptions) {
  const result = compileAccounts(specs, options);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.snapshot;
}

/** A ring of accounts, each importing from the next; `subjectOf` names what is exported by each. */
export function ring(kind: "stream" | "service", length: number, renamed: boolean): AccountSpec[] {
  return Array.from({ length }, (_, at) => {
    const next = (at + 1) % length;
    const own = renamed ? `x${at}` : "x";
    const subject = renamed ? `x${next}` : "x";
    return {
      name: `A${at}`,
      exports: [{ kind, subject: own }],
      imports: [importOf(kind, `A${next}`, subject, renamed ? { to: own } : {})],
    };
  });
}
