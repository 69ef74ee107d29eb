// What the reply subjects that sessions may answer (AZ-12) take of the worker's heap, and who gives way
// when there is no room. Owned by the worker's core. Must stay true: an account that has none finds room
// as with its subscriptions (heap-shares.ts) and loses none to another account; a session within its
// fair share of its account's loses none to another session.
import type { ResponseRoom, ResponseTracker } from "@weft/auth";
import { HeapShares } from "../subscribe/heap-shares.ts";

interface Holders {
  /** All that have remembered something and are not dropped; who is looked at next comes first. */
  readonly trackers: Set<ResponseTracker>;
  /** Those that remember something now. */
  count: number;
}

export class ResponseShares implements ResponseRoom {
  readonly #heap: HeapShares;
  readonly #holders = new Map<number, Holders>();

  constructor(bytesMax: number) {
    this.#heap = new HeapShares(bytesMax);
  }

  /** Bytes of an account. */
  of(account: number): number {
    return this.#heap.of(account);
  }

  take(tracker: ResponseTracker, bytes: number): boolean {
    const { account } = tracker;
    while (!this.#heap.hasRoom(account, bytes)) {
      const loser = this.#loser(tracker, bytes);
      if (loser === undefined) return false;
      loser.forgetOldest();
    }
    this.#heap.changed(account, bytes);
    if (tracker.bytes > 0) return true;
    const holders = this.#holdersOf(account);
    holders.trackers.add(tracker);
    holders.count += 1;
    return true;
  }

  /** It stays among the trackers: a service has something to answer, and has not, many times. */
  give(tracker: ResponseTracker, bytes: number): void {
    this.#heap.changed(tracker.account, -bytes);
    if (tracker.bytes === 0) this.#holdersOf(tracker.account).count -= 1;
  }

  leave(tracker: ResponseTracker): void {
    const { account } = tracker;
    const holders = this.#holders.get(account);
    holders?.trackers.delete(tracker);
    if (holders?.trackers.size === 0) this.#holders.delete(account);
  }

  #holdersOf(account: number): Holders {
    let holders = this.#holders.get(account);
    if (holders === undefined) {
      holders = { trackers: new Set(), count: 0 };
      this.#holders.set(account, holders);
    }
    return holders;
  }

  /** Who asks, if he has his share of what the account holds; else somebody who has. */
  #loser(tracker: ResponseTracker, bytes: number): ResponseTracker | undefined {
    const { account } = tracker;
    const holders = this.#holders.get(account);
    if (holders === undefined || holders.count === 0) return undefined;
    const { trackers, count } = holders;
    const held = tracker.bytes;
    const share = this.#heap.of(account) / (count + (held === 0 ? 1 : 0));
    if (held > 0 && held + bytes > share) return tracker;
    // Somebody has: the search begins where the last one ended, and mostly finds the same one again.
    for (const holder of trackers) {
      if (holder.bytes >= share) return holder;
      trackers.delete(holder);
      trackers.add(holder);
    }
    return undefined;
  }
}
