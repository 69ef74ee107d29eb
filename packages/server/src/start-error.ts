// Why a server did not start, when its configuration is to blame.
import type { ConfigProblem } from "@weft/base";
import { formatProblem } from "@weft/config";

/** All findings at once; the message has one line for each. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}
