// What a session has read and not yet parsed: the beginning of a partial operation, or everything
// behind an operation that has to wait. Owned by the session's worker. Must stay true: bytes are
// parsed in the order they came, each once; memory follows what arrived, not what was announced.
import type { ClientOps, ClientParser } from "@weft/protocol";
import { RestPool } from "./rest-pool.ts";

/** A rest this small has memory of its own size, which is kept for the next one. */
const KEPT_BYTES = 1024;
/** Above this memory comes from the system. */
const LARGE_BYTES = 256 * 1024;
/** Of this thread. */
const pool = new RestPool();

export class SessionInput {
  #rest: Buffer | undefined;
  /** `#rest[#restStart, #restStart + #restBytes)` waits. */
  #restStart = 0;
  #restBytes = 0;
  /** Bytes of `#rest` without which parsing cannot go on; 0 = not known. */
  #neededBytes = 0;

  /** True while something waits to be parsed. */
  get isWaiting(): boolean {
    return this.#restBytes > 0;
  }

  /** Keeps bytes for later without looking at them. */
  keep(input: Buffer, start: number, end: number): void {
    this.#append(input, start, end);
  }

  /**
   * Parses `input[start, end)` behind what is kept. `headroom` bytes before `start` may be
   * overwritten. Stops where the session says so; the rest is kept.
   */
  feed(
    parser: ClientParser,
    session: ClientOps,
    input: Buffer,
    start: number,
    end: number,
    headroom: number,
  ): void {
    let from = start;
    if (this.#restBytes > 0) {
      if (this.#neededBytes > this.#restBytes + end - start) {
        this.#append(input, start, end);
        return;
      }
      if (this.#restBytes > headroom) {
        this.#append(input, start, end);
        this.resume(parser, session);
        return;
      }
      from = start - this.#restBytes;
      (this.#rest as Buffer).copy(input, from, this.#restStart, this.#restEnd);
      this.#clear();
    }
    const position = parser.feed(input, from, end, session);
    if (position < end) {
      this.#append(input, position, end);
      this.#neededBytes = parser.stopped ? 0 : parser.needBytes;
    }
  }

  /** Parses what is kept, as far as the session lets it. */
  resume(parser: ClientParser, session: ClientOps): void {
    const rest = this.#rest;
    if (rest === undefined || this.#restBytes === 0) return;
    const end = this.#restEnd;
    const position = parser.feed(rest, this.#restStart, end, session);
    if (this.#rest !== rest) return;
    this.#neededBytes = parser.stopped ? 0 : parser.needBytes;
    if (position >= end) {
      this.#clear();
      return;
    }
    // Not moved to the front: a session may stop at each of the thousands of operations in a rest.
    this.#restStart = position;
    this.#restBytes = end - position;
    if (rest.length > LARGE_BYTES && this.#restBytes <= KEPT_BYTES) this.#shrink(rest);
  }

  /** Forgets everything. */
  drop(): void {
    this.#restStart = 0;
    this.#restBytes = 0;
    this.#neededBytes = 0;
    this.#giveBack();
  }

  /** A little that is left does not hold the memory of all that was. */
  #shrink(rest: Buffer): void {
    const small = Buffer.allocUnsafeSlow(this.#restBytes);
    rest.copy(small, 0, this.#restStart, this.#restEnd);
    this.#giveBack();
    this.#rest = small;
    this.#restStart = 0;
  }

  get #restEnd(): number {
    return this.#restStart + this.#restBytes;
  }

  #append(input: Buffer, start: number, end: number): void {
    const rest = this.#withRoomFor(end - start);
    input.copy(rest, this.#restEnd, start, end);
    this.#restBytes += end - start;
  }

  #withRoomFor(bytes: number): Buffer {
    const rest = this.#rest;
    if (rest !== undefined && rest.length >= this.#restEnd + bytes) return rest;
    const total = this.#restBytes + bytes;
    let target = rest;
    if (target === undefined || target.length < total) {
      target = total > KEPT_BYTES ? pool.take(total, this.#neededBytes) : this.#small(total);
    }
    rest?.copy(target, 0, this.#restStart, this.#restEnd);
    this.#restStart = 0;
    if (target !== rest) this.#giveBack();
    this.#rest = target;
    return target;
  }

  /** Doubling keeps the cost of a line in many pieces linear; it never runs ahead of what arrived. */
  #small(total: number): Buffer {
    const doubled = Math.min((this.#rest?.length ?? 0) * 2, KEPT_BYTES);
    return Buffer.allocUnsafeSlow(Math.max(total, Math.min(doubled, this.#neededBytes)));
  }

  #clear(): void {
    this.#restStart = 0;
    this.#restBytes = 0;
    this.#neededBytes = 0;
    if (this.#rest !== undefined && this.#rest.length > KEPT_BYTES) this.#giveBack();
  }

  #giveBack(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined && rest.length > KEPT_BYTES) pool.giveBack(rest);
  }
}
