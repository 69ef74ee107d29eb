// `latency: subject` and `latency: { sampling, subject }` of a service export (AC-60). Control thread.
// The subject is judged where accounts are compiled.
import type { LatencySpec } from "@weft/accounts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, describeKind } from "./node.ts";

const ALL = 100;

/** Undefined after an error. */
export function readLatency(field: ConfigEntry, findings: Findings): LatencySpec | undefined {
  const { node } = field;
  if (node.kind === "string") return { samplingPercent: ALL, subject: node.value };
  if (node.kind !== "map") {
    const found = describeKind(node);
    findings.error(field.at, `Expected latency entry to be a map/struct or string, got ${found}`);
    return undefined;
  }
  // Their case counts, as in the reference, which passes over other fields without a word.
  for (const entry of node.entries.values()) {
    if (entry.key === "sampling" || entry.key === "subject" || entry.usedAsVariable) continue;
    findings.advise(entry.at, `unknown field ${JSON.stringify(entry.key)} of latency is ignored`);
  }
  const sampling = node.entries.get("sampling");
  const samplingPercent = sampling === undefined ? ALL : readSampling(sampling, findings);
  if (samplingPercent === undefined) return undefined;
  const subject = node.entries.get("subject");
  if (subject === undefined) {
    findings.error(field.at, "Latency subject required, but missing");
    return undefined;
  }
  if (subject.node.kind !== "string") {
    const found = describeKind(subject.node);
    findings.error(subject.at, `Expected latency subject to be a string, got ${found}`);
    return undefined;
  }
  return { samplingPercent, subject: subject.node.value };
}

function readSampling(
  entry: ConfigEntry,
  findings: Findings,
): LatencySpec["samplingPercent"] | undefined {
  const { node, at } = entry;
  let percent: number;
  if (node.kind === "integer") percent = node.value;
  else if (node.kind === "string") {
    if (node.value.trim().toLowerCase() === "headers") return "headers";
    const text = node.value.replace(/%$/, "");
    if (!/^[+-]?\d+$/.test(text)) {
      const shown = JSON.stringify(text);
      const reason = `strconv.Atoi: parsing ${shown}: invalid syntax`;
      findings.error(at, `Failed to parse latency sample: ${reason}`);
      return undefined;
    }
    percent = Number(text);
  } else {
    const found = describeKind(node);
    findings.error(at, `Expected latency sample to be a string or map/struct, got ${found}`);
    return undefined;
  }
  if (percent >= 1 && percent <= ALL) return percent;
  findings.error(at, "bad sampling percentage, should be 1-100");
  return undefined;
}
