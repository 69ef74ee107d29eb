// `permissions { publish, subscribe, allow_responses }` (AZ-01 to AZ-03, AZ-09, AZ-11, AZ-12).
// Control thread. Must stay true: what is not understood is an error, never a wider right.
import type { PermissionsSpec, ResponsePermission, SubjectRules } from "@weft/auth";
import { fieldNames, forEachField, readDuration, readInteger } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, type ConfigNode, describeKind, type MapNode } from "./node.ts";
import { permissionMistake } from "./subject-syntax.ts";

type Side = "publish" | "subscribe";

const PERMISSION_FIELDS = fieldNames({
  publish: ["pub", "import"],
  subscribe: ["sub", "export"],
  allow_responses: ["publish_allow_responses"],
});
const RULE_FIELDS = fieldNames({ allow: [], deny: [] });
const RESPONSE_FIELDS = fieldNames({
  max: ["max_msgs", "max_messages", "max_responses"],
  expires: ["expiration", "ttl"],
});

/** AZ-11: one answer within two minutes. */
const DEFAULT_RESPONSES: ResponsePermission = { messagesMax: 1, expiresMs: 120_000 };

/**
 * Reads a permissions block; undefined after an error. `owner` names whose they are in errors, such
 * as `user "bob"`.
 */
export function readPermissions(
  entry: ConfigEntry,
  owner: string,
  findings: Findings,
): PermissionsSpec | undefined {
  if (entry.node.kind !== "map") {
    const found = describeKind(entry.node);
    findings.error(entry.at, `Expected permissions to be a map/struct, got ${found}`);
    return undefined;
  }
  let publish: SubjectRules | undefined;
  let subscribe: SubjectRules | undefined;
  let responses: ResponsePermission | undefined;
  forEachField(
    entry.node,
    PERMISSION_FIELDS,
    findings,
    (name, field) => {
      if (name === "publish") publish = readRules(field, "publish", owner, findings);
      else if (name === "subscribe") subscribe = readRules(field, "subscribe", owner, findings);
      else responses = readResponses(field, findings);
    },
    (key) => `Unknown field ${JSON.stringify(key)} parsing permissions`,
  );
  // AZ-12: with the right to answer, other publishing needs to be allowed expressly.
  if (responses !== undefined) publish = { allow: [], ...publish };
  return {
    ...(publish && { publish }),
    ...(subscribe && { subscribe }),
    ...(responses && { responses }),
  };
}

function readRules(
  entry: ConfigEntry,
  side: Side,
  owner: string,
  findings: Findings,
): SubjectRules | undefined {
  const node = entry.node;
  if (node.kind !== "map") {
    const allow = readSubjects(node, `${owner}: ${side} allow`, side, findings);
    return allow === undefined ? undefined : { allow };
  }
  return readRuleMap(node, side, owner, findings);
}

function readRuleMap(
  map: MapNode,
  side: Side,
  owner: string,
  findings: Findings,
): SubjectRules | undefined {
  let allow: string[] | undefined;
  let deny: string[] | undefined;
  forEachField(
    map,
    RULE_FIELDS,
    findings,
    (name, field) => {
      const subjects = readSubjects(field.node, `${owner}: ${side} ${name}`, side, findings);
      if (name === "allow") allow = subjects;
      else deny = subjects;
    },
    (key) =>
      `Unknown field name ${JSON.stringify(key)} parsing subject permissions, only 'allow' or ` +
      "'deny' are permitted",
  );
  if (allow === undefined && deny === undefined) return undefined;
  return { ...(allow && { allow }), ...(deny && { deny }) };
}

/** Subjects of one list; undefined when it is empty, which in the reference is no list at all. */
function readSubjects(
  node: ConfigNode,
  where: string,
  side: Side,
  findings: Findings,
): string[] | undefined {
  const items = node.kind === "list" ? node.items : [node];
  const subjects: string[] = [];
  for (const item of items) {
    if (item.kind !== "string") {
      findings.error(
        item.at,
        node.kind === "list"
          ? "Subject in permissions array cannot be cast to string"
          : "Expected subject permissions to be a subject, or array of subjects, got " +
              describeKind(item),
      );
      continue;
    }
    const mistake = permissionMistake(item.value, side === "subscribe");
    if (mistake === undefined) subjects.push(item.value);
    else findings.error(item.at, `invalid permissions for ${where}: ${mistake}`);
  }
  if (items.length > 0) return subjects;
  if (where.endsWith("allow")) {
    findings.advise(node.at, `${where}: an empty list allows everything; deny ">" for nothing`);
  }
  return undefined;
}

function readResponses(entry: ConfigEntry, findings: Findings): ResponsePermission | undefined {
  const node = entry.node;
  if (node.kind === "boolean") return node.value ? DEFAULT_RESPONSES : undefined;
  if (node.kind !== "map") {
    findings.error(entry.at, "error parsing response permissions, expected a boolean or a map");
    return undefined;
  }
  let { messagesMax, expiresMs } = DEFAULT_RESPONSES;
  forEachField(
    node,
    RESPONSE_FIELDS,
    findings,
    (name, field) => {
      // Zero stands for the default, negative for no limit.
      if (name === "max") messagesMax = readInteger(field, findings) || messagesMax;
      else if (field.node.kind === "string") expiresMs = readDuration(field, findings) || expiresMs;
      else findings.error(field.at, "error parsing expires, not a duration string");
    },
    (key) => `Unknown field ${JSON.stringify(key)} parsing permissions`,
  );
  return { messagesMax, expiresMs };
}
