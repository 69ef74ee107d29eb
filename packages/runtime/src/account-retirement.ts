// Which indexes of deleted accounts may be given to new ones. Control thread. Must stay true: an
// index is not given away while a connection counts for it, nor while a frame between threads may
// name it: frames wait for a busy thread, never for a minute.
import { type AccountsSnapshot, type RebaseResult, rebaseAccounts } from "@weft/accounts";
import { SharedGauge } from "@weft/shm";
import { REST_MS } from "./account-rests.ts";
import { processMs } from "./clocks.ts";

export class AccountRetirement {
  readonly #connections: SharedGauge;
  /** When each was deleted; the oldest first. */
  readonly #since = new Map<number, number>();

  /** `accountConnections`: the gauge of connections by account. */
  constructor(accountConnections: SharedArrayBuffer) {
    this.#connections = new SharedGauge(accountConnections);
  }

  /** `next` with the indexes of `previous`; see `rebaseAccounts`. Changes nothing here. */
  rebase(previous: AccountsSnapshot, next: AccountsSnapshot): RebaseResult {
    const now = processMs();
    const isFree = (index: number): boolean =>
      now - (this.#since.get(index) ?? now) >= REST_MS && this.#connections.count(index) === 0;
    return rebaseAccounts(previous, next, [...this.#since.keys()], isFree);
  }

  /** The snapshot is in force on all threads. */
  follow({ accounts }: AccountsSnapshot): void {
    const now = processMs();
    for (const { index, retired } of accounts) {
      if (retired !== true) this.#since.delete(index);
      else if (!this.#since.has(index)) this.#since.set(index, now);
    }
  }
}
