// `msg_trace` of an account (AC-73): where messages with a `traceparent` are reported, and how many of
// them. Control thread.
import type { MessageTraceSpec } from "@weft/accounts";
import { fieldNames, forEachField } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, describeKind } from "./node.ts";
import { isLiteralSubject } from "./subject-syntax.ts";

const FIELDS = fieldNames({ dest: [], sampling: [] });
const ALL = 100;

/** Undefined after an error, and without a destination. */
export function readMessageTrace(
  field: ConfigEntry,
  findings: Findings,
): MessageTraceSpec | undefined {
  const { node, key } = field;
  if (node.kind === "string") {
    const destination = readDestination(field, findings);
    return destination === undefined ? undefined : { destination, samplingPercent: ALL };
  }
  const shown = JSON.stringify(key);
  if (node.kind !== "map") {
    const found = describeKind(node);
    const message = `Expected account message trace ${shown} to be a string or a map/struct`;
    findings.error(field.at, `${message}, got ${found}`);
    return undefined;
  }
  let destination: string | undefined;
  let samplingPercent: number | undefined = ALL;
  let hasDestination = false;
  forEachField(
    node,
    FIELDS,
    findings,
    (name, entry) => {
      if (name === "sampling") samplingPercent = readSampling(entry, findings);
      else {
        hasDestination = true;
        destination = readDestination(entry, findings);
      }
    },
    (name) =>
      `Unknown field ${JSON.stringify(name)} parsing account message trace map/struct ${shown}`,
  );
  if (!hasDestination && samplingPercent !== undefined && node.entries.size > 0) {
    const warning = "Trace destination sampling ignored since no destination was set";
    findings.advise(field.at, warning);
  }
  if (destination === undefined || samplingPercent === undefined) return undefined;
  return { destination, samplingPercent };
}

function readDestination({ key, node, at }: ConfigEntry, findings: Findings): string | undefined {
  if (node.kind !== "string") {
    const found = describeKind(node);
    findings.error(at, `Field ${JSON.stringify(key)} should be a string, got ${found}`);
    return undefined;
  }
  if (isLiteralSubject(node.value)) return node.value;
  findings.error(at, `Trace destination ${JSON.stringify(node.value)} is not valid`);
  return undefined;
}

function readSampling({ key, node, at }: ConfigEntry, findings: Findings): number | undefined {
  let percent: number;
  if (node.kind === "integer") percent = node.value;
  else if (node.kind === "string") {
    if (!/^[+-]?\d+%?$/.test(node.value)) {
      const shown = JSON.stringify(node.value);
      findings.error(at, `Invalid trace destination sampling value ${shown}`);
      return undefined;
    }
    percent = Number.parseInt(node.value, 10);
  } else {
    const found = describeKind(node);
    const message = `Trace destination sampling field ${JSON.stringify(key)}`;
    findings.error(at, `${message} should be an integer or a percentage, got ${found}`);
    return undefined;
  }
  if (percent >= 1 && percent <= ALL) return percent;
  // The first word is spelled so in the reference.
  const message = `Ttrace destination sampling value ${percent} is invalid, needs to be [1..100]`;
  findings.error(at, message);
  return undefined;
}
