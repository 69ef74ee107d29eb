// How each kind of value of a claim is read from JSON and written to it. Any thread; pure. One table
// per record says both, so that what is written is what is read. What must stay true: a value of the
// wrong type is an error that names its field; null and absent are the same, as in the reference.
import { JsonNumber, type JsonObject, type JsonValue } from "./json-reader.ts";
import { compareText, writeMember, writeObject, writeString } from "./json-writer.ts";

/** A value that cannot be read or written. Caught where tokens are decoded and encoded. */
export class ClaimFault extends Error {
  /** Such as `nats.limits.subs`; "" = the token as a whole. */
  readonly field: string;
  constructor(field: string, problem: string) {
    super(problem);
    this.field = field;
  }
}

export interface Codec<T> {
  /** What an absent field or a null stands for. */
  readonly zero: () => T;
  read(value: JsonValue, field: string): T;
  write(value: T, field: string): string;
  /** True for what the reference leaves out where the field is marked so. */
  isEmpty(value: T): boolean;
  /** A null is not the same as absence, but an error. */
  readonly refusesNull?: boolean | undefined;
}

function typeName(value: JsonValue): string {
  if (value === null) return "null";
  if (value instanceof JsonNumber) return "a number";
  if (value instanceof Map) return "an object";
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? "a string" : "a truth value";
}

function wrongType(field: string, wanted: string, value: JsonValue): ClaimFault {
  return new ClaimFault(field, `${wanted} is wanted, not ${typeName(value)}`);
}

export const text: Codec<string> = {
  zero: () => "",
  read(value, field) {
    if (typeof value !== "string") throw wrongType(field, "a string", value);
    return value;
  },
  write: (value) => writeString(value),
  isEmpty: (value) => value === "",
};

export const truth: Codec<boolean> = {
  zero: () => false,
  read(value, field) {
    if (typeof value !== "boolean") throw wrongType(field, "true or false", value);
    return value;
  },
  write: (value) => String(value),
  isEmpty: (value) => !value,
};

const INTEGER = /^-?(?:0|[1-9][0-9]*)$/;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * A whole number from `min` to `max`. Beyond 2^53 the nearest number that JavaScript has stands for
 * it: such limits mean "no limit" to everybody.
 */
export function integer(min: bigint, max: bigint): Codec<number> {
  return {
    zero: () => 0,
    read(value, field) {
      if (!(value instanceof JsonNumber)) throw wrongType(field, "a whole number", value);
      if (!INTEGER.test(value.text)) throw new ClaimFault(field, "a whole number is wanted");
      // The longest is -9223372036854775808; text of any length must not become a bigint.
      if (value.text.length > 20) throw new ClaimFault(field, "the number is out of range");
      const exact = BigInt(value.text);
      if (exact < min || exact > max) throw new ClaimFault(field, "the number is out of range");
      return Number(exact);
    },
    write(value, field) {
      if (!Number.isInteger(value)) throw new ClaimFault(field, "a whole number is wanted");
      let exact = BigInt(value);
      if (exact === INT64_MAX + 1n) exact = INT64_MAX;
      if (exact < min || exact > max) throw new ClaimFault(field, "the number is out of range");
      return String(exact);
    },
    isEmpty: (value) => value === 0,
  };
}

export const int64 = integer(INT64_MIN, INT64_MAX);
export const uint64 = integer(0n, 2n ** 64n - 1n);
export const uint8 = integer(0n, 255n);

/** The same codec with another value for an absent field. */
export function absentAs<T>(codec: Codec<T>, zero: T): Codec<T> {
  return { ...codec, zero: () => zero };
}

function readItems<T>(item: Codec<T>, value: JsonValue, field: string): readonly T[] {
  if (!Array.isArray(value)) throw wrongType(field, "a list", value);
  const items = value as readonly JsonValue[];
  return items.map((one, at) => item.read(one, `${field}[${at}]`));
}

function writeItems<T>(item: Codec<T>, values: readonly T[], field: string): string {
  return `[${values.map((one, at) => item.write(one, `${field}[${at}]`)).join(",")}]`;
}

/** A list; absent = empty. */
export function list<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    zero: () => [],
    read: (value, field) => readItems(item, value, field),
    write: (values, field) => writeItems(item, values, field),
    isEmpty: (values) => values.length === 0,
  };
}

/** A value that may be absent and means something else then. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    zero: () => undefined,
    read: (value, field) => codec.read(value, field),
    write: (value, field) => codec.write(value ?? codec.zero(), field),
    isEmpty: (value) => value === undefined,
  };
}

/** A list whose absence means something else than its emptiness; both are written as absence. */
export function optionalList<T>(item: Codec<T>): Codec<readonly T[] | undefined> {
  return { ...optional(list(item)), isEmpty: (values) => (values ?? []).length === 0 };
}

/** An object with names that are data; written in the order of the names. */
export function dictionary<T>(item: Codec<T>): Codec<ReadonlyMap<string, T>> {
  return {
    zero: () => new Map<string, T>(),
    read(value, field) {
      if (!(value instanceof Map)) throw wrongType(field, "an object", value);
      const found = new Map<string, T>();
      for (const [name, one] of value as JsonObject) {
        found.set(name, one === null ? item.zero() : item.read(one, `${field}.${name}`));
      }
      return found;
    },
    write(values, field) {
      const names = [...values.keys()].sort(compareText);
      return writeObject(
        names.map((name) =>
          writeMember(name, item.write(values.get(name) as T, `${field}.${name}`)),
        ),
      );
    },
    isEmpty: (values) => values.size === 0,
  };
}

/** One of some words; "" = absent. */
export function choice<T extends string>(words: readonly T[], what: string): Codec<T | ""> {
  const known = (word: string): word is T => (words as readonly string[]).includes(word);
  return {
    zero: () => "",
    refusesNull: true,
    read(value, field) {
      const word = text.read(value, field);
      if (!known(word)) throw new ClaimFault(field, `unknown ${what} ${JSON.stringify(word)}`);
      return word;
    },
    write(word, field) {
      if (!known(word)) throw new ClaimFault(field, `unknown ${what} ${JSON.stringify(word)}`);
      return writeString(word);
    },
    isEmpty: (word) => word === "",
  };
}

/** One field of a record: its name in JSON, and whether it is written even if it is empty. */
export interface Field<T> {
  readonly wire: string;
  readonly codec: Codec<T>;
  readonly isKept: boolean;
}

export function field<T>(wire: string, codec: Codec<T>): Field<T> {
  return { wire, codec, isKept: false };
}

export function keptField<T>(wire: string, codec: Codec<T>): Field<T> {
  return { wire, codec, isKept: true };
}

/** The fields of a record in the order of writing. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** What is worked out once for a record, whose tokens are many. */
interface Layout<T> {
  readonly entries: readonly (Field<T[keyof T]> & {
    readonly key: keyof T;
    /** As {@link writeMember} begins. */
    readonly label: string;
  })[];
  readonly wires: ReadonlySet<string>;
  /** The names in lower case, with the names themselves. */
  readonly lowered: ReadonlyMap<string, string>;
}

/** Of the tables of fields, most of which live as long as the program. */
const LAYOUTS = new WeakMap<object, unknown>();

function layoutOf<T>(fields: Fields<T>): Layout<T> {
  const known = LAYOUTS.get(fields) as Layout<T> | undefined;
  if (known !== undefined) return known;
  const entries = (Object.keys(fields) as (keyof T)[]).map((key) => {
    const { wire, codec, isKept } = fields[key];
    return { key, wire, codec, isKept, label: writeMember(wire, "") };
  });
  const wires = entries.map(({ wire }) => wire);
  const layout = {
    entries,
    wires: new Set(wires),
    lowered: new Map(wires.map((wire) => [wire.toLowerCase(), wire])),
  };
  LAYOUTS.set(fields, layout);
  return layout;
}

function pathTo(parent: string, name: string): string {
  return parent === "" ? name : `${parent}.${name}`;
}

/** Reads the fields of `object`; a name that differs from a field's only in case is an error. */
export function readFields<T>(fields: Fields<T>, object: JsonObject, path: string): T {
  const record: Partial<T> = {};
  const { entries, wires, lowered } = layoutOf(fields);
  for (const { key, wire, codec } of entries) {
    const value = object.get(wire);
    const isAbsent = value === undefined || (value === null && codec.refusesNull !== true);
    record[key] = isAbsent ? codec.zero() : codec.read(value, pathTo(path, wire));
  }
  for (const name of object.keys()) {
    if (wires.has(name)) continue;
    const wire = lowered.get(name.toLowerCase());
    // Go takes such a name for the field; whoever compares exactly would see another token.
    if (wire !== undefined) {
      throw new ClaimFault(pathTo(path, name), `the name differs from ${wire} in case only`);
    }
  }
  return record as T;
}

/** The written members of a record. */
export function fieldMembers<T>(fields: Fields<T>, record: T, path: string): string[] {
  const members: string[] = [];
  for (const { key, wire, codec, isKept, label } of layoutOf(fields).entries) {
    const value = record[key];
    if (!isKept && codec.isEmpty(value)) continue;
    members.push(label + codec.write(value, pathTo(path, wire)));
  }
  return members;
}

/** A record as a value of its own. Never empty: the reference writes `{}` for one without values. */
export function record<T>(fields: Fields<T>): Codec<T> {
  return {
    zero: () => readFields(fields, new Map(), ""),
    read(value, path) {
      if (!(value instanceof Map)) throw wrongType(path, "an object", value);
      return readFields(fields, value as JsonObject, path);
    },
    write: (value, path) => writeObject(fieldMembers(fields, value, path)),
    isEmpty: () => false,
  };
}
