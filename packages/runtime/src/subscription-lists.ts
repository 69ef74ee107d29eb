// Control's questions for lists of subscriptions, and the workers' answers (MO-18, MO-24). Control
// thread. Must stay true: a worker that does not answer is waited for a moment only.
import type { SubscriptionAnswer, SubscriptionQuery } from "@weft/broker";
import type { ToWorker } from "./thread-messages.ts";

const ANSWER_WAIT_MS = 2_000;

interface Asked {
  readonly resolve: (answer: SubscriptionAnswer | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

export class SubscriptionLists {
  readonly #tell: (worker: number, message: ToWorker) => void;
  readonly #asked = new Map<number, Asked>();
  #nextTicket = 1;

  /** `tell`: by index of the worker, from 0. */
  constructor(tell: (worker: number, message: ToWorker) => void) {
    this.#tell = tell;
  }

  /** Questions without an answer yet. */
  get waiting(): number {
    return this.#asked.size;
  }

  /** One piece of thread `threadIndex`; undefined when it does not answer in time. */
  ask(threadIndex: number, query: SubscriptionQuery): Promise<SubscriptionAnswer | undefined> {
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answered(ticket, undefined), ANSWER_WAIT_MS);
      this.#asked.set(ticket, { resolve, timer });
      this.#tell(threadIndex - 1, { kind: "list-subscriptions", ticket, query });
    });
  }

  answered(ticket: number, answer: SubscriptionAnswer | undefined): void {
    const asked = this.#asked.get(ticket);
    if (asked === undefined) return;
    this.#asked.delete(ticket);
    clearTimeout(asked.timer);
    asked.resolve(answer);
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const ticket of [...this.#asked.keys()]) this.answered(ticket, undefined);
  }
}
