// What the entry of a directory calls its user. Pure. Must stay true: rules see what the directory
// says, not what was typed: a directory takes many spellings for one name.
import { foldName } from "../names.ts";

export interface FoundEntry {
  readonly dn: string;
  /** Of the attribute that names users; none where it may not be read. */
  readonly values: readonly string[];
}

/** The attribute that `{user}` is compared with first in a filter, or stands behind in a name. */
export function attributeOf(template: string): string | undefined {
  return (
    /^\s*([\w.-]+)\s*=\s*\{user\}\s*(?:[,+]|$)/.exec(template)?.[1] ??
    /\(\s*([\w.;-]+)(?::[\w.-]+)*\s*[:~]?=\s*\{user\}\s*\)/.exec(template)?.[1]
  );
}

/** An entry's own values of `attribute`, whatever else and in which case the directory sends it. */
export function valuesOf(entry: Readonly<Record<string, unknown>>, attribute: string): string[] {
  const key = Object.keys(entry).find((one) => one.toLowerCase() === attribute.toLowerCase());
  const value = key === undefined ? [] : entry[key];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map((one) => (Buffer.isBuffer(one) ? one.toString("utf8") : String(one)));
}

/**
 * The one name of an entry: the value that stands in its distinguished name; else its only value; else
 * the one that was typed. Undefined = it does not tell.
 */
export function nameOf(
  { dn, values }: FoundEntry,
  attribute: string,
  typed: string,
): string | undefined {
  const own = ownValue(dn, attribute);
  const isOwn = (value: string): boolean => own !== undefined && foldName(value) === foldName(own);
  const isTyped = (value: string): boolean => foldName(value) === foldName(typed);
  return values.find(isOwn) ?? values.find(isTyped) ?? values[0] ?? own;
}

/** The value of `attribute` in the first piece of a distinguished name (RFC 4514). */
function ownValue(dn: string, attribute: string): string | undefined {
  const piece = /^(?:[^\\,]|\\.)*/su.exec(dn)?.[0] ?? "";
  for (const [pair] of piece.matchAll(/(?:[^\\+]|\\.)+/gsu)) {
    const [, type, value] = /^\s*([\w.-]+)\s*=\s*(.*)$/su.exec(pair) ?? [];
    if (type?.toLowerCase() !== attribute.toLowerCase() || value?.startsWith("#")) continue;
    return value === undefined ? undefined : unescaped(value);
  }
  return undefined;
}

function unescaped(value: string): string {
  const pieces = [...value.matchAll(/\\([0-9a-f]{2})|\\(.)|(.)/gisu)];
  const bytes = pieces.map(([, hex, escapedOne, plain]) =>
    hex === undefined ? Buffer.from(escapedOne ?? plain ?? "") : Buffer.from(hex, "hex"),
  );
  return Buffer.concat(bytes).toString("utf8");
}
