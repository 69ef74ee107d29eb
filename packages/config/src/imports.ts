// `imports: [...]` of an account (AC-21, AC-25, AC-34, AC-38). Control thread. Whether an import is
// authorised and fits its export is judged where accounts are compiled.
import type { ImportSpec } from "@weft/accounts";
import type { ReadContext } from "./context.ts";
import { fieldNames, forEachField, readBoolean, readString } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, type ConfigNode, describeKind } from "./node.ts";

const IMPORT_FIELDS = fieldNames({
  stream: [],
  service: [],
  prefix: [],
  to: [],
  share: [],
  allow_trace: [],
});
type ImportField = typeof IMPORT_FIELDS extends ReadonlyMap<string, infer K> ? K : never;

const SOURCE_FIELDS = fieldNames({ account: [], subject: [] });

type Draft = { -readonly [K in keyof ImportSpec]?: ImportSpec[K] };

/** Reads the list; wrong entries are left out, with errors. */
export function readImports(entry: ConfigEntry, context: ReadContext): ImportSpec[] {
  const { findings } = context;
  if (entry.node.kind !== "list") {
    const found = describeKind(entry.node);
    findings.error(entry.at, `Imports should be an array, got ${found}`);
    return [];
  }
  const imports: ImportSpec[] = [];
  const services = new Map<string, ImportSpec>();
  for (const item of entry.node.items) {
    const spec = readImport(item, findings);
    if (spec !== undefined && !isDuplicate(spec, services, findings)) imports.push(spec);
  }
  return imports;
}

/** AC-38: one account may be asked only once under a local subject. */
function isDuplicate(
  spec: ImportSpec,
  services: Map<string, ImportSpec>,
  findings: Findings,
): boolean {
  if (spec.kind !== "service") return false;
  const local = spec.to ?? spec.subject;
  const key = JSON.stringify([local, spec.account]);
  const before = services.get(key);
  if (before === undefined) {
    services.set(key, spec);
    return false;
  }
  findings.error(
    spec.at,
    `Duplicate service import subject ${JSON.stringify(local)}, previously used in import for ` +
      `account ${JSON.stringify(before.account)}, subject ${JSON.stringify(before.subject)}`,
  );
  return true;
}

function readImport(node: ConfigNode, findings: Findings): ImportSpec | undefined {
  if (node.kind !== "map") {
    const found = describeKind(node);
    findings.error(node.at, `Import Items should be a map with type entry, got ${found}`);
    return undefined;
  }
  const draft: Draft = {};
  const seen = new Map<ImportField, ConfigEntry>();
  forEachField(node, IMPORT_FIELDS, findings, (name, field) => {
    readField(name, field, draft, seen, findings);
    seen.set(name, field);
  });
  refuseMixes(draft, seen, findings);
  if (draft.kind === undefined || draft.account === undefined || draft.subject === undefined) {
    if (!seen.has("stream") && !seen.has("service")) {
      findings.advise(node.at, "import without stream or service is ignored");
    }
    return undefined;
  }
  const { kind, account, subject } = draft;
  return { ...draft, kind, account, subject, at: node.at };
}

function readField(
  name: ImportField,
  field: ConfigEntry,
  draft: Draft,
  seen: ReadonlyMap<ImportField, ConfigEntry>,
  findings: Findings,
): void {
  switch (name) {
    case "stream":
    case "service": {
      const other = name === "stream" ? "service" : "stream";
      if (seen.has(other)) {
        findings.error(field.at, `Detected ${name} but already saw a ${other}`);
      } else {
        readSource(name, field, draft, findings);
      }
      break;
    }
    case "prefix":
      draft.prefix = readString(field, findings) || undefined;
      break;
    case "to":
      draft.to = readString(field, findings) || undefined;
      break;
    case "share":
      draft.share = readBoolean(field, findings);
      break;
    case "allow_trace":
      draft.allowTrace = readBoolean(field, findings);
      break;
  }
}

function readSource(
  kind: "stream" | "service",
  field: ConfigEntry,
  draft: Draft,
  findings: Findings,
): void {
  if (field.node.kind !== "map") {
    const what = kind === "stream" ? "Stream" : "Service";
    const found = describeKind(field.node);
    findings.error(field.at, `${what} entry should be an account map, got ${found}`);
    return;
  }
  let account: string | undefined;
  let subject: string | undefined;
  const errorsBefore = findings.errorCount;
  forEachField(field.node, SOURCE_FIELDS, findings, (name, source) => {
    if (name === "account") account = readString(source, findings);
    else subject = readString(source, findings);
  });
  if (findings.errorCount > errorsBefore) return;
  if (!account || !subject) {
    findings.error(field.at, "Expect an account name and a subject");
    return;
  }
  draft.kind = kind;
  draft.account = account;
  draft.subject = subject;
}

/** In the reference this depends on the order of a hash table; here it is always an error. */
function refuseMixes(
  draft: Draft,
  seen: ReadonlyMap<ImportField, ConfigEntry>,
  findings: Findings,
): void {
  const trace = seen.get("allow_trace");
  if (draft.kind === "service" && trace !== undefined) {
    findings.error(trace.at, "Detected allow_trace directive on a non-stream");
  }
  const to = seen.get("to");
  if (draft.kind === "stream" && to !== undefined && draft.to && draft.prefix) {
    findings.error(to.at, "Stream import can not have a 'prefix' and a 'to' property");
  }
}
