// Equality of option values. Control thread; pure.

const NOTHING: ReadonlySet<string> = new Set();
const PLACES: ReadonlySet<string> = new Set(["at"]);

/** True if both say the same; a member that is undefined is none. */
export function sameValue(one: unknown, other: unknown): boolean {
  return isSame(one, other, NOTHING);
}

/** The same for what was read from a file, wherever it was written there. */
export function sameSpec(one: unknown, other: unknown): boolean {
  return isSame(one, other, PLACES);
}

function isSame(one: unknown, other: unknown, without: ReadonlySet<string>): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, at) => isSame(item, other[at], without));
  }
  if (!isRecord(one) || !isRecord(other)) return false;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => without.has(name) || isSame(one[name], other[name], without));
}

/** A value with members, and no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
