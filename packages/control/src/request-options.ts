// Reading the body of a request: options of one endpoint and the filter that all share (SY-23,
// SY-24, SY-25). Control thread; pure. Unknown fields are ignored, names match in any case, `null`
// is as if not there; a wrong type is an error in the reference's words.
import { jsonFault } from "./json-fault.ts";

export type OptionType = "string" | "bool" | "int" | "uint64" | "[]string" | "time.Duration";
export type OptionTable = Readonly<Record<string, OptionType>>;
export type OptionValue = string | number | boolean | readonly string[];
export type RequestOptions = Readonly<Record<string, OptionValue>>;

export type OptionsResult =
  | { readonly ok: true; readonly options: RequestOptions }
  | { readonly ok: false; readonly description: string };

const INT64_MAX = 2 ** 63;
const UINT64_MAX = 2 ** 64;

/** SY-23. Of every request that goes to all servers. */
const FILTER_TABLE: OptionTable = {
  server_name: "string",
  cluster: "string",
  host: "string",
  exact_match: "bool",
  tags: "[]string",
  domain: "string",
};

/** `structName`: what error texts call the whole. An empty body is no options. */
export function readOptions(
  payload: Buffer,
  table: OptionTable,
  structName: string,
): OptionsResult {
  if (payload.length === 0) return { ok: true, options: {} };
  const text = payload.toString("utf8");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { ok: false, description: jsonFault(text) };
  }
  if (parsed === null) return { ok: true, options: {} };
  if (typeof parsed !== "object" || Array.isArray(parsed)) {
    const description = `json: cannot unmarshal ${kindOf(parsed)} into Go value of type ${structName}`;
    return { ok: false, description };
  }
  return pick(parsed, { ...table, ...FILTER_TABLE }, structName);
}

function pick(given: object, table: OptionTable, structName: string): OptionsResult {
  const options: Record<string, OptionValue> = {};
  for (const [key, value] of Object.entries(given)) {
    const name = Object.hasOwn(table, key) ? key : key.toLowerCase();
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (type === undefined || value === null) continue;
    if (!isOfType(value, type)) {
      const field = `${structName.replace("server.", "")}.${name}`;
      const kind = describe(value, type);
      const description = `json: cannot unmarshal ${kind} into Go struct field ${field} of type ${type}`;
      return { ok: false, description };
    }
    options[name] = value;
  }
  return { ok: true, options };
}

function isOfType(value: unknown, type: OptionType): value is OptionValue {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "[]string":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "uint64":
      return isInteger(value, 0, UINT64_MAX);
    case "int":
    case "time.Duration":
      return isInteger(value, -INT64_MAX, INT64_MAX);
  }
}

/** Above 2^53 it is the nearest number there is: nothing is counted that far. */
function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function describe(value: unknown, type: OptionType): string {
  if (typeof value === "number" && type !== "string" && type !== "bool") return `number ${value}`;
  return kindOf(value);
}

/** What filters look at. */
export interface FilteredServer {
  readonly name: string;
  readonly host: string;
  readonly cluster?: string | undefined;
  readonly domain?: string | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** SY-23: false = the request is for others, and nothing is answered. */
export function passesFilter(options: RequestOptions, server: FilteredServer): boolean {
  const isExact = options["exact_match"] === true;
  const texts = [
    [options["server_name"], server.name],
    [options["host"], server.host],
    [options["cluster"], server.cluster ?? ""],
  ] as const;
  for (const [wanted, actual] of texts) {
    if (typeof wanted !== "string" || wanted === "") continue;
    if (isExact ? actual !== wanted : !actual.includes(wanted)) return false;
  }
  const tags = options["tags"];
  if (Array.isArray(tags) && !tags.every((tag) => hasTag(server.tags, tag as string))) return false;
  const domain = options["domain"];
  return typeof domain !== "string" || domain === "" || domain === (server.domain ?? "");
}

/** Tags are compared without blanks around them and in any case. */
function hasTag(tags: readonly string[] | undefined, wanted: string): boolean {
  const name = wanted.trim().toLowerCase();
  return tags?.some((tag) => tag.trim().toLowerCase() === name) ?? false;
}
