// Collector of errors and warnings about a configuration. Control thread. Must stay true: findings
// keep the order in which they were made, and their number is bounded.
import type { ConfigProblem, SourcePosition } from "@weft/base";
import { CONFIG_LIMITS } from "./config-limits.ts";

/** A finding that does not stop a start. */
export interface ConfigWarning extends ConfigProblem {
  /**
   * True for findings that the reference does not make (GP-9): they are printed, but `-t` still
   * calls the file valid. Other warnings make `-t` fail (CF-14 in docs/compat/17-corrections.md).
   */
  readonly advisory: boolean;
  /** True for what a flag allowed expressly: `--strict` lets it pass. */
  readonly allowed?: true;
}

/** Errors and warnings of one load (CF-14: several are reported together). */
export class Findings {
  readonly errors: ConfigProblem[] = [];
  readonly warnings: ConfigWarning[] = [];
  #errorsDropped = 0;

  /** Errors made so far, the dropped ones included. */
  get errorCount(): number {
    return Math.min(this.errors.length, CONFIG_LIMITS.findingsMax) + this.#errorsDropped;
  }

  error(at: SourcePosition | undefined, message: string): void {
    if (this.errors.length < CONFIG_LIMITS.findingsMax) {
      this.errors.push({ message, at });
      return;
    }
    this.#errorsDropped += 1;
    this.errors[CONFIG_LIMITS.findingsMax] = {
      message: `and ${this.#errorsDropped} more errors`,
    };
  }

  /** A warning that the reference makes too. */
  warn(at: SourcePosition | undefined, message: string): void {
    this.#add({ message, at, advisory: false });
  }

  /** A warning of our own. */
  advise(at: SourcePosition | undefined, message: string): void {
    this.#add({ message, at, advisory: true });
  }

  /** A warning in place of an error, because a flag says so. */
  allow(at: SourcePosition | undefined, message: string): void {
    this.#add({ message, at, advisory: true, allowed: true });
  }

  #add(warning: ConfigWarning): void {
    if (this.warnings.length < CONFIG_LIMITS.findingsMax) this.warnings.push(warning);
  }
}
