// `mappings { source: destination, ... }` (SU-30, SU-33 to SU-36), as far as it can be checked
// without compiling transforms: that is done where mappings are compiled, with the positions kept
// here. Control thread.
import type { MappingDestinationSpec, MappingSpec } from "@weft/accounts";
import { fieldNames, forEachField, readMap, readString } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, type ConfigNode, describeKind } from "./node.ts";
import { isSubject } from "./subject-syntax.ts";

const DESTINATION_FIELDS = fieldNames({ destination: ["dest"], weight: [], cluster: [] });

/** Reads a mappings block, in the order written (SU-31). */
export function readMappings(entry: ConfigEntry, findings: Findings): MappingSpec[] {
  const map = readMap(entry, findings);
  const mappings: MappingSpec[] = [];
  for (const field of map?.entries.values() ?? []) {
    const source = field.key;
    if (!isSubject(source)) {
      if (field.usedAsVariable) continue;
      findings.error(field.at, `Subject ${JSON.stringify(source)} is not a valid subject`);
      continue;
    }
    const destinations = readDestinations(field, findings);
    if (destinations !== undefined) mappings.push({ source, destinations, at: field.at });
  }
  return mappings;
}

function readDestinations(
  field: ConfigEntry,
  findings: Findings,
): MappingDestinationSpec[] | undefined {
  const node = field.node;
  if (node.kind === "string") return [{ subject: node.value, at: field.at }];
  const items = node.kind === "list" ? node.items : [node];
  const destinations: MappingDestinationSpec[] = [];
  for (const item of items) {
    const destination = readDestination(item, findings);
    if (destination === undefined) return undefined;
    destinations.push(destination);
  }
  return destinations;
}

function readDestination(node: ConfigNode, findings: Findings): MappingDestinationSpec | undefined {
  if (node.kind !== "map") {
    const found = describeKind(node);
    findings.error(node.at, `Expected an entry for the mapping destination, got ${found}`);
    return undefined;
  }
  let subject: string | undefined;
  let weight: number | undefined;
  let cluster: string | undefined;
  const errorsBefore = findings.errorCount;
  forEachField(
    node,
    DESTINATION_FIELDS,
    findings,
    (name, field) => {
      if (name === "destination") subject = readString(field, findings);
      else if (name === "weight") weight = readWeight(field, findings);
      else cluster = readString(field, findings);
    },
    (key) => `Unknown field ${JSON.stringify(key)} for mapping destination`,
  );
  if (findings.errorCount > errorsBefore) return undefined;
  if (weight === undefined) {
    const shown = JSON.stringify(subject ?? "");
    findings.error(node.at, `Missing weight for mapping destination ${shown}`);
    return undefined;
  }
  if (subject === undefined) {
    findings.error(node.at, "Missing destination for mapping destination");
    return undefined;
  }
  return { subject, weight, ...(cluster !== undefined && { cluster }), at: node.at };
}

/** `30`, `"30"` or `"30%"` (SU-33). */
function readWeight(field: ConfigEntry, findings: Findings): number | undefined {
  const node = field.node;
  if (node.kind !== "integer" && node.kind !== "string") {
    findings.error(field.at, `Unknown entry type for weight: ${describeKind(node)}`);
    return undefined;
  }
  const text = node.kind === "integer" ? String(node.value) : node.value.replace(/%$/, "");
  if (!/^[-+]?\d{1,18}$/.test(text)) {
    findings.error(field.at, `Invalid weight ${JSON.stringify(text)} for mapping destination`);
    return undefined;
  }
  const weight = Number(text);
  if (weight >= 0 && weight <= 100) return weight;
  findings.error(field.at, `Invalid weight ${weight} for mapping destination`);
  return undefined;
}
