// The shape of a page of JSON: which fields, of which types, whatever their values. Elements of a
// list count as one. Must stay true: two shapes are equal only if a program that reads one page can
// read the other.

/** Types by path, such as `connections[].rtt` -> `duration`. */
export type Shape = ReadonlyMap<string, string>;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const DURATION = /^(\d+y)?(\d+d)?(\d+h)?(\d+m)?\d+(\.\d+)?(s|ms|µs|ns)$/;

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  if (typeof value !== "string") return typeof value;
  if (TIME.test(value)) return "time";
  return DURATION.test(value) ? "duration" : "string";
}

export function shapeOf(value: unknown): Shape {
  const types = new Map<string, Set<string>>();
  collect(value, "", types);
  return new Map([...types].map(([path, found]) => [path, [...found].sort().join("|")]));
}

function collect(value: unknown, path: string, types: Map<string, Set<string>>): void {
  const found = types.get(path) ?? new Set();
  types.set(path, found.add(typeOf(value)));
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, `${path}[]`, types);
    return;
  }
  for (const [key, field] of Object.entries(value)) {
    collect(field, path === "" ? key : `${path}.${key}`, types);
  }
}

/** `+path` only in `after`, `-path` only in `before`, `path: a -> b` of another type. */
export function shapeDifferences(before: Shape, after: Shape): string[] {
  const found: string[] = [];
  for (const [path, type] of before) {
    const now = after.get(path);
    if (now === undefined) found.push(`-${path}`);
    else if (now !== type) found.push(`${path}: ${type} -> ${now}`);
  }
  for (const path of after.keys()) if (!before.has(path)) found.push(`+${path}`);
  return found.sort();
}
