// Why a reload was refused. Control thread.
import { type ConfigProblem, formatPosition } from "@weft/base";

/**
 * `no-file`: nothing says where the configuration is (RL-01). `invalid`: the new one is wrong.
 * `unsupported`: it changes what cannot change while the server runs (RL-11). `failed`: a file could
 * not be read or written. `ending`: the server is not ready, in lame duck mode, or ends. `busy`: too
 * many wait already.
 */
export type ReloadErrorCode = "no-file" | "invalid" | "unsupported" | "failed" | "ending" | "busy";

/** Nothing was changed. The message has a line for each problem, with its place if it has one. */
export class ReloadError extends Error {
  override readonly name = "ReloadError";
  readonly code: ReloadErrorCode;
  readonly problems: readonly ConfigProblem[];

  constructor(code: ReloadErrorCode, problems: readonly ConfigProblem[]) {
    super(problems.map(textOf).join("\n"));
    this.code = code;
    this.problems = problems;
  }
}

/** One problem, without a place. */
export function reloadError(code: ReloadErrorCode, message: string): ReloadError {
  return new ReloadError(code, [{ message }]);
}

function textOf({ message, at }: ConfigProblem): string {
  return at === undefined ? message : `${formatPosition(at)}: ${message}`;
}
