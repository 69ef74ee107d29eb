// Requests that wait for an internal participant: one line for those of the account that is served,
// and short ones for those that came from other accounts by service imports. Owned by the participant.
// Must stay true: nobody of another account keeps the operator waiting, nor one such account another;
// every line is bounded.

/** Requests of the own account that wait; more stay in the rings and hold their publishers up. */
const OWN_MAX = 256;
/** The same in bytes of all that they hold; also for those from others. */
const BYTES_MAX = 32 * 1024 * 1024;
/**
 * Requests from others: all together. One subject, which names the account that asks, has a third of
 * what is free, so that there is room for the next one: 8,192 if it is the only one. Many, for all
 * clients of an account share a line: a thousand that ask who they are is no attack. Lines are served
 * in turn, so a long one keeps only its own account waiting.
 */
const FOREIGN_MAX = 32_768;
const SHARE_OF_FREE = 3;
/** Room for all of these as they usually are, and for a few dozen of the longest. */
const FOREIGN_EACH_BYTES_MAX = 2 * 1024 * 1024;

interface Waiting {
  readonly subject: string;
  readonly reply: string;
  readonly header: { readonly length: number };
  readonly payload: { readonly length: number };
}

/** Their senders choose all of it: with an empty body a request holds 64 KiB of headers. */
function bytesOf({ subject, reply, header, payload }: Waiting): number {
  return subject.length + reply.length + header.length + payload.length;
}

interface Line<Request> {
  readonly requests: Request[];
  bytes: number;
}

export class RequestLines<Request extends Waiting> {
  /** Requests that found no room, since it was read last. */
  dropped = 0;
  readonly #own: Request[] = [];
  /** By subject; who was served last stands last. */
  readonly #foreign = new Map<string, Line<Request>>();
  #foreignCount = 0;
  #ownBytes = 0;
  #foreignBytes = 0;
  #foreignIsNext = false;

  /** No further requests of the own account are to be taken in. */
  get isFull(): boolean {
    return this.#own.length >= OWN_MAX || this.#ownBytes >= BYTES_MAX;
  }

  /** True if a request from another account on this subject has room; counts it where it has not. */
  admits(subject: string): boolean {
    const line = this.#foreign.get(subject);
    const free = FOREIGN_MAX - this.#foreignCount;
    const freeBytes = BYTES_MAX - this.#foreignBytes;
    const isFull =
      line !== undefined &&
      (line.requests.length * SHARE_OF_FREE >= free ||
        line.bytes >= Math.min(FOREIGN_EACH_BYTES_MAX, freeBytes / SHARE_OF_FREE));
    const hasRoom = free > 0 && freeBytes > 0;
    if (hasRoom && !isFull) return true;
    this.dropped += 1;
    return false;
  }

  addOwn(request: Request): void {
    this.#own.push(request);
    this.#ownBytes += bytesOf(request);
  }

  /** After {@link admits}. */
  addForeign(request: Request): void {
    const bytes = bytesOf(request);
    const line = this.#foreign.get(request.subject);
    if (line === undefined) this.#foreign.set(request.subject, { requests: [request], bytes });
    else {
      line.requests.push(request);
      line.bytes += bytes;
    }
    this.#foreignCount += 1;
    this.#foreignBytes += bytes;
  }

  /** Own and foreign requests in turn, foreign subjects in turn, each line first come first served. */
  take(): Request | undefined {
    const isForeign = this.#foreignCount > 0 && (this.#foreignIsNext || this.#own.length === 0);
    this.#foreignIsNext = !isForeign;
    if (isForeign) return this.#takeForeign();
    const request = this.#own.shift();
    if (request !== undefined) this.#ownBytes -= bytesOf(request);
    return request;
  }

  #takeForeign(): Request | undefined {
    for (const [subject, line] of this.#foreign) {
      const request = line.requests.shift() as Request;
      const bytes = bytesOf(request);
      line.bytes -= bytes;
      this.#foreign.delete(subject);
      if (line.requests.length > 0) this.#foreign.set(subject, line);
      this.#foreignCount -= 1;
      this.#foreignBytes -= bytes;
      return request;
    }
    return undefined;
  }
}
