// Words to a tree (CF-02 to CF-04, CF-10 to CF-13). Control thread.
//
//   document  = (entry | comment | end)*          at the top, braces around entries are optional
//   entry     = key [ "=" | ":" ] value | "include" path
//   map       = "{" (entry (";" | "," | newline)*)* "}"
//   list      = "[" (value ("," | newline))* "]"
//   value     = map | list | scalar | "$" name
//
// A variable is looked up in the maps around it, as far as they were read, then in the environment,
// whose text is parsed as a value. Must stay true: work is linear in the text; nesting and the size
// after substitution are bounded, so a walk over the result is bounded too (attack 56).
import type { ConfigProblem, SourcePosition } from "@weft/base";
import { formatPosition } from "@weft/base";
import { CONFIG_LIMITS } from "./config-limits.ts";
import type { Findings } from "./findings.ts";
import { readIncludePath } from "./include-path.ts";
import {
  ConfigSyntaxError,
  isNewline,
  isSeparator,
  isSpace,
  type ScalarToken,
  Scanner,
  showCode,
} from "./lexer.ts";
import { LoadState } from "./load-state.ts";
import type { ConfigEntry, ConfigNode, MapNode } from "./node.ts";
import { scalarNode, scanScalar } from "./scalar.ts";
import type { ConfigSource } from "./source.ts";

type Entries = Map<string, ConfigEntry>;

const END = -1;
const COMMA = 44;
const SLASH = 47;
const SEMICOLON = 59;
const BRACKET_OPEN = 91;
const BRACKET_CLOSE = 93;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;
/** Key under which an environment value is parsed. */
const VALUE_KEY = "value";
/** Before a value of the environment, which is read as that of an entry. */
const VALUE_START = `${VALUE_KEY}=`;

/**
 * Parses the file `path` with everything it includes. Warnings go to `findings`. The first mistake
 * in the text ends the parse and is returned.
 */
export function parseConfig(
  path: string,
  source: ConfigSource,
  findings: Findings,
): { ok: true; root: MapNode } | { ok: false; problem: ConfigProblem } {
  const state = new LoadState(source, findings);
  const start = { file: path, line: 1, column: 1 };
  try {
    return { ok: true, root: parseFile(path, start, state) };
  } catch (error) {
    if (error instanceof ConfigSyntaxError) {
      return { ok: false, problem: { message: error.message, at: error.at } };
    }
    throw error;
  }
}

function parseFile(path: string, at: SourcePosition, state: LoadState): MapNode {
  return state.withFile(path, at, (text) => new Parser(path, text, state).document());
}

class Parser {
  readonly #path: string | undefined;
  readonly #scanner: Scanner;
  readonly #state: LoadState;
  /** The maps around the cursor, outermost first: where variables are looked up. */
  readonly #scopes: Entries[] = [];
  #depth = 0;

  /** `path` is undefined for an environment value, which can include nothing. */
  constructor(
    path: string | undefined,
    text: string,
    state: LoadState,
    label = path ?? "",
    start = 0,
  ) {
    this.#path = path;
    this.#scanner = new Scanner(label, text, start);
    this.#state = state;
  }

  document(): MapNode {
    const scanner = this.#scanner;
    const at = scanner.position();
    const entries: Entries = new Map();
    this.#scopes.push(entries);
    let braces = 0;
    for (;;) {
      scanner.skipSpaces();
      if (scanner.skipComment()) continue;
      const code = scanner.peek();
      if (code === END) break;
      if (code === BRACE_OPEN) {
        braces += 1;
        if (braces > CONFIG_LIMITS.nestingMax) this.#refuseNesting();
        scanner.take();
      } else if (code === BRACE_CLOSE && braces > 0) {
        scanner.take();
        braces -= 1;
        if (braces > 0) this.#endOfBraces();
      } else {
        if (!this.#topEntry(entries)) break;
        this.#endOfTopValue(braces > 0);
      }
    }
    if (braces > 0) {
      this.#state.findings.warn(scanner.position(), "the file ends before its last '}'");
    }
    return this.#mapNode(entries, at);
  }

  /** False when the file ended with a "}" too many, which is tolerated (CF-17). */
  #topEntry(entries: Entries): boolean {
    const scanner = this.#scanner;
    const key = this.#key("top");
    if (key.bare && this.#isInclude(key.text)) {
      this.#include(entries);
      return true;
    }
    scanner.skipSpaces();
    if (isSeparator(scanner.peek())) {
      scanner.take();
      scanner.skipBlanks();
    } else if (scanner.peek() === END) {
      if (key.text === "}") return false;
      scanner.fail("config is invalid", key.at);
    }
    this.#set(entries, key.text, key.at, this.#value());
    return true;
  }

  #key(where: "top" | "map"): { text: string; at: SourcePosition; bare: boolean } {
    const scanner = this.#scanner;
    const code = scanner.peek();
    if (isSeparator(code)) scanner.fail(`Unexpected key separator ${showCode(code)}`);
    if (where === "map" && code === BRACKET_CLOSE) {
      scanner.fail(`Unexpected array end ${showCode(code)} processing map.`);
    }
    return scanner.key();
  }

  #endOfTopValue(inBraces: boolean): void {
    const scanner = this.#scanner;
    for (;;) {
      scanner.skipBlanks();
      if (!scanner.skipComment()) break;
    }
    const code = scanner.peek();
    if (isNewline(code) || code === SEMICOLON || code === COMMA) {
      scanner.take();
      return;
    }
    if (code === BRACE_CLOSE) {
      // Inside braces it closes them; outside one too many is tolerated.
      if (!inBraces) scanner.take();
      return;
    }
    if (code === END && !inBraces) return;
    scanner.fail(
      `Expected a ${inBraces ? "block" : "top"}-level value to end with a new line, comment or ` +
        `EOF, but got ${showCode(code)} instead.`,
    );
  }

  /** Behind an inner "}" of braces at the top. */
  #endOfBraces(): void {
    const scanner = this.#scanner;
    scanner.skipSpaces();
    if (scanner.skipComment()) return;
    const code = scanner.peek();
    if (code === BRACE_CLOSE) return;
    if (code === SEMICOLON || code === COMMA) {
      scanner.take();
      return;
    }
    scanner.fail(`Expected a block-level to end with a '}', but got ${showCode(code)} instead.`);
  }

  #value(): ConfigNode {
    const scanner = this.#scanner;
    const code = scanner.peek();
    if (code === BRACE_OPEN) return this.#map();
    if (code === BRACKET_OPEN) return this.#list();
    const token = scanScalar(scanner);
    if (token.type === "variable") return this.#variable(token);
    return scalarNode(token, (message, at) => scanner.fail(message, at));
  }

  #map(): ConfigNode {
    const scanner = this.#scanner;
    const at = scanner.position();
    this.#enter();
    const entries: Entries = new Map();
    this.#scopes.push(entries);
    for (;;) {
      scanner.skipSpaces();
      if (scanner.skipComment()) continue;
      const code = scanner.peek();
      if (code === END) scanner.fail("Unexpected EOF processing map.", at);
      if (code === BRACE_CLOSE) break;
      this.#mapEntry(entries);
      this.#endOfMapValue();
    }
    scanner.take();
    this.#scopes.pop();
    this.#depth -= 1;
    return this.#mapNode(entries, at);
  }

  #mapEntry(entries: Entries): void {
    const scanner = this.#scanner;
    const key = this.#key("map");
    if (key.bare && this.#isInclude(key.text)) {
      this.#include(entries);
      return;
    }
    scanner.skipSpaces();
    if (isSeparator(scanner.peek())) scanner.take();
    scanner.skipSpaces();
    const code = scanner.peek();
    if (code === END) scanner.fail("Unexpected EOF processing map key.", key.at);
    if (code === COMMA) scanner.fail(`Unexpected map value terminator ${showCode(code)}.`);
    // In the reference this loses the map around it; here it is refused.
    if (code === BRACE_CLOSE) scanner.fail(`Expected a value for "${key.text}" before '}'.`);
    this.#set(entries, key.text, key.at, this.#value());
  }

  #endOfMapValue(): void {
    const scanner = this.#scanner;
    for (;;) {
      scanner.skipBlanks();
      if (!scanner.skipComment()) break;
    }
    const code = scanner.peek();
    if (code === BRACE_CLOSE) return;
    if (isNewline(code) || code === SEMICOLON || code === COMMA) {
      scanner.take();
      return;
    }
    scanner.fail(
      `Expected a map value terminator ',' or a map terminator '}', but got ` +
        `${showCode(code)} instead.`,
    );
  }

  #list(): ConfigNode {
    const scanner = this.#scanner;
    const at = scanner.position();
    this.#enter();
    const items: ConfigNode[] = [];
    scanner.take();
    for (;;) {
      scanner.skipSpaces();
      if (scanner.skipComment()) continue;
      const code = scanner.peek();
      if (code === BRACKET_CLOSE) break;
      if (code === END) scanner.fail("Unexpected EOF processing array.", at);
      if (code === COMMA || code === SLASH) {
        scanner.fail(`Unexpected array value terminator ${showCode(code)}.`);
      }
      items.push(this.#value());
      this.#endOfListValue(at);
    }
    scanner.take();
    this.#depth -= 1;
    let size = 1;
    let height = 0;
    for (const item of items) {
      size += item.size;
      height = Math.max(height, item.height + 1);
    }
    return this.#checked({ kind: "list", items, at, size, height: Math.max(height, 1) });
  }

  #endOfListValue(at: SourcePosition): void {
    const scanner = this.#scanner;
    for (;;) {
      scanner.skipBlanks();
      if (!scanner.skipComment()) break;
    }
    const code = scanner.peek();
    if (code === BRACKET_CLOSE) return;
    if (code === END) scanner.fail("Unexpected EOF processing array.", at);
    if (isNewline(code) || code === COMMA) {
      scanner.take();
      return;
    }
    scanner.fail(
      "Expected an array value terminator ',' or an array terminator ']', but got " +
        `${showCode(code)} instead.`,
    );
  }

  #variable(token: ScalarToken): ConfigNode {
    const name = token.text;
    const at = token.at;
    // CF-11: an unquoted bcrypt hash.
    if (name.startsWith("2a$")) {
      return { kind: "string", value: `$${name}`, at, size: 1, height: 0 };
    }
    for (let index = this.#scopes.length - 1; index >= 0; index--) {
      const entry = this.#scopes[index]?.get(name);
      if (entry === undefined) continue;
      entry.usedAsVariable = true;
      return { ...entry.node, at };
    }
    const label = `environment variable ${name}`;
    const node = this.#state.environment(name, at, (text) => {
      const whole = VALUE_START + text;
      const parser = new Parser(undefined, whole, this.#state, label, VALUE_START.length);
      const value = parser.document().entries.get(VALUE_KEY)?.node;
      return value ?? this.#scanner.fail(`${label} has no value`, at);
    });
    if (node !== undefined) return { ...node, at };
    // A hash is a secret of sorts: do not repeat it.
    if (/^2[bxy]\$/.test(name)) {
      this.#scanner.fail("put quotes around this bcrypt password: its '$' starts a variable", at);
    }
    return this.#scanner.fail(
      `variable reference for '${name}' on line ${at.line} can not be found`,
      at,
    );
  }

  #isInclude(key: string): boolean {
    return key.toLowerCase() === "include" && isSpace(this.#scanner.peek());
  }

  /** CF-12. The file's keys join the current map; it does not see the variables around it. */
  #include(entries: Entries): void {
    const scanner = this.#scanner;
    scanner.skipBlanks();
    const at = scanner.position();
    const written = readIncludePath(scanner);
    const base = this.#path ?? scanner.fail("an environment value can not include a file", at);
    const path = this.#state.resolve(base, written, at);
    const included = parseFile(path, at, this.#state);
    if (this.#depth + included.height > CONFIG_LIMITS.nestingMax) this.#refuseNesting();
    for (const entry of included.entries.values()) {
      this.#set(entries, entry.key, entry.at, entry.node, entry.usedAsVariable);
    }
  }

  #set(entries: Entries, key: string, at: SourcePosition, node: ConfigNode, used = false): void {
    const before = entries.get(key);
    if (before !== undefined) {
      // GP-9: the reference lets the last one win and says nothing.
      this.#state.findings.advise(
        at,
        `duplicate key "${key}" replaces the one at ${formatPosition(before.at)}`,
      );
      entries.delete(key);
    }
    const usedAsVariable = used || (before?.usedAsVariable ?? false);
    entries.set(key, { key, at, node, usedAsVariable });
  }

  #mapNode(entries: Entries, at: SourcePosition): MapNode {
    let size = 1;
    let height = 0;
    for (const { node } of entries.values()) {
      size += node.size;
      height = Math.max(height, node.height);
    }
    return this.#checked({ kind: "map", entries, at, size, height: height + 1 });
  }

  #checked<T extends ConfigNode>(node: T): T {
    if (node.size > CONFIG_LIMITS.valuesMax) {
      this.#scanner.fail(`more than ${CONFIG_LIMITS.valuesMax} values`, node.at);
    }
    // The document itself is a map, and everything written in it is one deeper.
    if (node.height > CONFIG_LIMITS.nestingMax + 1) this.#refuseNesting(node.at);
    return node;
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > CONFIG_LIMITS.nestingMax) this.#refuseNesting();
    // Maps are entered on their brace, lists on their bracket.
    if (this.#scanner.peek() === BRACE_OPEN) this.#scanner.take();
  }

  #refuseNesting(at: SourcePosition = this.#scanner.position()): never {
    this.#scanner.fail(`values are nested more than ${CONFIG_LIMITS.nestingMax} deep`, at);
  }
}
