// What the reply subjects that sessions may answer (AZ-12) take of the worker's heap, and who gives way
// when there is no room. Owned by the worker's core. Must stay true: an account with no more than its
// fair share (the room, divided by the accounts that have any) loses none to others, and a session with
// no more than its fair share of what its account may have loses none to other sessions; whose time is
// over takes no room for long.
import type { ResponseRoom, ResponseTracker } from "@weft/auth";
import type { Millis } from "@weft/base";

/** Sessions that one tick looks at, and what it forgets of each. */
const LOOKED_AT_PER_TICK = 64;
const FORGOTTEN_PER_LOOK = 512;

/** An account's sessions that remember something. */
interface Holders {
  bytes: number;
  /** Who is looked at next comes first. */
  readonly trackers: Set<ResponseTracker>;
}

export class ResponseShares implements ResponseRoom {
  readonly #bytesMax: number;
  /** By account; none is empty. */
  readonly #holders = new Map<number, Holders>();
  /** All of them; who is looked at next comes first. */
  readonly #trackers = new Set<ResponseTracker>();
  #used = 0;
  /** The account that lost the last one: mostly the same again. */
  #lastLoser = -1;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of an account. */
  of(account: number): number {
    return this.#holders.get(account)?.bytes ?? 0;
  }

  take(tracker: ResponseTracker, bytes: number): boolean {
    while (this.#used + bytes > this.#bytesMax) {
      const loser = this.#loser(tracker, bytes);
      if (loser === undefined) return false;
      loser.forgetOldest();
    }
    const { account } = tracker;
    let holders = this.#holders.get(account);
    if (holders === undefined) {
      holders = { bytes: 0, trackers: new Set() };
      this.#holders.set(account, holders);
    }
    this.#used += bytes;
    holders.bytes += bytes;
    holders.trackers.add(tracker);
    this.#trackers.add(tracker);
    return true;
  }

  give(tracker: ResponseTracker, bytes: number): void {
    const { account } = tracker;
    const holders = this.#holders.get(account) as Holders;
    this.#used -= bytes;
    holders.bytes -= bytes;
    if (tracker.bytes > 0) return;
    holders.trackers.delete(tracker);
    this.#trackers.delete(tracker);
    if (holders.trackers.size === 0) this.#holders.delete(account);
  }

  /** Every 100 ms: a session that is sent nothing more notices by nothing else what is over. */
  tick(now: Millis): void {
    let left = Math.min(LOOKED_AT_PER_TICK, this.#trackers.size);
    for (const tracker of this.#trackers) {
      if (left === 0) return;
      left -= 1;
      this.#trackers.delete(tracker);
      this.#trackers.add(tracker);
      tracker.forgetExpired(now, FORGOTTEN_PER_LOOK);
    }
  }

  /** Who has to forget something for `tracker`; undefined = nobody has more than a fair share. */
  #loser(tracker: ResponseTracker, bytes: number): ResponseTracker | undefined {
    const { account } = tracker;
    const own = this.#holders.get(account);
    const accounts = this.#holders.size + (own === undefined ? 1 : 0);
    const share = this.#bytesMax / accounts;
    if (own !== undefined && own.bytes + bytes > share) {
      const sessions = own.trackers.size + (tracker.bytes === 0 ? 1 : 0);
      const ofSession = own.bytes / sessions;
      return tracker.bytes > 0 && tracker.bytes + bytes > ofSession
        ? tracker
        : nextAbove(own.trackers, ofSession);
    }
    const other = this.#accountAbove(share);
    return other && nextAbove(other.trackers, other.bytes / other.trackers.size);
  }

  #accountAbove(share: number): Holders | undefined {
    const last = this.#holders.get(this.#lastLoser);
    if (last !== undefined && last.bytes > share) return last;
    for (const [account, holders] of this.#holders) {
      if (holders.bytes <= share) continue;
      this.#lastLoser = account;
      return holders;
    }
    return undefined;
  }
}

/** One with `bytes` or more; the search begins where the last one ended, and mostly ends there too. */
function nextAbove(trackers: Set<ResponseTracker>, bytes: number): ResponseTracker | undefined {
  let left = trackers.size;
  for (const tracker of trackers) {
    if (tracker.bytes >= bytes) return tracker;
    if (left === 0) break;
    left -= 1;
    trackers.delete(tracker);
    trackers.add(tracker);
  }
  return undefined;
}
