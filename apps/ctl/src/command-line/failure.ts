// What a command cannot do, with the exit code that says so. Thrown anywhere, shown once by the
// program; whatever else is thrown is a fault of ours.

/** Exit codes of all commands but `check`, which has those of Nagios. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** A text for the user: says what and where, never a part of a seed or of a token. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line is wrong. */
export function usageFailure(message: string): Failure {
  return new Failure(message, EXIT.usage);
}
