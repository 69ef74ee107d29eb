// Which reply subjects a session may answer (AZ-11, AZ-12): those of messages delivered to it, a
// number of times, for a while. Owned by the worker of the session, one per session with the right.
// What must stay true: the memory is bounded, whatever reply subjects are sent.
import type { Millis } from "@weft/base";
import type { ResponsePermission } from "./spec.ts";

/** Reply subjects that one session remembers; the oldest makes room. */
export const RESPONSE_SUBJECTS_MAX = 65_536;

/** A remembered reply subject; a link of the list from the oldest to the newest delivery. */
interface Answerable {
  readonly reply: string;
  since: Millis;
  answers: number;
  older: Answerable | undefined;
  newer: Answerable | undefined;
}

/** Rights to answer of one session. `now` is monotonic and must not go back. */
export class ResponseTracker {
  readonly #permission: ResponsePermission;
  readonly #subjectsMax: number;
  readonly #known = new Map<string, Answerable>();
  #oldest: Answerable | undefined;
  #newest: Answerable | undefined;

  constructor(permission: ResponsePermission, subjectsMax: number = RESPONSE_SUBJECTS_MAX) {
    this.#permission = permission;
    this.#subjectsMax = subjectsMax;
  }

  /** Reply subjects remembered now. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * A message with this reply subject was delivered. Call it only if publishing to `reply` is not
   * allowed anyway. A later delivery with the same reply subject starts afresh.
   */
  delivered(reply: string, now: Millis): void {
    this.#forgetExpired(now);
    const known = this.#known.get(reply);
    if (known !== undefined) {
      this.#unlink(known);
      known.since = now;
      known.answers = 0;
      this.#append(known);
      return;
    }
    if (this.#known.size >= this.#subjectsMax && this.#oldest !== undefined) {
      this.#forget(this.#oldest);
    }
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

  #isExpired(known: Answerable, now: Millis): boolean {
    const { expiresMs } = this.#permission;
    return expiresMs > 0 && now - known.since > expiresMs;
  }

  /** All have the same time to live, so the list is in the order of expiry. */
  #forgetExpired(now: Millis): void {
    let known = this.#oldest;
    while (known !== undefined && this.#isExpired(known, now)) {
      this.#forget(known);
      known = this.#oldest;
    }
  }

  #forget(known: Answerable): void {
    this.#unlink(known);
    this.#known.delete(known.reply);
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
