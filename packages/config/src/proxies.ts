// `proxies { trusted: [{ key: ... }] }` (AN-80, CK-31). Control thread.
import { decodePublicKey } from "@weft/auth";
import type { SourcePosition } from "@weft/base";
import type { ReadContext } from "./context.ts";
import { fieldNames, forEachField, readString } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, type ConfigNode, describeKind } from "./node.ts";
import { type OptionRow, rowOf } from "./option-row.ts";
import type { ServerOptions } from "./options.ts";
import { shownKey } from "./shown-key.ts";

const PROXIES_FIELDS = fieldNames({ trusted: [] });
const PROXY_FIELDS = fieldNames({ key: ["public_key"] });

export const PROXIES_ROW: OptionRow = rowOf(
  { name: "proxies", reloadable: true, row: "CK-31" },
  "block",
  (draft, entry, context) => {
    draft.options.trustedProxies = readProxies(entry, context);
  },
);

/** Public keys; undefined = nothing that could be read. */
function readProxies(
  { node, at }: ConfigEntry,
  { findings }: ReadContext,
): readonly string[] | undefined {
  if (node.kind !== "map") {
    findings.error(at, `expected proxies to be a map/struct, got ${describeKind(node)}`);
    return undefined;
  }
  const keys: string[] = [];
  forEachField(node, PROXIES_FIELDS, findings, (_name, entry) => {
    if (entry.node.kind !== "list") {
      const found = describeKind(entry.node);
      findings.error(entry.at, `expected proxies' trusted field to be an array, got ${found}`);
      return;
    }
    for (const item of entry.node.items) {
      const key = readProxy(item, findings);
      if (key !== undefined && !keys.includes(key)) keys.push(key);
    }
  });
  return keys;
}

function readProxy(node: ConfigNode, findings: Findings): string | undefined {
  if (node.kind !== "map") {
    const found = describeKind(node);
    findings.error(node.at, `expected proxies' trusted entry to be a map/struct, got ${found}`);
    return undefined;
  }
  let key: string | undefined;
  const errorsBefore = findings.errorCount;
  forEachField(node, PROXY_FIELDS, findings, (_name, entry) => {
    const text = readString(entry, findings);
    if (text === undefined) return;
    if (decodePublicKey(text).ok) key = text;
    else findings.error(entry.at, `invalid proxy key ${shownKey(text)}`);
  });
  if (key === undefined && findings.errorCount === errorsBefore) {
    findings.error(node.at, proxyKeyMistake(""));
  }
  return key;
}

function proxyKeyMistake(key: string): string {
  return `proxy trusted key ${shownKey(key)} is invalid`;
}

/** What is wrong with options that did not come from a file; undefined = nothing. */
export function proxiesMistake({ trustedProxies = [] }: ServerOptions): string | undefined {
  const wrong = trustedProxies.find((key) => !decodePublicKey(key).ok);
  return wrong === undefined ? undefined : proxyKeyMistake(wrong);
}

/** Whoever has to come through a proxy cannot come in at all where none is trusted. */
export function adviseProxies(
  { auth, trustedProxies = [] }: ServerOptions,
  findings: Findings,
  authorization: SourcePosition | undefined,
): void {
  if (trustedProxies.length > 0) return;
  const text = "proxy_required without trusted proxies: nobody gets in by this";
  if (auth.proxyRequired) findings.advise(authorization, text);
  for (const { proxyRequired, at } of auth.users) if (proxyRequired) findings.advise(at, text);
}

/** RL-02: the reference's words for keys that came and went. */
export function reloadedProxies(before: ServerOptions, after: ServerOptions): string {
  const former = before.trustedProxies ?? [];
  const next = after.trustedProxies ?? [];
  const parts = [
    [former.filter((key) => !next.includes(key)), "were removed"] as const,
    [next.filter((key) => !former.includes(key)), "were added"] as const,
  ]
    .filter(([keys]) => keys.length > 0)
    .map(([keys, what]) => `[${keys.map((key) => `"${key}"`).join(" ")}] ${what}`);
  return `proxies trusted keys ${parts.join(", ")}`;
}
