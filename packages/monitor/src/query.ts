// Queries of the monitoring port as the reference reads them (MO-04): first value of a name counts,
// pairs that cannot be decoded are left out, numbers and booleans in Go's spelling with its errors.
// Thread: control. Must stay true: what was read before a mistake does not change its text.
import { quoteBytes } from "@weft/protocol";

const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Pairs of a query string beyond these are not looked at. */
const PAIRS_MAX = 64;

export type ConnectionState = "open" | "closed" | "all";

/** Values of one query; the first mistake is kept, and what follows it reads as absent. */
export class Query {
  /** Text of the answer 400; undefined = all was well so far. */
  error: string | undefined;
  readonly #values: ReadonlyMap<string, string>;

  /** `search`: what stands behind the question mark, still encoded. */
  constructor(search: string) {
    this.#values = parsePairs(search);
  }

  text(name: string): string {
    return this.#values.get(name) ?? "";
  }

  boolean(name: string): boolean {
    const text = this.#given(name);
    if (text === undefined || FALSE.has(text)) return false;
    if (TRUE.has(text)) return true;
    this.#fail("boolean", name, "ParseBool", text, "invalid syntax");
    return false;
  }

  /** A whole number of 64 bits; 0 when absent. */
  integer(name: string): bigint {
    const text = this.#given(name);
    if (text === undefined) return 0n;
    if (!/^[+-]?\d+$/.test(text)) return this.#badNumber("int", name, "Atoi", text, "syntax");
    const value = BigInt(text.replace("+", ""));
    const fits = value <= INT64_MAX && value >= -INT64_MAX - 1n;
    return fits ? value : this.#badNumber("int", name, "Atoi", text, "range");
  }

  unsigned(name: string): bigint {
    const text = this.#given(name);
    if (text === undefined) return 0n;
    if (!/^\d+$/.test(text)) return this.#badNumber("uint64", name, "ParseUint", text, "syntax");
    const value = BigInt(text);
    return value <= UINT64_MAX
      ? value
      : this.#badNumber("uint64", name, "ParseUint", text, "range");
  }

  /** MO-18. */
  state(): ConnectionState {
    const text = this.#given("state");
    switch (text?.toLowerCase()) {
      case undefined:
      case "open":
        return "open";
      case "closed":
        return "closed";
      case "any":
      case "all":
        return "all";
      default:
        this.error ??= `Error decoding state for ${text}`;
        return "open";
    }
  }

  /** `subs`: a boolean or `detail`. */
  subscriptions(): "none" | "names" | "detail" {
    if (this.text("subs").toLowerCase() === "detail") return "detail";
    return this.boolean("subs") ? "names" : "none";
  }

  #given(name: string): string | undefined {
    if (this.error !== undefined) return undefined;
    const text = this.text(name);
    return text === "" ? undefined : text;
  }

  #badNumber(kind: string, name: string, call: string, text: string, why: string): bigint {
    const reason = why === "syntax" ? "invalid syntax" : "value out of range";
    this.#fail(kind, name, call, text, reason);
    return 0n;
  }

  #fail(kind: string, name: string, call: string, text: string, why: string): void {
    const quoted = quoteBytes(Buffer.from(text, "utf8"));
    this.error ??= `Error decoding ${kind} for '${name}': strconv.${call}: parsing ${quoted}: ${why}`;
  }
}

function parsePairs(search: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of search.split("&", PAIRS_MAX)) {
    if (pair === "" || pair.includes(";")) continue;
    const equals = pair.indexOf("=");
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    const value = decoded(equals < 0 ? "" : pair.slice(equals + 1));
    if (name === undefined || value === undefined || values.has(name)) continue;
    values.set(name, value);
  }
  return values;
}

/** Undefined where a percent sign does not begin two hexadecimal digits. */
function decoded(text: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const bytes = text
    .replaceAll("+", " ")
    .replace(/%([0-9a-fA-F]{2})|[^\0-\x7f]/g, (match, hex: string | undefined) =>
      hex === undefined
        ? Buffer.from(match, "utf8").toString("latin1")
        : String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(bytes, "latin1").toString("utf8");
}
