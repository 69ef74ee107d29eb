// Typed access to the fields of a block (CF-03, CF-13, CF-14). Control thread. Must stay true: a
// wrong type is a finding at the key, never an exception.
import { formatPosition } from "@weft/base";
import { parseDuration } from "./duration.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, type ConfigNode, describeKind, type MapNode } from "./node.ts";

/** Accepted spellings, in lower case, to the name of the field. */
export type FieldNames<K extends string> = ReadonlyMap<string, K>;

/** Makes the table of a block from its fields and their aliases. */
export function fieldNames<K extends string>(
  fields: Readonly<Record<K, readonly string[]>>,
): FieldNames<K> {
  const names = new Map<string, K>();
  for (const [name, aliases] of Object.entries(fields) as [K, readonly string[]][]) {
    names.set(name, name);
    for (const alias of aliases) names.set(alias, name);
  }
  return names;
}

/** The reference's words for an unknown key. */
export function unknownField(key: string): string {
  return `unknown field ${JSON.stringify(key)}`;
}

/**
 * Visits the fields of a block in the order written. Unknown keys are errors, unless they only
 * serve as variables; two spellings of one field are a warning, and the last one wins (GP-9).
 */
export function forEachField<K extends string>(
  map: MapNode,
  names: FieldNames<K>,
  findings: Findings,
  visit: (name: K, entry: ConfigEntry) => void,
  unknown: (key: string) => string = unknownField,
): void {
  const seen = new Map<K, ConfigEntry>();
  for (const entry of map.entries.values()) {
    const name = names.get(entry.key.toLowerCase());
    if (name === undefined) {
      if (!entry.usedAsVariable) findings.error(entry.at, unknown(entry.key));
      continue;
    }
    const before = seen.get(name);
    if (before !== undefined) {
      findings.advise(
        entry.at,
        `"${entry.key}" replaces "${before.key}" at ${formatPosition(before.at)}`,
      );
    }
    seen.set(name, entry);
    visit(name, entry);
  }
}

/** The text of a string node; else an error that names what was expected. */
export function readString(entry: ConfigEntry, findings: Findings): string | undefined {
  if (entry.node.kind === "string") return entry.node.value;
  const hint = entry.node.kind === "integer" || entry.node.kind === "boolean" ? " (quote it)" : "";
  wrongType(entry, `a string${hint}`, findings);
  return undefined;
}

export function readBoolean(entry: ConfigEntry, findings: Findings): boolean | undefined {
  if (entry.node.kind === "boolean") return entry.node.value;
  wrongType(entry, "a boolean", findings);
  return undefined;
}

/** An integer within the range that a number holds exactly. */
export function readInteger(entry: ConfigEntry, findings: Findings): number | undefined {
  if (entry.node.kind !== "integer") {
    wrongType(entry, "an integer", findings);
    return undefined;
  }
  if (Number.isSafeInteger(entry.node.value)) return entry.node.value;
  findings.error(entry.at, `${entry.key} value is too big`);
  return undefined;
}

export function readMap(entry: ConfigEntry, findings: Findings): MapNode | undefined {
  if (entry.node.kind === "map") return entry.node;
  wrongType(entry, "a map", findings);
  return undefined;
}

export function readList(
  entry: ConfigEntry,
  findings: Findings,
): readonly ConfigNode[] | undefined {
  if (entry.node.kind === "list") return entry.node.items;
  wrongType(entry, "an array", findings);
  return undefined;
}

/** One string or a list of strings. `what` names the field in errors. */
export function readStrings(
  entry: ConfigEntry,
  what: string,
  findings: Findings,
): string[] | undefined {
  const node = entry.node;
  if (node.kind === "string") return [node.value];
  if (node.kind !== "list") {
    findings.error(entry.at, `error parsing ${what}: unsupported type: ${describeKind(node)}`);
    return undefined;
  }
  const texts: string[] = [];
  for (const item of node.items) {
    if (item.kind === "string") {
      texts.push(item.value);
    } else {
      const kind = describeKind(item);
      findings.error(item.at, `error parsing ${what}: unsupported type in array: ${kind}`);
    }
  }
  return texts;
}

/** A duration string; undefined after an error. Negative ones are refused when `min` is 0. */
export function readDuration(
  entry: ConfigEntry,
  findings: Findings,
  min = Number.NEGATIVE_INFINITY,
): number | undefined {
  if (entry.node.kind !== "string") {
    wrongType(entry, 'a duration such as "10s"', findings);
    return undefined;
  }
  const durationMs = parseDuration(entry.node.value);
  if (typeof durationMs === "string") {
    findings.error(entry.at, `error parsing ${entry.key}: ${durationMs}`);
    return undefined;
  }
  return notBelow(entry, durationMs, min, findings);
}

/** A duration string, or whole seconds as in old files, with a warning (CF-18). */
export function readLegacyDuration(
  entry: ConfigEntry,
  findings: Findings,
  min = Number.NEGATIVE_INFINITY,
): number | undefined {
  if (entry.node.kind !== "integer") return readDuration(entry, findings, min);
  findings.warn(
    entry.at,
    `invalid use of field ${JSON.stringify(entry.key)}: ` +
      `${entry.key} should be converted to a duration`,
  );
  return notBelow(entry, entry.node.value * 1_000, min, findings);
}

/** Seconds as a number, or a duration string. `what` starts the error. */
export function readSeconds(
  entry: ConfigEntry,
  what: string,
  findings: Findings,
): number | undefined {
  const node = entry.node;
  if (node.kind === "integer" || node.kind === "float") {
    return notBelow(entry, node.value * 1_000, 0, findings);
  }
  if (node.kind !== "string") {
    findings.error(entry.at, `error parsing ${what}, '${entry.key}' wrong type`);
    return undefined;
  }
  const durationMs = parseDuration(node.value);
  if (typeof durationMs === "string") {
    findings.error(entry.at, `error parsing ${what}, '${entry.key}' ${durationMs}`);
    return undefined;
  }
  return notBelow(entry, durationMs, 0, findings);
}

function notBelow(
  entry: ConfigEntry,
  value: number,
  min: number,
  findings: Findings,
): number | undefined {
  if (value >= min) return value;
  findings.error(entry.at, `invalid ${entry.key}, needs to be positive`);
  return undefined;
}

export function wrongType(entry: ConfigEntry, expected: string, findings: Findings): void {
  const found = describeKind(entry.node);
  findings.error(entry.at, `expected ${expected} for ${JSON.stringify(entry.key)}, got ${found}`);
}
