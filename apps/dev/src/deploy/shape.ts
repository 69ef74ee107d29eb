// Shapes of manifests: which keys may stand where, and what they hold. A key that no shape names is
// a finding, as it is for a strict API server. Used by tests only.

/** A field whose name ends with "!" is required. */
export interface Fields {
  readonly [name: string]: Shape;
}

export type Shape =
  | "text"
  | "count"
  | "flag"
  /** Keys of any name with texts. */
  | "texts"
  | RegExp
  | { readonly list: Shape }
  | { readonly fields: Fields }
  /** Keys of any name, all with values of one shape. */
  | { readonly entries: Shape };

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fitsScalar(value: unknown, shape: "text" | "count" | "flag" | RegExp): boolean {
  if (shape === "text") return typeof value === "string" && value !== "";
  if (shape === "count") return Number.isSafeInteger(value) && Number(value) >= 0;
  if (shape === "flag") return typeof value === "boolean";
  return typeof value === "string" && shape.test(value);
}

function checkFields(value: Record<string, unknown>, fields: Fields, path: string): string[] {
  const shapes = new Map(Object.entries(fields).map(([name, it]) => [name.replace(/!$/, ""), it]));
  const missing = Object.keys(fields)
    .filter((name) => name.endsWith("!") && !(name.slice(0, -1) in value))
    .map((name) => `${path}.${name.slice(0, -1)}: missing`);
  const wrong = Object.entries(value).flatMap(([name, inner]) => {
    const shape = shapes.get(name);
    return shape === undefined
      ? [`${path}.${name}: unknown`]
      : checkShape(inner, shape, `${path}.${name}`);
  });
  return [...missing, ...wrong];
}

/** Findings such as "Service.spec.ports[0].port: wrong value"; empty if the value fits. */
export function checkShape(value: unknown, shape: Shape, path: string): string[] {
  if (shape === "texts") return checkShape(value, { entries: "text" }, path);
  if (typeof shape === "string" || shape instanceof RegExp) {
    return fitsScalar(value, shape) ? [] : [`${path}: wrong value`];
  }
  if ("list" in shape) {
    if (!Array.isArray(value) || value.length === 0) return [`${path}: no list`];
    return value.flatMap((inner, index) => checkShape(inner, shape.list, `${path}[${index}]`));
  }
  if (!isRecord(value)) return [`${path}: no map`];
  if ("fields" in shape) return checkFields(value, shape.fields, path);
  return Object.entries(value).flatMap(([name, inner]) =>
    checkShape(inner, shape.entries, `${path}.${name}`),
  );
}
