// What a session has read and not yet parsed: the beginning of a partial operation, or everything
// behind an operation that has to wait. Owned by the session's worker. Must stay true: bytes are
// parsed in the order they came, each once; memory follows what arrived, not what was announced.
import type { ClientOps, ClientParser } from "@weft/protocol";
import { RestPool } from "./rest-pool.ts";

/** A rest this small has memory of its own size, which is kept for the next one. */
const KEPT_BYTES = 1024;
/** Of this thread. */
const pool = new RestPool();

export class SessionInput {
  #rest: Buffer | undefined;
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
      (this.#rest as Buffer).copy(input, from, 0, this.#restBytes);
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
    const position = parser.feed(rest, 0, this.#restBytes, session);
    if (this.#rest !== rest) return;
    this.#neededBytes = parser.stopped ? 0 : parser.needBytes;
    if (position === 0) return;
    if (position >= this.#restBytes) {
      this.#clear();
      return;
    }
    rest.copyWithin(0, position, this.#restBytes);
    this.#restBytes -= position;
  }

  /** Forgets everything. */
  drop(): void {
    this.#restBytes = 0;
    this.#neededBytes = 0;
    this.#giveBack();
  }

  #append(input: Buffer, start: number, end: number): void {
    const total = this.#restBytes + end - start;
    let rest = this.#rest;
    if (rest === undefined || rest.length < total) {
      const larger = total > KEPT_BYTES ? pool.take(total, this.#neededBytes) : this.#small(total);
      if (rest !== undefined) rest.copy(larger, 0, 0, this.#restBytes);
      this.#giveBack();
      rest = larger;
      this.#rest = larger;
    }
    input.copy(rest, this.#restBytes, start, end);
    this.#restBytes = total;
  }

  /** Doubling keeps the cost of a line in many pieces linear; it never runs ahead of what arrived. */
  #small(total: number): Buffer {
    const doubled = Math.min((this.#rest?.length ?? 0) * 2, KEPT_BYTES);
    return Buffer.allocUnsafeSlow(Math.max(total, Math.min(doubled, this.#neededBytes)));
  }

  #clear(): void {
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
