// What each account has of the worker's segment of the interest index, so that one cannot take the
// room of all. Owned by the worker's core. Must stay true: an account that has nothing yet finds room,
// unless very many others have taken theirs; one that is alone may have nearly all of it.
import { LIMITS } from "@weft/base";

export class IndexShares {
  readonly #recordsMax: number;
  /** By account; those that have none are not in it. */
  readonly #records = new Map<number, number>();

  constructor(recordsMax: number) {
    this.#recordsMax = recordsMax;
  }

  of(account: number): number {
    return this.#records.get(account) ?? 0;
  }

  /**
   * Records that an account may take beside its own while `used` are in use: afterwards it has at most
   * `LIMITS.interestShareOfFree` times as many as are free.
   */
  room(account: number, used: number): number {
    const share = LIMITS.interestShareOfFree;
    const free = this.#recordsMax - used;
    return Math.max(0, Math.floor((share * free - this.of(account)) / (share + 1)));
  }

  changed(account: number, by: number): void {
    if (by === 0) return;
    const records = this.of(account) + by;
    if (records === 0) this.#records.delete(account);
    else this.#records.set(account, records);
  }
}
