// Message and byte counts of a worker: those of live sessions, which count for themselves, and of
// finished ones. Owned by the worker's core; summed on the tick so that the hot path adds nothing.
import type { WorkerCounters } from "../ports.ts";
import type { ClientSession } from "./client-session.ts";

export class Traffic {
  #inMessages = 0;
  #inBytes = 0;
  #outMessages = 0;
  #outBytes = 0;

  /** Keeps what a finished session counted. */
  finished(session: ClientSession): void {
    this.#inMessages += session.inMessages;
    this.#inBytes += session.inBytes;
    this.#outMessages += session.outbox.messages;
    this.#outBytes += session.outbox.payloadBytes;
  }

  /** Writes the totals. */
  publish(sessions: Iterable<ClientSession>, counters: WorkerCounters): void {
    let inMessages = this.#inMessages;
    let inBytes = this.#inBytes;
    let outMessages = this.#outMessages;
    let outBytes = this.#outBytes;
    for (const session of sessions) {
      inMessages += session.inMessages;
      inBytes += session.inBytes;
      outMessages += session.outbox.messages;
      outBytes += session.outbox.payloadBytes;
    }
    counters.inMessages = inMessages;
    counters.inBytes = inBytes;
    counters.outMessages = outMessages;
    counters.outBytes = outBytes;
  }
}
