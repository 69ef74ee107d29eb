// Control's questions for lists of subscriptions, and the workers' answers (MO-18, MO-24). Control
// thread. Must stay true: a worker that does not answer is waited for a moment only, and nothing goes on
// with an answer that came later: the worker keeps where a list stands for some seconds.
import type { SubscriptionAnswer, SubscriptionQuery } from "@weft/broker";
import { processMs } from "./clocks.ts";
import type { ToWorker } from "./thread-messages.ts";

const ANSWER_WAIT_MS = 2_000;

interface Asked {
  readonly resolve: (answer: SubscriptionAnswer | undefined) => void;
  readonly timer: NodeJS.Timeout;
  readonly sinceMs: number;
}

export class SubscriptionLists {
  readonly #tell: (worker: number, message: ToWorker) => void;
  readonly #nowMs: () => number;
  readonly #asked = new Map<number, Asked>();
  #nextTicket = 1;

  /** `tell`: by index of the worker, from 0. */
  constructor(tell: (worker: number, message: ToWorker) => void, nowMs = processMs) {
    this.#tell = tell;
    this.#nowMs = nowMs;
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
      this.#asked.set(ticket, { resolve, timer, sinceMs: this.#nowMs() });
      this.#tell(threadIndex - 1, { kind: "list-subscriptions", ticket, query });
    });
  }

  answered(ticket: number, answer: SubscriptionAnswer | undefined): void {
    const asked = this.#asked.get(ticket);
    if (asked === undefined) return;
    this.#asked.delete(ticket);
    clearTimeout(asked.timer);
    // After a turn that lasted long, answers are seen before the timers are.
    const isLate = this.#nowMs() - asked.sinceMs > ANSWER_WAIT_MS;
    asked.resolve(isLate ? undefined : answer);
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const ticket of [...this.#asked.keys()]) this.answered(ticket, undefined);
  }
}
