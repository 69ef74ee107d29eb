// Answers what the logins of workers wait for: the one place where a worker's question meets the part
// of control that knows. Control thread. Must stay true: every question gets an answer, whatever
// happens; the login's own deadline does not depend on it.
import type { CalloutQuestion, LoginAnswer, LoginQuestion } from "@weft/auth";
import type { ServerOptions } from "@weft/config";
import type { CalloutFacts } from "@weft/monitor";
import type { Authentication } from "./authentication.ts";
import type { HashPool } from "./hash-pool.ts";

/** Asks a callout service; never rejects. */
export interface CalloutAsker {
  askCallout(question: CalloutQuestion, worker: number): Promise<LoginAnswer>;
  /** Undefined where no callout is configured. */
  calloutFacts(): CalloutFacts | undefined;
}

export interface AccountAnswers {
  /** When it settles the worker has been told the account, or never will be. Never rejects. */
  answer(key: string, worker: number): Promise<LoginAnswer>;
}

type Hashes = Pick<HashPool, "compareLogin" | "close">;
type Modules = Pick<Authentication, "open" | "ask" | "facts" | "close">;

export class LoginQuestions {
  readonly #hashes: Hashes;
  readonly #callouts: () => CalloutAsker | undefined;
  readonly #modules: Modules | undefined;
  /** Set where accounts come by tokens. */
  accounts: AccountAnswers | undefined;

  /** `callouts`: undefined without a system account, whose place on the bus it needs. */
  constructor(
    hashes: Hashes,
    callouts: () => CalloutAsker | undefined = () => undefined,
    modules?: Modules,
  ) {
    this.#hashes = hashes;
    this.#callouts = callouts;
    this.#modules = modules;
  }

  /** Throws why the authentication module cannot be used. */
  async open(options: ServerOptions): Promise<void> {
    await this.#modules?.open(options);
  }

  /** `worker`, counted from 0, asks. Never rejects. */
  async answer(question: LoginQuestion, worker: number): Promise<LoginAnswer> {
    if (question.kind === "callout") {
      const { kind } = question;
      const none = { kind, reason: "no system account to ask a service with" } as const;
      return this.#callouts()?.askCallout(question, worker) ?? none;
    }
    if (question.kind === "plugin") return this.#askModule(question, worker);
    const { kind } = question;
    if (kind === "account") {
      const answer = await this.accounts?.answer(question.key, worker);
      return answer ?? { kind, error: "there are no operators" };
    }
    const { stored, given } = question;
    return { kind, matches: await this.#hashes.compareLogin(stored, given) };
  }

  /** For monitoring. */
  calloutFacts(): CalloutFacts | undefined {
    return this.#callouts()?.calloutFacts();
  }

  /** The same of the authentication module. */
  moduleFacts(): CalloutFacts | undefined {
    return this.#modules?.facts();
  }

  async close(): Promise<void> {
    await this.#modules?.close();
    await this.#hashes.close();
  }

  /** GP-14. The worker knows the account of the answer before it gets it. */
  async #askModule(
    { kind, request }: Extract<LoginQuestion, { kind: "plugin" }>,
    worker: number,
  ): Promise<LoginAnswer> {
    const none = { kind, verdict: { kind: "refused", reason: "there is no module" } } as const;
    const answer = (await this.#modules?.ask(request)) ?? none;
    if (answer.kind === "plugin" && answer.verdict.kind === "user") {
      await this.accounts?.answer(answer.verdict.user.accountName, worker);
    }
    return answer;
  }
}
