// Orders about one connection, given to all workers or to one: whoever has it answers. Control
// thread. Must stay true: every order is answered, at the latest when its time is over.
import type { ConnectionAnswer, ConnectionOrder } from "@weft/broker";
import type { OrderAnswer } from "./system-ports.ts";

/** A worker that does not answer by then is not asked again. */
const WAIT_MS = 2_000;

interface Waiting {
  missing: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (answer: ConnectionAnswer | undefined) => void;
}

export class WorkerOrders {
  readonly #workersCount: number;
  readonly #tell: (worker: number, ticket: number, order: ConnectionOrder) => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextTicket = 1;

  constructor(
    workersCount: number,
    tell: (worker: number, ticket: number, order: ConnectionOrder) => void,
  ) {
    this.#workersCount = workersCount;
    this.#tell = tell;
  }

  /**
   * The answer of the worker that has the connection; undefined = none has. `thread`: only this one
   * is asked (from 1).
   */
  ask(order: ConnectionOrder, thread?: number): Promise<ConnectionAnswer | undefined> {
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(ticket, undefined), WAIT_MS);
      const missing = thread === undefined ? this.#workersCount : 1;
      this.#waiting.set(ticket, { missing, timer, resolve });
      if (thread !== undefined) this.#tell(thread - 1, ticket, order);
      else {
        for (let worker = 0; worker < missing; worker += 1) this.#tell(worker, ticket, order);
      }
    });
  }

  answered({ ticket, answer }: OrderAnswer): void {
    const waiting = this.#waiting.get(ticket);
    if (waiting === undefined) return;
    waiting.missing -= 1;
    if (answer !== undefined || waiting.missing === 0) this.#settle(ticket, answer);
  }

  /** The workers are gone. */
  close(): void {
    for (const ticket of [...this.#waiting.keys()]) this.#settle(ticket, undefined);
  }

  #settle(ticket: number, answer: ConnectionAnswer | undefined): void {
    const waiting = this.#waiting.get(ticket);
    if (waiting === undefined) return;
    this.#waiting.delete(ticket);
    clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }
}
