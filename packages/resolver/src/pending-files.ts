// File effects under way, and who waits for them. Control thread; pure. Must stay true: a ticket is
// finished once; what waits is bounded by count and bytes, and the caller asks for room before.

/** Told when the steps are done; `error` = they failed. */
export type Afterwards = (error: string | undefined) => void;

interface Pending {
  readonly keys: readonly string[];
  readonly bytes: number;
  readonly afterwards: Afterwards[];
}

const PENDING_MAX = 4_096;
const PENDING_BYTES_MAX = 64 * 1024 * 1024;

export class PendingFiles {
  readonly #byTicket = new Map<number, Pending>();
  /** Last ticket that writes an account's file. */
  readonly #byKey = new Map<string, number>();
  /** Accounts whose files may be anything since a step failed. */
  readonly #unsettled = new Set<string>();
  /** Accounts whose files are there, but perhaps not after a power failure. */
  readonly #undurable = new Set<string>();
  #lastTicket = 0;
  #bytes = 0;

  get count(): number {
    return this.#byTicket.size;
  }

  /** Whether one more of this size may begin. */
  hasRoom(bytes: number): boolean {
    return this.#byTicket.size < PENDING_MAX && this.#bytes + bytes <= PENDING_BYTES_MAX;
  }

  /** Whether the account's file is being written, or has to be read again. */
  isPending(key: string): boolean {
    return this.#byKey.has(key) || this.#unsettled.has(key);
  }

  /** Whether memory may be wrong about the account: nothing is promised until it was read again. */
  isUnsettled(key: string): boolean {
    return this.#unsettled.has(key);
  }

  /** Whether the account's file has to be written again before anything is promised. */
  isUndurable(key: string): boolean {
    return this.#undurable.has(key);
  }

  /** The account's file was read again. */
  settle(key: string): void {
    this.#unsettled.delete(key);
  }

  /** A new ticket; `afterwards` are called in order. */
  begin(keys: readonly string[], bytes: number, afterwards: Afterwards[]): number {
    this.#lastTicket += 1;
    this.#byTicket.set(this.#lastTicket, { keys, bytes, afterwards });
    this.#bytes += bytes;
    for (const key of keys) this.#byKey.set(key, this.#lastTicket);
    return this.#lastTicket;
  }

  /** Calls `afterwards` when what is under way for `key` is done; at once if nothing is. */
  after(key: string, afterwards: Afterwards): void {
    const pending = this.#byTicket.get(this.#byKey.get(key) ?? 0);
    if (pending === undefined) afterwards(undefined);
    else pending.afterwards.push(afterwards);
  }

  /** Ends a ticket; returns its accounts. Unknown tickets are nothing. */
  end(ticket: number, error: string | undefined): readonly string[] {
    const pending = this.#byTicket.get(ticket);
    if (pending === undefined) return [];
    this.#byTicket.delete(ticket);
    this.#bytes -= pending.bytes;
    for (const key of pending.keys) {
      if (this.#byKey.get(key) === ticket) this.#byKey.delete(key);
      if (error === undefined) this.#undurable.delete(key);
      else {
        this.#unsettled.add(key);
        this.#undurable.add(key);
      }
    }
    for (const afterwards of pending.afterwards) afterwards(error);
    return pending.keys;
  }
}
