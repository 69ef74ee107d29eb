// Answers what the logins of workers wait for: the one place where a worker's question meets the part
// of control that knows. Control thread. Must stay true: every question gets an answer, whatever
// happens; the login's own deadline does not depend on it.
import type { LoginAnswer, LoginQuestion } from "@weft/auth";
import type { HashPool } from "./hash-pool.ts";

export class LoginQuestions {
  readonly #hashes: Pick<HashPool, "compare">;

  constructor(hashes: Pick<HashPool, "compare">) {
    this.#hashes = hashes;
  }

  /** Never rejects. */
  async answer(question: LoginQuestion): Promise<LoginAnswer> {
    const { kind, stored, given } = question;
    return { kind, matches: await this.#hashes.compare(stored, given) };
  }
}
