// The options of one command line, by name.
import { assert } from "@weft/base";
import type { OptionSpec } from "./command.ts";
import { usageFailure } from "./failure.ts";

export class Arguments {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #known: ReadonlySet<string>;

  constructor(options: readonly OptionSpec[], values: ReadonlyMap<string, readonly string[]>) {
    this.#known = new Set(options.map(({ name }) => name));
    this.#values = values;
  }

  /** True if the option was given, with whatever value. */
  has(name: string): boolean {
    assert(this.#known.has(name), `the command has no option ${name}`);
    return this.#values.has(name);
  }

  hasAny(names: readonly string[]): boolean {
    return names.some((name) => this.has(name));
  }

  /** The last value; undefined = not given. */
  text(name: string): string | undefined {
    return this.has(name) ? this.#values.get(name)?.at(-1) : undefined;
  }

  /** The last value, which must be there. */
  wanted(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === "") throw usageFailure(`--${name} is required`);
    return value;
  }

  /** All values, without blanks around them; empty if the option was not given. */
  list(name: string): readonly string[] {
    return this.has(name) ? (this.#values.get(name) ?? []) : [];
  }

  /** Undefined = not given. */
  truth(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value === "true";
  }

  /** False if not given. */
  flag(name: string): boolean {
    return this.truth(name) ?? false;
  }
}
