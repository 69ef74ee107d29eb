// The way back of service requests (AC-28 to AC-31): one slot per request that is on its way, with
// the random reply subject that the responder sees and where its answers go. Owned by one worker.
// What must stay true: reply subjects cannot be guessed, the table is bounded (the oldest request
// makes room), and a slot is never read after it was released, whatever subject arrives.
//
//   subject = "_R_." tag "." token       tag: the worker, so that answers find it from anywhere
//   token   = slot (4 characters, 24 bits) secret (16 characters, 96 random bits), base64url
//
// Requests are not tied to the connection that made them: an answer for one that is gone finds no
// subscription and is not delivered, which releases the slot (AC-29), or else its time runs out.
import { assert, type Entropy, LIMITS, type Millis } from "@weft/base";
import type { ServiceImportSnapshot } from "./snapshot.ts";

const PREFIX = "_R_.";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SLOT_CHARACTERS = 4;
const SECRET_CHARACTERS = 16;
const SLOTS_MAX = 1 << 24;
const SLOTS_AT_START = 1_024;
const RANDOM_POOL_BYTES = 4_096;
/** A reply subject of the requester up to this size has its place beside the slot. */
const REPLY_BYTES = 64;
/** Places are made for so many slots at a time: 64 KiB, which the system takes back. */
const CHUNK_BITS = 10;
const CHUNK_SLOTS = 1 << CHUNK_BITS;
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

/** Requests with the same time to live, from the oldest to the newest: also in order of expiry. */
interface Lane {
  timeToLiveMs: number;
  oldest: number;
  newest: number;
}

/** Pending requests of one worker. `now` is monotonic. Slots are valid until they are released. */
export class ServiceReplyTable {
  /** Length of every reply subject of this table. */
  readonly subjectBytes: number;
  readonly #head: Buffer;
  readonly #entropy: Entropy;
  readonly #slotsMax: number;
  readonly #random = new Uint8Array(RANDOM_POOL_BYTES);
  #randomUsed = RANDOM_POOL_BYTES;
  readonly #lanes: Lane[] = [];
  #capacity = 0;
  #live = 0;
  #free = NONE;
  #secrets = new Uint8Array(0);
  #deadlineMs = new Float64Array(0);
  #lane = new Int16Array(0);
  #older = new Int32Array(0);
  #newer = new Int32Array(0);
  #account = new Int32Array(0);
  #connection = new Float64Array(0);
  #replyBytes = new Int32Array(0);
  /** Reply subjects of `CHUNK_SLOTS` slots each; undefined while none of them is in use. */
  readonly #replies: (Buffer | undefined)[] = [];
  /** Live slots of each chunk. */
  readonly #repliesLive: number[] = [];
  readonly #longReplies = new Map<number, Buffer>();
  readonly #import: (ServiceImportSnapshot | undefined)[] = [];
  /** Told of every measured request that is forgotten (AC-60), whatever the cause. */
  onMeasuredReleased: ((slot: number) => void) | undefined;

  /** `tag`: 1 to 16 letters and digits that name this worker among all servers. */
  constructor(entropy: Entropy, tag: string, slotsMax: number = LIMITS.serviceRepliesMax) {
    assert(/^[A-Za-z0-9]{1,16}$/.test(tag), "a worker tag is 1 to 16 letters and digits");
    assert(slotsMax >= 1 && slotsMax <= SLOTS_MAX, "slot numbers have 24 bits");
    this.#entropy = entropy;
    this.#slotsMax = slotsMax;
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
   * the reply subject for the exporter.
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
    const slot = this.#takeSlot();
    this.#writeSecret(slot);
    this.#account[slot] = account;
    this.#connection[slot] = connection;
    this.#keepReply(slot, reply, replyStart, replyEnd);
    this.#import[slot] = spec;
    this.#append(slot, this.#laneFor(spec.responseThresholdMs), now);
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
    if (now < (this.#deadlineMs[slot] as number)) return slot;
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
    return this.#replyBytes[slot] as number;
  }

  /** Writes the reply subject of the request in its account to `out` at `at`. */
  copyReply(slot: number, out: Buffer, at: number): void {
    const bytes = this.#replyBytes[slot] as number;
    if (bytes > REPLY_BYTES) {
      this.#longReplies.get(slot)?.copy(out, at);
      return;
    }
    const replies = this.#replies[slot >>> CHUNK_BITS];
    assert(replies !== undefined, "a chunk with a live slot has memory");
    const place = (slot & (CHUNK_SLOTS - 1)) * REPLY_BYTES;
    for (let k = 0; k < bytes; k += 1) out[at + k] = replies[place + k] as number;
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
    const lane = this.#lane[slot] as number;
    this.#unlink(slot);
    this.#append(slot, lane, now);
    return true;
  }

  /** Forgets a request: it could not be delivered, or is done. */
  release(slot: number): void {
    const spec = this.#import[slot];
    assert(spec !== undefined, "a slot is released once");
    if (spec.latency !== undefined) this.onMeasuredReleased?.(slot);
    this.#unlink(slot);
    this.#import[slot] = undefined;
    if ((this.#replyBytes[slot] as number) > REPLY_BYTES) this.#longReplies.delete(slot);
    const chunk = slot >>> CHUNK_BITS;
    this.#repliesLive[chunk] = (this.#repliesLive[chunk] as number) - 1;
    this.#newer[slot] = this.#free;
    this.#free = slot;
    this.#live -= 1;
  }

  /**
   * AC-30. Forgets requests whose time is over; returns how many. Constant time for each. Gives
   * memory back that a rush of requests left behind.
   */
  expire(now: Millis): number {
    let expired = 0;
    for (const lane of this.#lanes) {
      while (lane.oldest !== NONE && now >= (this.#deadlineMs[lane.oldest] as number)) {
        this.release(lane.oldest);
        expired += 1;
      }
    }
    for (let chunk = 1; chunk < this.#replies.length; chunk += 1) {
      if (this.#repliesLive[chunk] === 0) this.#replies[chunk] = undefined;
    }
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
    let next = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      if (lane.oldest !== NONE) next = Math.min(next, this.#deadlineMs[lane.oldest] as number);
    }
    return next;
  }

  #takeSlot(): number {
    if (this.#free === NONE) {
      if (this.#capacity < this.#slotsMax) this.#grow();
      else this.release(this.#oldestSlot());
    }
    const slot = this.#free;
    this.#free = this.#newer[slot] as number;
    return slot;
  }

  /** The request that was made, or answered, longest ago. */
  #oldestSlot(): number {
    let found = NONE;
    let since = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      if (lane.oldest === NONE) continue;
      const start = (this.#deadlineMs[lane.oldest] as number) - lane.timeToLiveMs;
      if (start < since) {
        since = start;
        found = lane.oldest;
      }
    }
    assert(found !== NONE, "a full table has an oldest request");
    return found;
  }

  #grow(): void {
    const before = this.#capacity;
    const after = Math.min(this.#slotsMax, Math.max(SLOTS_AT_START, before * 2));
    this.#secrets = resized(this.#secrets, new Uint8Array(after * SECRET_CHARACTERS));
    this.#deadlineMs = resized(this.#deadlineMs, new Float64Array(after));
    this.#lane = resized(this.#lane, new Int16Array(after));
    this.#older = resized(this.#older, new Int32Array(after));
    this.#newer = resized(this.#newer, new Int32Array(after));
    this.#account = resized(this.#account, new Int32Array(after));
    this.#connection = resized(this.#connection, new Float64Array(after));
    this.#replyBytes = resized(this.#replyBytes, new Int32Array(after));
    while (this.#replies.length * CHUNK_SLOTS < after) {
      this.#replies.push(undefined);
      this.#repliesLive.push(0);
    }
    for (let slot = before; slot < after; slot += 1) {
      this.#import.push(undefined);
      this.#newer[slot] = slot + 1 < after ? slot + 1 : this.#free;
    }
    this.#free = before;
    this.#capacity = after;
  }

  #keepReply(slot: number, reply: Uint8Array, start: number, end: number): void {
    const bytes = end - start;
    const chunk = slot >>> CHUNK_BITS;
    this.#replyBytes[slot] = bytes;
    this.#repliesLive[chunk] = (this.#repliesLive[chunk] as number) + 1;
    if (bytes > REPLY_BYTES) {
      const copy = Buffer.allocUnsafeSlow(bytes);
      copy.set(reply.subarray(start, end));
      this.#longReplies.set(slot, copy);
      return;
    }
    let replies = this.#replies[chunk];
    if (replies === undefined) {
      replies = Buffer.allocUnsafeSlow(CHUNK_SLOTS * REPLY_BYTES);
      this.#replies[chunk] = replies;
    }
    const place = (slot & (CHUNK_SLOTS - 1)) * REPLY_BYTES;
    for (let k = 0; k < bytes; k += 1) replies[place + k] = reply[start + k] as number;
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

  /** Index of the lane for a time to live; there are as many as are in use at the same time. */
  #laneFor(timeToLiveMs: number): number {
    let unused: Lane | undefined;
    for (let index = 0; index < this.#lanes.length; index += 1) {
      const lane = this.#lanes[index] as Lane;
      if (lane.timeToLiveMs === timeToLiveMs) return index;
      if (lane.oldest === NONE) unused = lane;
    }
    if (unused !== undefined) {
      unused.timeToLiveMs = timeToLiveMs;
      return this.#lanes.indexOf(unused);
    }
    this.#lanes.push({ timeToLiveMs, oldest: NONE, newest: NONE });
    return this.#lanes.length - 1;
  }

  #append(slot: number, laneIndex: number, now: Millis): void {
    const lane = this.#lanes[laneIndex] as Lane;
    this.#lane[slot] = laneIndex;
    this.#deadlineMs[slot] = now + lane.timeToLiveMs;
    this.#older[slot] = lane.newest;
    this.#newer[slot] = NONE;
    if (lane.newest === NONE) lane.oldest = slot;
    else this.#newer[lane.newest] = slot;
    lane.newest = slot;
  }

  #unlink(slot: number): void {
    const lane = this.#lanes[this.#lane[slot] as number] as Lane;
    const older = this.#older[slot] as number;
    const newer = this.#newer[slot] as number;
    if (older === NONE) lane.oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) lane.newest = older;
    else this.#older[newer] = older;
  }
}

function resized<T extends Uint8Array | Int16Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
