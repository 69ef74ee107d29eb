// The text whose SHA-256 is a configuration's digest (CF-16). Control thread.
//
// JSON with sorted keys and a newline, as Go's encoder writes it: keys in byte order, "<", ">", "&"
// and the two Unicode line separators escaped. Comments, order, spelling of numbers and includes do
// not change it; the value of a variable does.
import type { ConfigNode, MapNode } from "./node.ts";

/** Hash function given by the driver: SHA-256 of UTF-8 text, as lower-case hexadecimal. */
export type Sha256Hex = (text: string) => string;

/** `sha256:…` of a parsed configuration. */
export function configDigest(root: MapNode, sha256Hex: Sha256Hex): string {
  const parts: string[] = [];
  write(root, parts);
  parts.push("\n");
  return `sha256:${sha256Hex(parts.join(""))}`;
}

function write(node: ConfigNode, parts: string[]): void {
  switch (node.kind) {
    case "string":
    case "datetime":
      parts.push(quote(node.value));
      return;
    case "integer":
      parts.push(node.exact.toString());
      return;
    case "float":
    case "boolean":
      parts.push(String(node.value));
      return;
    case "list":
      writeList(node.items, parts);
      return;
    default:
      writeMap(node, parts);
  }
}

function writeList(items: readonly ConfigNode[], parts: string[]): void {
  let separator = "[";
  for (const item of items) {
    parts.push(separator);
    write(item, parts);
    separator = ",";
  }
  parts.push(separator === "[" ? "[]" : "]");
}

function writeMap(map: MapNode, parts: string[]): void {
  const entries = [...map.entries.values()].sort((a, b) => compareBytes(a.key, b.key));
  let separator = "{";
  for (const entry of entries) {
    parts.push(separator, quote(entry.key), ":");
    write(entry.node, parts);
    separator = ",";
  }
  parts.push(separator === "{" ? "{}" : "}");
}

function compareBytes(a: string, b: string): number {
  // UTF-16 and UTF-8 order differ only where there are surrogates.
  if (SURROGATE.test(a) || SURROGATE.test(b)) {
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  return a < b ? -1 : 1;
}

const SURROGATE = /[\ud800-\udfff]/;

function quote(text: string): string {
  const quoted = JSON.stringify(text.toWellFormed());
  if (!/[<>&\u2028\u2029]/.test(quoted)) return quoted;
  return quoted.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
