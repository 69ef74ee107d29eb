// Which reply subjects a session may answer (AZ-11, AZ-12): those of messages delivered to it, a
// number of times, for a while. Owned by the worker of the session, one per session with the right.
// What must stay true: the memory is bounded in bytes, for the session and with those of others,
// whatever reply subjects are sent; whoever drops a tracker says so.
import { LIMITS, type Millis } from "@weft/base";
import type { ResponsePermission } from "./spec.ts";

/** What one takes beside its text; measured: 130 to 160. */
const OVERHEAD_BYTES = 200;
/** More than are added; all at once may be tens of thousands. */
const EXPIRED_PER_DELIVERY = 16;

/** A remembered reply subject; a link of the list from the oldest to the newest delivery. */
interface Answerable {
  readonly reply: string;
  since: Millis;
  answers: number;
  older: Answerable | undefined;
  newer: Answerable | undefined;
}

/** What the trackers of a thread may take together. */
export interface ResponseRoom {
  /** False: `tracker` finds none for so many bytes. Before, it or others may have lost their oldest. */
  take(tracker: ResponseTracker, bytes: number): boolean;
  /** After its `bytes` are less. */
  give(tracker: ResponseTracker, bytes: number): void;
}

export interface ResponseTrackerOptions {
  /** Index of the session's account. */
  readonly account: number;
  readonly room: ResponseRoom;
  readonly bytesMax?: number | undefined;
}

/** Rights to answer of one session. `now` is monotonic and must not go back. */
export class ResponseTracker {
  readonly account: number;
  readonly #permission: ResponsePermission;
  readonly #room: ResponseRoom;
  readonly #bytesMax: number;
  readonly #known = new Map<string, Answerable>();
  #oldest: Answerable | undefined;
  #newest: Answerable | undefined;
  #bytes = 0;

  constructor(permission: ResponsePermission, options: ResponseTrackerOptions) {
    this.#permission = permission;
    this.account = options.account;
    this.#room = options.room;
    this.#bytesMax = options.bytesMax ?? LIMITS.responseBytesPerSessionMax;
  }

  /** Reply subjects remembered now. */
  get size(): number {
    return this.#known.size;
  }

  /** What they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * A message with this reply subject was delivered. Call it only if publishing to `reply` is not
   * allowed anyway. A later delivery with the same reply subject starts afresh.
   */
  delivered(reply: string, now: Millis): void {
    this.forgetExpired(now, EXPIRED_PER_DELIVERY);
    const known = this.#known.get(reply);
    if (known !== undefined) {
      this.#unlink(known);
      known.since = now;
      known.answers = 0;
      this.#append(known);
      return;
    }
    const bytes = bytesOf(reply);
    while (this.#bytes + bytes > this.#bytesMax && this.#oldest !== undefined) this.forgetOldest();
    if (!this.#room.take(this, bytes)) return;
    this.#bytes += bytes;
    const added = { reply, since: now, answers: 0, older: undefined, newer: undefined };
    this.#known.set(reply, added);
    this.#append(added);
  }

  /** May the session publish to `subject` as an answer? A granted answer is counted. */
  answerAllowed(subject: string, now: Millis): boolean {
    const known = this.#known.get(subject);
    if (known === undefined) return false;
    if (this.#isExpired(known, now)) {
      this.#forget(known);
      return false;
    }
    known.answers += 1;
    const { messagesMax } = this.#permission;
    if (messagesMax > 0 && known.answers >= messagesMax) this.#forget(known);
    return true;
  }

  /** Makes room for another. */
  forgetOldest(): void {
    if (this.#oldest !== undefined) this.#forget(this.#oldest);
  }

  /** The session has gone, or has other rights: nothing may be answered any more. */
  drop(): void {
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.#known.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
    if (bytes > 0) this.#room.give(this, bytes);
  }

  /** Forgets the oldest whose time is over, `countMax` at most. */
  forgetExpired(now: Millis, countMax: number): void {
    // All have the same time to live, so the list is in the order of expiry.
    for (let left = countMax; left > 0; left -= 1) {
      const known = this.#oldest;
      if (known === undefined || !this.#isExpired(known, now)) return;
      this.#forget(known);
    }
  }

  #isExpired(known: Answerable, now: Millis): boolean {
    const { expiresMs } = this.#permission;
    return expiresMs > 0 && now - known.since > expiresMs;
  }

  #forget(known: Answerable): void {
    this.#unlink(known);
    this.#known.delete(known.reply);
    const bytes = bytesOf(known.reply);
    this.#bytes -= bytes;
    this.#room.give(this, bytes);
  }

  #append(known: Answerable): void {
    known.older = this.#newest;
    known.newer = undefined;
    if (this.#newest === undefined) this.#oldest = known;
    else this.#newest.newer = known;
    this.#newest = known;
  }

  #unlink(known: Answerable): void {
    if (known.older === undefined) this.#oldest = known.newer;
    else known.older.newer = known.newer;
    if (known.newer === undefined) this.#newest = known.older;
    else known.newer.older = known.older;
  }
}

/** Reply subjects are byte strings. */
function bytesOf(reply: string): number {
  return OVERHEAD_BYTES + reply.length;
}
