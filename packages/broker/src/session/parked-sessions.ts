// Sessions whose input waits until the lane to another thread has room. Owned by the worker's core.
// Must stay true: whoever waits is named once, and let go when there is room or it is closed.
import type { ClientSession } from "./client-session.ts";
import { WAIT_LANE } from "./wait-reasons.ts";

export class ParkedSessions {
  readonly #byThread: (Set<ClientSession> | undefined)[];

  constructor(threadsCount: number) {
    this.#byThread = new Array(threadsCount).fill(undefined);
  }

  park(session: ClientSession, thread: number): void {
    const parked = this.#byThread[thread] ?? new Set();
    this.#byThread[thread] = parked.add(session);
    session.wait(WAIT_LANE);
  }

  /** The lane to `thread` has room. */
  resume(thread: number): void {
    const parked = this.#byThread[thread];
    if (parked === undefined) return;
    this.#byThread[thread] = undefined;
    for (const session of parked) session.go(WAIT_LANE);
  }

  closed(session: ClientSession): void {
    for (const parked of this.#byThread) parked?.delete(session);
  }
}
