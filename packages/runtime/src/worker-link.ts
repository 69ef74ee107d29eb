// A worker's line to control: what the core asks for, and control's answers in their order.

import type { MessagePort } from "node:worker_threads";
import type { LoginQuestion } from "@weft/auth";
import type { ControlPort, FinishedConnection } from "@weft/broker";
import type { ThreadLog } from "@weft/logging";
import { type ClosedGap, emptyGap, giveUp, type RecordAfterGap } from "./closed-connections-gap.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./thread-messages.ts";

/** Finished connections kept between two ticks; the oldest make room, and are only counted. */
const CLOSED_MAX = 4_096;

export class WorkerLink implements ControlPort {
  readonly #port: MessagePort;
  readonly log: ThreadLog;
  #closed: FinishedConnection[] = [];
  #closedNext = 0;
  /** Those that made room. */
  #gap: ClosedGap | undefined;
  #listener: ((message: ToWorker) => void) | undefined;
  /** Between the start and `onMessage`. */
  readonly #early: ToWorker[] = [];

  constructor(port: MessagePort, log: ThreadLog) {
    this.#port = port;
    this.log = log;
  }

  tell(message: FromWorker): void {
    this.#port.postMessage(message);
  }

  /**
   * Says that this thread is loaded and waits for what it starts with. What comes behind it is kept
   * for `onMessage`.
   */
  awaitStart(): Promise<WorkerStart> {
    return new Promise((resolve) => {
      this.#port.on("message", (message: ToWorker) => {
        if (this.#listener !== undefined) this.#listener(message);
        else if (message.kind === "log-taken") this.log.taken();
        else if (message.kind === "start") resolve(message);
        else this.#early.push(message);
      });
      this.tell({ kind: "loaded" });
    });
  }

  onMessage(listener: (message: ToWorker) => void): void {
    this.#listener = listener;
    for (const message of this.#early.splice(0)) listener(message);
  }

  askForLogin(ticket: number, question: LoginQuestion): void {
    this.tell({ kind: "login-question", ticket, question });
  }

  connectionClosed(record: FinishedConnection): void {
    if (this.#closed.length < CLOSED_MAX) {
      this.#closed.push(record);
      return;
    }
    const place = this.#closedNext++ % CLOSED_MAX;
    this.#gap ??= emptyGap();
    giveUp(this.#gap, this.#closed[place] as FinishedConnection);
    this.#closed[place] = record;
  }

  describeConnection(clientId: number, facts: string): void {
    this.tell({ kind: "connection-facts", clientId, facts });
  }

  /** Once per tick. */
  sendClosed(): void {
    if (this.#closed.length === 0) return;
    const split = this.#closedNext % CLOSED_MAX;
    const [first, ...others] = [...this.#closed.slice(split), ...this.#closed.slice(0, split)];
    const oldest: RecordAfterGap = { ...(first as FinishedConnection), gap: this.#gap };
    this.#closed = [];
    this.#closedNext = 0;
    this.#gap = undefined;
    this.tell({ kind: "connections-closed", records: [oldest, ...others] });
  }
}
