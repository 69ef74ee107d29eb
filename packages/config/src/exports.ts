// `exports: [...]` of an account (AC-20, AC-22, AC-29, AC-30, AC-35). Control thread. Subjects are
// judged where accounts are compiled.
import type { ExportSpec, ResponseType } from "@weft/accounts";
import type { ReadContext } from "./context.ts";
import { parseDuration } from "./duration.ts";
import {
  fieldNames,
  forEachField,
  readBoolean,
  readInteger,
  readList,
  readString,
} from "./fields.ts";
import type { Findings } from "./findings.ts";
import { readLatency } from "./latency.ts";
import { type ConfigEntry, type ConfigNode, describeKind } from "./node.ts";

const EXPORT_FIELDS = fieldNames({
  stream: [],
  service: [],
  accounts: [],
  response_type: ["response"],
  response_threshold: ["threshold", "response_max_time", "response_time"],
  latency: [],
  account_token_position: [],
  allow_trace: [],
});
type ExportField = typeof EXPORT_FIELDS extends ReadonlyMap<string, infer K> ? K : never;

const RESPONSE_TYPES: ReadonlyMap<string, ResponseType> = new Map([
  ["single", "singleton"],
  ["singleton", "singleton"],
  ["stream", "stream"],
  ["chunk", "chunked"],
  ["chunked", "chunked"],
]);

type Draft = { -readonly [K in keyof ExportSpec]?: ExportSpec[K] };

/** Reads the list; wrong entries are left out, with errors. */
export function readExports(entry: ConfigEntry, context: ReadContext): ExportSpec[] {
  const { findings } = context;
  if (entry.node.kind !== "list") {
    const found = describeKind(entry.node);
    findings.error(entry.at, `Exports should be an array, got ${found}`);
    return [];
  }
  const exports: ExportSpec[] = [];
  for (const item of entry.node.items) {
    const spec = readExport(item, context);
    if (spec !== undefined) exports.push(spec);
  }
  return exports;
}

function readExport(node: ConfigNode, context: ReadContext): ExportSpec | undefined {
  const { findings } = context;
  if (node.kind !== "map") {
    const found = describeKind(node);
    findings.error(node.at, `Export Items should be a map with type entry, got ${found}`);
    return undefined;
  }
  const draft: Draft = {};
  const seen = new Map<ExportField, ConfigEntry>();
  forEachField(node, EXPORT_FIELDS, findings, (name, field) => {
    readField(name, field, draft, seen, context);
    seen.set(name, field);
  });
  if (draft.kind === "stream") refuseServiceFields(seen, findings);
  // Neither a stream nor a service: the reference drops it without a word.
  if (draft.kind === undefined || draft.subject === undefined) {
    if (!seen.has("stream") && !seen.has("service")) {
      findings.advise(node.at, "export without stream or service is ignored");
    }
    return undefined;
  }
  return { ...draft, kind: draft.kind, subject: draft.subject, at: node.at };
}

function readField(
  name: ExportField,
  field: ConfigEntry,
  draft: Draft,
  seen: ReadonlyMap<ExportField, ConfigEntry>,
  context: ReadContext,
): void {
  const { findings } = context;
  switch (name) {
    case "stream":
    case "service":
      readSubject(name, field, draft, seen, findings);
      break;
    case "accounts":
      draft.accounts = readAccountNames(field, findings);
      break;
    case "response_type":
      if (seen.has(name)) findings.error(field.at, "Duplicate response type definition");
      draft.responseType = readResponseType(field, findings);
      break;
    case "response_threshold":
      if (seen.has(name)) findings.error(field.at, "Duplicate response threshold detected");
      draft.responseThresholdMs = readThreshold(field, findings);
      break;
    case "latency":
      draft.latency = readLatency(field, findings);
      break;
    case "account_token_position":
      draft.accountTokenPosition = readTokenPosition(field, findings);
      break;
    case "allow_trace":
      draft.allowTrace = readBoolean(field, findings);
      break;
  }
}

function readSubject(
  kind: "stream" | "service",
  field: ConfigEntry,
  draft: Draft,
  seen: ReadonlyMap<ExportField, ConfigEntry>,
  findings: Findings,
): void {
  const shown = field.node.kind === "string" ? JSON.stringify(field.node.value) : field.node.kind;
  const other = kind === "stream" ? "service" : "stream";
  if (seen.has(other)) {
    findings.error(field.at, `Detected ${kind} ${shown} but already saw a ${other}`);
    return;
  }
  if (field.node.kind !== "string") {
    const found = describeKind(field.node);
    findings.error(field.at, `Expected ${kind} name to be string, got ${found}`);
    return;
  }
  draft.kind = kind;
  draft.subject = field.node.value;
}

/** In the reference some of these depend on the order of a hash table; here they are errors. */
function refuseServiceFields(
  seen: ReadonlyMap<ExportField, ConfigEntry>,
  findings: Findings,
): void {
  const refused: readonly (readonly [ExportField, string])[] = [
    ["response_type", "response"],
    ["response_threshold", "response"],
    ["latency", "latency"],
    ["allow_trace", "allow_trace"],
  ];
  for (const [name, directive] of refused) {
    const field = seen.get(name);
    if (field !== undefined) {
      findings.error(field.at, `Detected ${directive} directive on non-service`);
    }
  }
}

function readAccountNames(field: ConfigEntry, findings: Findings): string[] | undefined {
  const items = readList(field, findings);
  const names: string[] = [];
  for (const item of items ?? []) {
    const name = readString({ ...field, node: item, at: item.at }, findings);
    if (name !== undefined) names.push(name);
  }
  // An empty list is no list: the export is public.
  return names.length > 0 ? names : undefined;
}

function readResponseType(field: ConfigEntry, findings: Findings): ResponseType | undefined {
  if (field.node.kind !== "string") {
    const found = describeKind(field.node);
    findings.error(field.at, `Expected response type to be string, got ${found}`);
    return undefined;
  }
  const type = RESPONSE_TYPES.get(field.node.value.toLowerCase());
  if (type === undefined) {
    findings.error(field.at, `Unknown response type: ${JSON.stringify(field.node.value)}`);
  }
  return type;
}

function readThreshold(field: ConfigEntry, findings: Findings): number | undefined {
  const text = field.node.kind === "string" ? field.node.value : undefined;
  const thresholdMs = text === undefined ? undefined : parseDuration(text);
  if (typeof thresholdMs !== "number" || thresholdMs < 0) {
    findings.error(
      field.at,
      "Expected response threshold to be a parseable time duration, got " +
        (text === undefined ? describeKind(field.node) : JSON.stringify(text)),
    );
    return undefined;
  }
  return thresholdMs === 0 ? undefined : thresholdMs;
}

function readTokenPosition(field: ConfigEntry, findings: Findings): number | undefined {
  const position = readInteger(field, findings);
  if (position === undefined || position === 0) return undefined;
  if (position > 0 && position <= 0xffff) return position;
  findings.error(field.at, `invalid account_token_position ${position}`);
  return undefined;
}
