// The way back of service requests (AC-28 to AC-31): one slot per request that is on its way, with
// the random reply subject that the responder sees and where its answers go. Owned by one worker.
// What must stay true: reply subjects cannot be guessed, the table is bounded in slots and bytes, an
// account that holds no more than its fair share loses nothing to others, and a slot is never read
// after it was released, whatever subject arrives.
//
//   subject = "_R_." tag "." token       tag: the worker, so that answers find it from anywhere
//   token   = slot (4 characters, 24 bits) secret (16 characters, 96 random bits), base64url
//
// Requests are not tied to the connection that made them: an answer for one that is gone finds no
// subscription and is not delivered, which releases the slot (AC-29), or else its time runs out.
import { assert, type Entropy, LIMITS, type Millis } from "@weft/base";
import { ReplyLanes, resized } from "./service-reply-lanes.ts";
import { LONG, ReplyShares, SHORT } from "./service-reply-shares.ts";
import { ReplySubjects, replyCharge } from "./service-reply-subjects.ts";
import type { ServiceImportSnapshot } from "./snapshot.ts";

const PREFIX = "_R_.";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SLOT_CHARACTERS = 4;
const SECRET_CHARACTERS = 16;
const SLOTS_MAX = 1 << 24;
const SLOTS_AT_START = 1_024;
const RANDOM_POOL_BYTES = 4_096;
const DOT = 0x2e;
const NONE = -1;

const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
const VALUE_OF_CODE = ((): Int8Array => {
  const values = new Int8Array(256).fill(-1);
  for (let at = 0; at < ALPHABET.length; at += 1) values[ALPHABET.charCodeAt(at)] = at;
  return values;
})();

/** True if a subject or reply is in the reserved space of service replies (CP-62). */
export function isServiceReply(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start > PREFIX.length &&
    bytes[start] === 0x5f &&
    bytes[start + 1] === 0x52 &&
    bytes[start + 2] === 0x5f &&
    bytes[start + 3] === DOT
  );
}

export interface ReplyBounds {
  readonly slots: number;
  /** Charged for long reply subjects, of all accounts ... */
  readonly bytes: number;
  /** ... and of one. */
  readonly bytesPerAccount: number;
}

const BOUNDS: ReplyBounds = {
  slots: LIMITS.serviceRepliesMax,
  bytes: LIMITS.serviceReplyBytesMax,
  bytesPerAccount: LIMITS.serviceReplyBytesPerAccountMax,
};

/** Pending requests of one worker. `now` is monotonic. Slots are valid until they are released. */
export class ServiceReplyTable {
  /** Length of every reply subject of this table. */
  readonly subjectBytes: number;
  readonly #head: Buffer;
  readonly #entropy: Entropy;
  readonly #bounds: ReplyBounds;
  readonly #random = new Uint8Array(RANDOM_POOL_BYTES);
  #randomUsed = RANDOM_POOL_BYTES;
  readonly #lanes = new ReplyLanes();
  readonly #subjects = new ReplySubjects();
  readonly #shares: ReplyShares;
  #capacity = 0;
  #live = 0;
  #free = NONE;
  #secrets = new Uint8Array(0);
  /** The next free slot, of free ones. */
  #nextFree = new Int32Array(0);
  /** How often a slot was released: tells one use of it from the next. */
  #uses = new Uint32Array(0);
  #account = new Int32Array(0);
  #connection = new Float64Array(0);
  readonly #import: (ServiceImportSnapshot | undefined)[] = [];
  /** Told of every measured request that is forgotten (AC-60), whatever the cause. */
  onMeasuredReleased: ((slot: number) => void) | undefined;

  /** `tag`: 1 to 16 letters and digits that name this worker among all servers. */
  constructor(entropy: Entropy, tag: string, bounds: ReplyBounds = BOUNDS) {
    assert(/^[A-Za-z0-9]{1,16}$/.test(tag), "a worker tag is 1 to 16 letters and digits");
    assert(bounds.slots >= 1 && bounds.slots <= SLOTS_MAX, "slot numbers have 24 bits");
    this.#entropy = entropy;
    this.#bounds = bounds;
    this.#shares = new ReplyShares(bounds.slots, bounds.bytes);
    this.#head = Buffer.from(`${PREFIX}${tag}.`, "latin1");
    this.subjectBytes = this.#head.length + SLOT_CHARACTERS + SECRET_CHARACTERS;
  }

  /** Requests that are waiting for an answer. */
  get size(): number {
    return this.#live;
  }

  /**
   * Remembers a request of `account` and `connection` that wants its answers on the subject in
   * `reply[replyStart, replyEnd)`, which is copied. Returns the slot; {@link writeSubject} gives
   * the reply subject for the exporter. Where there is no room, `account` loses its oldest requests,
   * or, if it holds less than its share, one that holds more than its own does.
   */
  create(
    spec: ServiceImportSnapshot,
    account: number,
    connection: number,
    reply: Uint8Array,
    replyStart: number,
    replyEnd: number,
    now: Millis,
  ): number {
    const charge = replyCharge(replyEnd - replyStart);
    if (charge > 0) this.#makeRoom(account, charge);
    const slot = this.#takeSlot(account);
    this.#writeSecret(slot);
    this.#account[slot] = account;
    this.#connection[slot] = connection;
    this.#subjects.keep(slot, reply, replyStart, replyEnd);
    this.#import[slot] = spec;
    this.#lanes.add(slot, spec.responseThresholdMs, now);
    this.#shares.add(slot, account, charge);
    this.#live += 1;
    return slot;
  }

  /** Writes the reply subject of `slot` to `out` at `at`; returns where it ends. */
  writeSubject(slot: number, out: Buffer, at: number): number {
    const head = this.#head;
    for (let index = 0; index < head.length; index += 1) out[at + index] = head[index] as number;
    let end = at + head.length;
    for (let shift = 18; shift >= 0; shift -= 6) {
      out[end] = CODES[(slot >>> shift) & 63] as number;
      end += 1;
    }
    const secret = slot * SECRET_CHARACTERS;
    for (let index = 0; index < SECRET_CHARACTERS; index += 1) {
      out[end + index] = this.#secrets[secret + index] as number;
    }
    return end + SECRET_CHARACTERS;
  }

  /** The slot behind a subject; -1 if it is not one of this table, answered, or too late. */
  find(bytes: Uint8Array, start: number, end: number, now: Millis): number {
    if (end - start !== this.subjectBytes) return NONE;
    const head = this.#head;
    for (let index = 0; index < head.length; index += 1) {
      if (bytes[start + index] !== head[index]) return NONE;
    }
    let at = start + head.length;
    let slot = 0;
    for (let index = 0; index < SLOT_CHARACTERS; index += 1) {
      const value = VALUE_OF_CODE[bytes[at] as number] as number;
      if (value < 0) return NONE;
      slot = (slot << 6) | value;
      at += 1;
    }
    if (slot >= this.#capacity || this.#import[slot] === undefined) return NONE;
    let difference = 0;
    const secret = slot * SECRET_CHARACTERS;
    for (let index = 0; index < SECRET_CHARACTERS; index += 1) {
      difference |= (this.#secrets[secret + index] as number) ^ (bytes[at + index] as number);
    }
    if (difference !== 0) return NONE;
    if (now < this.#lanes.deadlineMs(slot)) return slot;
    this.release(slot);
    return NONE;
  }

  /** Account of the request: where answers go. */
  account(slot: number): number {
    return this.#account[slot] as number;
  }

  /** Connection that made the request, as given to {@link create}. */
  connection(slot: number): number {
    return this.#connection[slot] as number;
  }

  /** Length of the reply subject of the request in its account. */
  replyBytes(slot: number): number {
    return this.#subjects.bytes(slot);
  }

  /** Writes the reply subject of the request in its account to `out` at `at`. */
  copyReply(slot: number, out: Buffer, at: number): void {
    this.#subjects.copy(slot, out, at);
  }

  import(slot: number): ServiceImportSnapshot {
    const spec = this.#import[slot];
    assert(spec !== undefined, "only live slots are asked");
    return spec;
  }

  /**
   * AC-29. An answer is about to be routed, and what is kept of the request was read. Singletons
   * are done; streamed and chunked ones end with an empty answer: the slot is released, the result
   * false. Else the time starts anew (AC-30), which also makes the request the last one that has to
   * make room; the caller releases it if nobody receives the answer.
   */
  takesMore(slot: number, payloadBytes: number, now: Millis): boolean {
    if (payloadBytes === 0 || this.import(slot).responseType === "singleton") {
      this.release(slot);
      return false;
    }
    this.#lanes.renew(slot, now);
    this.#shares.renew(slot, this.account(slot), this.#charge(slot));
    return true;
  }

  /** Forgets a request: it could not be delivered, or is done. */
  release(slot: number): void {
    const spec = this.#import[slot];
    assert(spec !== undefined, "a slot is released once");
    if (spec.latency !== undefined) this.onMeasuredReleased?.(slot);
    this.#lanes.remove(slot);
    this.#shares.remove(slot, this.account(slot), this.#charge(slot));
    this.#subjects.drop(slot);
    this.#import[slot] = undefined;
    this.#uses[slot] = (this.#uses[slot] as number) + 1;
    this.#nextFree[slot] = this.#free;
    this.#free = slot;
    this.#live -= 1;
  }

  /** Which use of `slot` this is. Others may get the slot as soon as anything else is published. */
  use(slot: number): number {
    return this.#uses[slot] as number;
  }

  /** The same, unless the request had to make room meanwhile: `use` was read when it was alive. */
  releaseUse(slot: number, use: number): void {
    if (this.#uses[slot] === use) this.release(slot);
  }

  /**
   * AC-30. Forgets requests whose time is over; returns how many. Constant time for each. Gives
   * memory back that a rush of requests left behind.
   */
  expire(now: Millis): number {
    let expired = 0;
    for (let lane = 0; lane < this.#lanes.count; lane += 1) {
      let slot = this.#lanes.overdue(lane, now);
      while (slot !== NONE) {
        this.release(slot);
        expired += 1;
        slot = this.#lanes.overdue(lane, now);
      }
    }
    this.#subjects.trim();
    return expired;
  }

  /** Forgets the requests between these accounts; returns how many. Looks at every slot. */
  releaseWhere(isGone: (importer: number, exporter: number) => boolean): number {
    let released = 0;
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      const spec = this.#import[slot];
      if (spec === undefined || !isGone(this.account(slot), spec.exporter)) continue;
      this.release(slot);
      released += 1;
    }
    return released;
  }

  /** When {@link expire} has something to do next; Infinity = never. */
  nextDeadlineMs(): Millis {
    return this.#lanes.nextDeadlineMs();
  }

  #charge(slot: number): number {
    return replyCharge(this.#subjects.bytes(slot));
  }

  /** Long replies go, oldest first, until `charge` bytes more fit. One always fits. */
  #makeRoom(account: number, charge: number): void {
    const shares = this.#shares;
    const { bytes, bytesPerAccount } = this.#bounds;
    while (shares.bytes(account) > 0 && shares.bytes(account) + charge > bytesPerAccount) {
      this.release(shares.oldest(account, LONG));
    }
    while (shares.totalBytes > 0 && shares.totalBytes + charge > bytes) {
      this.release(shares.oldest(shares.loserOfBytes(account, charge), LONG));
    }
  }

  #takeSlot(account: number): number {
    if (this.#free === NONE) {
      if (this.#capacity < this.#bounds.slots) this.#grow();
      else this.release(this.#oldestSlot(this.#shares.loserOfSlot(account)));
    }
    const slot = this.#free;
    this.#free = this.#nextFree[slot] as number;
    return slot;
  }

  /** The request of `account` that was made, or answered, longest ago. */
  #oldestSlot(account: number): number {
    const short = this.#shares.oldest(account, SHORT);
    const long = this.#shares.oldest(account, LONG);
    if (short === NONE || long === NONE) return short === NONE ? long : short;
    return this.#lanes.sinceMs(long) <= this.#lanes.sinceMs(short) ? long : short;
  }

  #grow(): void {
    const before = this.#capacity;
    const after = Math.min(this.#bounds.slots, Math.max(SLOTS_AT_START, before * 2));
    this.#lanes.grow(after);
    this.#subjects.grow(after);
    this.#shares.grow(after);
    this.#secrets = resized(this.#secrets, new Uint8Array(after * SECRET_CHARACTERS));
    this.#nextFree = resized(this.#nextFree, new Int32Array(after));
    this.#uses = resized(this.#uses, new Uint32Array(after));
    this.#account = resized(this.#account, new Int32Array(after));
    this.#connection = resized(this.#connection, new Float64Array(after));
    for (let slot = before; slot < after; slot += 1) {
      this.#import.push(undefined);
      this.#nextFree[slot] = slot + 1 < after ? slot + 1 : this.#free;
    }
    this.#free = before;
    this.#capacity = after;
  }

  #writeSecret(slot: number): void {
    if (this.#randomUsed + SECRET_CHARACTERS > RANDOM_POOL_BYTES) {
      this.#entropy.fill(this.#random);
      this.#randomUsed = 0;
    }
    const secret = slot * SECRET_CHARACTERS;
    for (let index = 0; index < SECRET_CHARACTERS; index += 1) {
      const byte = this.#random[this.#randomUsed + index] as number;
      this.#secrets[secret + index] = CODES[byte & 63] as number;
    }
    this.#randomUsed += SECRET_CHARACTERS;
  }
}
