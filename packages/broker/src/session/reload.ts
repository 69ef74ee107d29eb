// A changed configuration on its way through the connections of a worker (RL-06, RL-12, RL-13). Owned
// by the worker's core. Must stay true: it is over when no session here has a right, a limit or a
// subscription that it does not give, and whoever asked for it is told then, once.
import type { SnapshotChange, SnapshotEffects } from "../ports.ts";
import { isOpen } from "./changed-rights.ts";
import type { ClientSession } from "./client-session.ts";
import type { SessionHost } from "./session-host.ts";
import type { SnapshotRules } from "./snapshot-rules.ts";

export class Reload {
  readonly change: SnapshotChange;
  /** The rules by which those were let in who are here. */
  readonly before: SnapshotRules;
  /** Connections that it has ended so far. */
  closed = 0;
  /** Logins that are still to begin anew. */
  loginsLeft = 0;
  readonly #host: SessionHost;
  readonly #sessions: ReadonlyMap<number, ClientSession>;
  readonly #removedBefore: number;
  readonly #done: (effects: SnapshotEffects) => void;

  /** `host` has the new rules by now. `sessions`: of this worker. */
  constructor(
    host: SessionHost,
    sessions: ReadonlyMap<number, ClientSession>,
    before: SnapshotRules,
    change: SnapshotChange,
    done: (effects: SnapshotEffects) => void,
  ) {
    this.#host = host;
    this.#sessions = sessions;
    this.before = before;
    this.change = change;
    this.#done = done;
    this.#removedBefore = host.reviews.removed;
  }

  /** True, and `done` was called, if everybody follows it. */
  endsNow(): boolean {
    const { judgements, reviews } = this.#host;
    if (this.loginsLeft > 0 || !judgements.isIdle || !reviews.isIdle) return false;
    const connections = [...this.#sessions.values()].filter(isOpen).length;
    const subscriptionsRemoved = reviews.removed - this.#removedBefore;
    this.#done({ closed: this.closed, subscriptionsRemoved, connections });
    return true;
  }
}
