// What the parsers of one load share: budgets, the chain of includes, and environment values.
// Control thread. Must stay true: each budget of CONFIG_LIMITS is checked before the work is done
// (attack 56), and a loop of files or variables is refused, whichever way it is built.
import type { SourcePosition } from "@weft/base";
import { CONFIG_LIMITS } from "./config-limits.ts";
import type { Findings } from "./findings.ts";
import { ConfigSyntaxError } from "./lexer.ts";
import type { ConfigNode } from "./node.ts";
import { type ConfigSource, ConfigSourceError } from "./source.ts";

export class LoadState {
  readonly source: ConfigSource;
  readonly findings: Findings;
  readonly #files: string[] = [];
  /** undefined: being parsed just now, so that a second use is a cycle. */
  readonly #environment = new Map<string, ConfigNode | undefined>();
  #includes = 0;
  #characters = 0;

  constructor(source: ConfigSource, findings: Findings) {
    this.source = source;
    this.findings = findings;
  }

  /** Counts a text against the budget. */
  charge(text: string, at: SourcePosition): void {
    this.#characters += text.length;
    if (this.#characters > CONFIG_LIMITS.charactersMax) {
      throw new ConfigSyntaxError(
        `configuration is larger than ${CONFIG_LIMITS.charactersMax} characters`,
        at,
      );
    }
  }

  /** Reads a file and keeps it on the chain while `parse` runs. */
  withFile<T>(path: string, at: SourcePosition, parse: (text: string) => T): T {
    if (this.#files.includes(path)) {
      throw new ConfigSyntaxError(`include loop: "${path}" includes itself`, at);
    }
    if (this.#files.length > CONFIG_LIMITS.includeDepthMax) {
      throw new ConfigSyntaxError(
        `includes are nested more than ${CONFIG_LIMITS.includeDepthMax} deep`,
        at,
      );
    }
    if (this.#files.length > 0) this.#includes += 1;
    if (this.#includes > CONFIG_LIMITS.includesMax) {
      throw new ConfigSyntaxError(`more than ${CONFIG_LIMITS.includesMax} includes`, at);
    }
    const text = placed(at, () => this.source.readFile(path));
    if (text === undefined) {
      const missing = `open ${path}: no such file or directory`;
      throw new ConfigSyntaxError(
        this.#files.length > 0 ? `error parsing include file '${path}', ${missing}` : missing,
        at,
      );
    }
    this.charge(text, at);
    this.#adviseEncoding(path, text);
    this.#files.push(path);
    try {
      return parse(text);
    } finally {
      this.#files.pop();
    }
  }

  /** CF-01. Bytes that are no UTF-8 were replaced: a password with one would fit no more. */
  #adviseEncoding(file: string, text: string): void {
    const offset = text.indexOf("\ufffd");
    if (offset < 0) return;
    const before = text.slice(0, offset).split("\n");
    const column = (before.at(-1)?.length ?? 0) + 1;
    this.findings.advise({ file, line: before.length, column }, "this is not UTF-8 text");
  }

  /** Path of an included file. */
  resolve(base: string, path: string, at: SourcePosition): string {
    return placed(at, () => this.source.resolve(base, path));
  }

  /** Value of an environment variable; undefined when it is not set. Parsed once (CF-10). */
  environment(
    name: string,
    at: SourcePosition,
    parse: (text: string) => ConfigNode,
  ): ConfigNode | undefined {
    if (this.#environment.has(name)) {
      const known = this.#environment.get(name);
      if (known === undefined) {
        throw new ConfigSyntaxError(`variable reference cycle for '${name}'`, at);
      }
      return known;
    }
    const text = this.source.environment(name);
    if (text === undefined) return undefined;
    this.charge(text, at);
    this.#environment.set(name, undefined);
    const node = parse(text);
    this.#environment.set(name, node);
    return node;
  }
}

/** What the driver says about a file is said at the place that names the file. */
function placed<T>(at: SourcePosition, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ConfigSourceError) throw new ConfigSyntaxError(error.message, at);
    throw error;
  }
}
