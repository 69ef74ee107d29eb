// What the subscriptions of each account take of the worker's heap, so that they cannot end the
// worker, and one account cannot take the room of all. Further subscriptions on a filter that is
// known take no record of the index, so its bounds do not hold them. Owned by the worker's core.
// Must stay true: an account that has nothing yet finds room, unless very many others have taken
// theirs; the system account finds some whatever the others have.
import { SYSTEM_ACCOUNT_INDEX } from "@weft/accounts";
import { LIMITS } from "@weft/base";
import type { Subscription } from "./subscription.ts";

/**
 * Measured, without the texts: 210 bytes on a filter that others have, 440 on one of its own;
 * with a queue of its own 510 and 720.
 */
const PLAIN_BYTES = 450;
const QUEUE_BYTES = 750;
/** This part is for the system account, which may have its share of the rest besides. */
const SYSTEM_SHARE = 1 / 16;

/** Generous: a subscription takes less. */
export function heapBytesOf({ filter, queue, sid }: Subscription): number {
  const texts = filter.length + sid.length;
  return queue === undefined ? PLAIN_BYTES + texts : QUEUE_BYTES + texts + queue.length;
}

export class HeapShares {
  readonly #bytesMax: number;
  readonly #systemBytes: number;
  #used = 0;
  /** By account; those that have none are not in it. */
  readonly #bytes = new Map<number, number>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#systemBytes = Math.floor(bytesMax * SYSTEM_SHARE);
  }

  of(account: number): number {
    return this.#bytes.get(account) ?? 0;
  }

  /** Afterwards the account has at most `LIMITS.interestShareOfFree` times as much as is free. */
  hasRoom(account: number, bytes: number): boolean {
    const free = this.#free(account) - bytes;
    return this.of(account) + bytes <= LIMITS.interestShareOfFree * free;
  }

  changed(account: number, by: number): void {
    const bytes = this.of(account) + by;
    this.#used += by;
    if (bytes === 0) this.#bytes.delete(account);
    else this.#bytes.set(account, bytes);
  }

  /** The others leave alone what of the system account's own part is not taken yet. */
  #free(account: number): number {
    const free = this.#bytesMax - this.#used;
    if (account === SYSTEM_ACCOUNT_INDEX) return free;
    return free - Math.max(0, this.#systemBytes - this.of(SYSTEM_ACCOUNT_INDEX));
  }
}
