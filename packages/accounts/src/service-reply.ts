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
  readonly #reply: string[] = [];
  readonly #import: (ServiceImportSnapshot | undefined)[] = [];

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
   * Remembers a request of `account` and `connection` that wants its answers on `reply`.
   * Returns the slot; {@link writeSubject} gives the reply subject for the exporter.
   */
  create(
    spec: ServiceImportSnapshot,
    account: number,
    connection: number,
    reply: string,
    now: Millis,
  ): number {
    const slot = this.#takeSlot();
    this.#writeSecret(slot);
    this.#account[slot] = account;
    this.#connection[slot] = connection;
    this.#reply[slot] = reply;
    this.#import[slot] = spec;
    this.#append(slot, this.#laneFor(spec.responseThresholdMs), now);
    this.#live += 1;
    return slot;
  }

  /** Writes the reply subject of `slot` to `out` at `at`; returns where it ends. */
  writeSubject(slot: number, out: Buffer, at: number): number {
    let end = at + this.#head.copy(out, at);
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
    let at = start;
    for (const code of this.#head) {
      if (bytes[at] !== code) return NONE;
      at += 1;
    }
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

  /** Reply subject of the request in its account. */
  reply(slot: number): string {
    return this.#reply[slot] as string;
  }

  import(slot: number): ServiceImportSnapshot {
    const spec = this.#import[slot];
    assert(spec !== undefined, "only live slots are asked");
    return spec;
  }

  /**
   * AC-29. An answer was routed. Singletons are done; streamed and chunked ones end with an empty
   * answer; an answer that nobody received ends all. Otherwise the time starts anew (AC-30).
   */
  answered(slot: number, payloadBytes: number, delivered: boolean, now: Millis): void {
    const isLast = this.import(slot).responseType === "singleton" || payloadBytes === 0;
    if (isLast || !delivered) {
      this.release(slot);
      return;
    }
    const lane = this.#lane[slot] as number;
    this.#unlink(slot);
    this.#append(slot, lane, now);
  }

  /** Forgets a request: it could not be delivered, or is done. */
  release(slot: number): void {
    assert(this.#import[slot] !== undefined, "a slot is released once");
    this.#unlink(slot);
    this.#import[slot] = undefined;
    this.#reply[slot] = "";
    this.#newer[slot] = this.#free;
    this.#free = slot;
    this.#live -= 1;
  }

  /** AC-30. Forgets requests whose time is over; returns how many. Constant time for each. */
  expire(now: Millis): number {
    let expired = 0;
    for (const lane of this.#lanes) {
      while (lane.oldest !== NONE && now >= (this.#deadlineMs[lane.oldest] as number)) {
        this.release(lane.oldest);
        expired += 1;
      }
    }
    return expired;
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
    for (let slot = before; slot < after; slot += 1) {
      this.#reply.push("");
      this.#import.push(undefined);
      this.#newer[slot] = slot + 1 < after ? slot + 1 : this.#free;
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
