// What plain values of a program have to look like: JavaScript calls without the compiler's help, and
// a name that is misspelt must not be passed over in silence. Control thread. Must stay true: a
// finding begins with the place, such as `users[0].password`; it shows numbers, and never a text,
// which may be a secret.
import type { Findings } from "@weft/config";

/** Tells what is wrong with `value`, which stands at `place`; nothing = it will do. */
export type Shape = (value: unknown, place: string, findings: Findings) => void;

type NeededKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];
type NeededShapes<T> = Readonly<Record<NeededKeys<T>, Shape>>;
type OtherShapes<T> = Readonly<Record<Exclude<keyof T, NeededKeys<T>>, Shape>>;
type Table = Readonly<Record<string, Shape | undefined>>;

export function tell(findings: Findings, place: string, message: string): void {
  findings.error(undefined, place === "" ? message : `${place}: ${message}`);
}

function expected(what: string, value: unknown, place: string, findings: Findings): void {
  tell(findings, place, `expected ${what}, got ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === "number") return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

export const text: Shape = (value, place, findings) => {
  if (typeof value !== "string") expected("a string", value, place, findings);
};

/** A text that says something: an empty path or address would stand for anything. */
export const word: Shape = (value, place, findings) => {
  if (value === "") tell(findings, place, "must not be empty");
  else text(value, place, findings);
};

export const flag: Shape = (value, place, findings) => {
  if (typeof value !== "boolean") expected("a boolean", value, place, findings);
};

export const callable: Shape = (value, place, findings) => {
  if (typeof value !== "function") expected("a function", value, place, findings);
};

/** A text that `mistakeIn` has nothing against. */
export function textWith(mistakeIn: (value: string) => string | undefined): Shape {
  return (value, place, findings) => {
    const mistake = typeof value === "string" ? mistakeIn(value) : undefined;
    if (mistake === undefined) text(value, place, findings);
    else tell(findings, place, mistake);
  };
}

export function whole(
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): Shape {
  return (value, place, findings) => {
    if (!Number.isInteger(value)) expected("an integer", value, place, findings);
    else within(value as number, min, max, place, findings);
  };
}

/** Milliseconds, parts of one too. */
export function duration(min: number, max: number = Number.MAX_SAFE_INTEGER): Shape {
  return (value, place, findings) => {
    if (!Number.isFinite(value)) expected("a number of milliseconds", value, place, findings);
    else within(value as number, min, max, place, findings);
  };
}

function within(value: number, min: number, max: number, place: string, findings: Findings): void {
  if (value >= min && value <= max) return;
  const above = min === Number.MIN_SAFE_INTEGER ? "" : ` from ${min}`;
  const below = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`;
  tell(findings, place, `${value} is out of the range${above}${below}`);
}

/** One of these values, which are no secrets. */
export function oneOf<T extends string | boolean>(...values: readonly T[]): Shape {
  const choice = values.map((value) => JSON.stringify(value)).join(", ");
  return (value, place, findings) => {
    if (values.some((other) => other === value)) return;
    tell(findings, place, `must be one of: ${choice}`);
  };
}

export function listOf(item: Shape): Shape {
  return (value, place, findings) => {
    if (!Array.isArray(value)) return expected("an array", value, place, findings);
    for (const [index, one] of value.entries()) item(one, `${place}[${index}]`, findings);
  };
}

/** An object with any names. */
export function recordOf(item: Shape): Shape {
  return (value, place, findings) => {
    if (!isObject(value)) return expected("an object", value, place, findings);
    for (const [name, one] of Object.entries(value)) item(one, `${place}.${name}`, findings);
  };
}

/** An object with the members of `T` and no others. */
export function members<T extends object>(needed: NeededShapes<T>, others: OtherShapes<T>): Shape {
  return (value, place, findings) => {
    if (!isObject(value)) return expected("an object", value, place, findings);
    for (const name of Object.keys(needed)) {
      if (!Object.hasOwn(value, name)) tell(findings, inside(place, name), "is missing");
    }
    visit(value, needed, others, place, findings);
  };
}

/**
 * The same where any member may be left away. Those that `T` needs may not be given as undefined:
 * that would put nothing in the place of something.
 */
export function someMembers<T extends object>(
  needed: NeededShapes<T>,
  others: OtherShapes<T>,
): Shape {
  return (value, place, findings) => {
    if (!isObject(value)) return expected("an object", value, place, findings);
    visit(value, needed, others, place, findings);
  };
}

function visit(
  value: object,
  needed: Table,
  others: Table,
  place: string,
  findings: Findings,
): void {
  for (const [name, one] of Object.entries(value)) {
    const at = inside(place, name);
    if (Object.hasOwn(needed, name)) needed[name]?.(one, at, findings);
    else if (!Object.hasOwn(others, name)) tell(findings, at, "unknown option");
    else if (one !== undefined) others[name]?.(one, at, findings);
  }
}

const inside = (place: string, name: string): string => (place === "" ? name : `${place}.${name}`);

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
