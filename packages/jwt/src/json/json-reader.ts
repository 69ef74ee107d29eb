// Strict JSON for tokens, which come from anybody. Any thread; pure. What must stay true: the time
// and memory of a read are bounded by the bytes read and the limits below, and no text can mean two
// things: a name comes once, no name is one of JavaScript's own, the bytes are UTF-8.

/** Deepest nesting; claims have 7 levels. */
export const JSON_DEPTH_MAX = 32;
/** Values in one token; an account with 30,000 revocations has as many. */
export const JSON_VALUES_MAX = 131_072;

/** Names that are no data in JavaScript. Objects are maps here; who reads them may have none. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** A number as it was written: integers of 64 bits do not fit a JavaScript number. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;

export type JsonResult =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: string };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERALS: readonly (readonly [string, null | boolean])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Ends a read; never leaves this file. */
class JsonFault extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;
  #valuesLeft = JSON_VALUES_MAX;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): JsonValue {
    const value = this.#value(0);
    this.#skipBlanks();
    if (this.#at < this.#text.length) throw this.#fault("text after the value");
    return value;
  }

  #fault(what: string): JsonFault {
    return new JsonFault(`JSON: ${what} at character ${this.#at}`);
  }

  #skipBlanks(): void {
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return;
      this.#at += 1;
    }
  }

  /** The next character that is not blank; "" at the end. */
  #next(): string {
    this.#skipBlanks();
    return this.#text.charAt(this.#at);
  }

  #value(depth: number): JsonValue {
    if (depth > JSON_DEPTH_MAX) throw this.#fault(`nested deeper than ${JSON_DEPTH_MAX}`);
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0) throw this.#fault(`more than ${JSON_VALUES_MAX} values`);
    const first = this.#next();
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    for (const [word, value] of LITERALS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#text);
    if (number === null) throw this.#fault("no value");
    this.#at += number[0].length;
    return new JsonNumber(number[0]);
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    this.#at += 1;
    if (this.#next() === "}") {
      this.#at += 1;
      return members;
    }
    for (;;) {
      if (this.#next() !== '"') throw this.#fault("no name");
      const name = this.#string();
      if (FORBIDDEN_NAMES.has(name)) throw this.#fault(`name ${JSON.stringify(name)}`);
      if (members.has(name)) throw this.#fault(`name ${JSON.stringify(name)} again`);
      if (this.#next() !== ":") throw this.#fault("no colon");
      this.#at += 1;
      members.set(name, this.#value(depth + 1));
      if (this.#ends("}")) return members;
    }
  }

  #array(depth: number): readonly JsonValue[] {
    const items: JsonValue[] = [];
    this.#at += 1;
    if (this.#next() === "]") {
      this.#at += 1;
      return items;
    }
    for (;;) {
      items.push(this.#value(depth + 1));
      if (this.#ends("]")) return items;
    }
  }

  /** After a member: true at `close`, false at a comma. */
  #ends(close: string): boolean {
    const next = this.#next();
    if (next !== close && next !== ",") throw this.#fault(`no comma and no ${close}`);
    this.#at += 1;
    return next === close;
  }

  #string(): string {
    const text = this.#text;
    let read = "";
    let start = this.#at + 1;
    for (let at = start; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        read += text.slice(start, at);
        // A half of a pair is no character: others would read something else in its place.
        if (!read.isWellFormed()) throw this.#fault("half a surrogate pair");
        return read;
      }
      if (code < 0x20) {
        this.#at = at;
        throw this.#fault("control character in a string");
      }
      if (code !== BACKSLASH) continue;
      read += text.slice(start, at);
      this.#at = at;
      read += this.#escape();
      at = this.#at - 1;
      start = this.#at;
    }
    throw this.#fault("string without an end");
  }

  /** The character of the escape at the current place, which it leaves behind. */
  #escape(): string {
    const kind = this.#text.charAt(this.#at + 1);
    const simple = ESCAPES[kind];
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (kind !== "u" || !/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#fault("unknown escape");
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads one JSON value from UTF-8 bytes. Errors name the place, never the content of a string. */
export function readJson(bytes: Uint8Array): JsonResult {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return { ok: false, error: "JSON: the bytes are not UTF-8" };
  }
  try {
    return { ok: true, value: new Reader(text).readAll() };
  } catch (fault) {
    if (fault instanceof JsonFault) return { ok: false, error: fault.message };
    throw fault;
  }
}
