// Answers what the logins of workers wait for: the one place where a worker's question meets the part
// of control that knows. Control thread. Must stay true: every question gets an answer, whatever
// happens; the login's own deadline does not depend on it.
import type { CalloutQuestion, LoginAnswer, LoginQuestion } from "@weft/auth";
import type { HashPool } from "./hash-pool.ts";

/** Asks a callout service; never rejects. */
export interface CalloutAsker {
  askCallout(question: CalloutQuestion, worker: number): Promise<LoginAnswer>;
}

export interface AccountAnswers {
  /** When it settles the worker has been told the account, or never will be. Never rejects. */
  answer(key: string, worker: number): Promise<LoginAnswer>;
}

export class LoginQuestions {
  readonly #hashes: Pick<HashPool, "compare">;
  readonly #callouts: () => CalloutAsker | undefined;
  /** Set where accounts come by tokens. */
  accounts: AccountAnswers | undefined;

  /** `callouts`: undefined without a system account, whose place on the bus it needs. */
  constructor(
    hashes: Pick<HashPool, "compare">,
    callouts: () => CalloutAsker | undefined = () => undefined,
  ) {
    this.#hashes = hashes;
    this.#callouts = callouts;
  }

  /** `worker`, counted from 0, asks. Never rejects. */
  async answer(question: LoginQuestion, worker: number): Promise<LoginAnswer> {
    const { kind } = question;
    if (kind === "callout") {
      const none = { kind, reason: "no system account to ask a service with" } as const;
      return this.#callouts()?.askCallout(question, worker) ?? none;
    }
    if (kind === "account") {
      const answer = await this.accounts?.answer(question.key, worker);
      return answer ?? { kind, error: "there are no operators" };
    }
    const { stored, given } = question;
    return { kind, matches: await this.#hashes.compare(stored, given) };
  }
}
