// Answers what the logins of workers wait for: the one place where a worker's question meets the part
// of control that knows. Control thread. Must stay true: every question gets an answer, whatever
// happens; the login's own deadline does not depend on it.
import type { CalloutQuestion, LoginAnswer, LoginQuestion } from "@weft/auth";
import type { HashPool } from "./hash-pool.ts";

/** Asks a callout service; never rejects. */
export interface CalloutAsker {
  askCallout(question: CalloutQuestion): Promise<LoginAnswer>;
}

export class LoginQuestions {
  readonly #hashes: Pick<HashPool, "compare">;
  readonly #callouts: () => CalloutAsker | undefined;

  /** `callouts`: undefined without a system account, whose place on the bus it needs. */
  constructor(
    hashes: Pick<HashPool, "compare">,
    callouts: () => CalloutAsker | undefined = () => undefined,
  ) {
    this.#hashes = hashes;
    this.#callouts = callouts;
  }

  /** Never rejects. */
  async answer(question: LoginQuestion): Promise<LoginAnswer> {
    if (question.kind === "callout") {
      const none = { kind: "callout", reason: "no system account to ask a service with" } as const;
      return this.#callouts()?.askCallout(question) ?? none;
    }
    const { kind, stored, given } = question;
    return { kind, matches: await this.#hashes.compare(stored, given) };
  }
}
