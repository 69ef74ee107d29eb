// Reports of other threads that traced messages of this one wait for. Owned by the worker's core. Must
// stay true: a report that does not come delays its event by a bounded time; what all of them hold is
// bounded, and an account with no more than its fair share loses nothing to others; an event leaves
// only where its owner says so, never while another message is on its way.
import type { Clock } from "@weft/base";
import type { AwaitedPart, MessageTrace } from "./message-trace.ts";
import { decodeReport } from "./trace-report.ts";

const WAIT_MS = 2_000;
/** Of all reports, and of all texts of their traces: so many to one. */
const WEIGHT_MAX = 4_096;
const CHARACTERS_BITS = 12;
/** What one tick may give up: all of it is written then. */
const GIVEN_UP_PER_TICK = 256;
/** Numbers go from 1 to this and begin again; they travel in 32 bits. */
const NUMBER_MAX = 0x7fff_ffff;

export class AwaitedReports {
  readonly #clock: Clock;
  readonly #finish: (trace: MessageTrace) => void;
  /** By number, the oldest first. */
  readonly #parts = new Map<number, AwaitedPart>();
  /** Of the traces of each account that wait, and of all. */
  readonly #weights = new Map<number, number>();
  #weight = 0;
  /** Have everything, and are to be finished. */
  #due: MessageTrace[] = [];
  #lastNumber = 0;

  /** `finish` is called for each trace that has everything, by `finishDue` and `tick` alone. */
  constructor(clock: Clock, finish: (trace: MessageTrace) => void) {
    this.#clock = clock;
    this.#finish = finish;
  }

  /** Returns the number of the report. Others may be given up for it. */
  add(part: AwaitedPart): number {
    this.#lastNumber = (this.#lastNumber % NUMBER_MAX) + 1;
    this.#parts.set(this.#lastNumber, part);
    this.#weigh(part.trace);
    this.#makeRoom(part.trace.account);
    return this.#lastNumber;
  }

  /** A report has come. */
  take(number: number, bytes: Buffer): void {
    const part = this.#parts.get(number);
    if (part === undefined) return;
    part.trace.report(part, decodeReport(bytes));
    if (part.left <= 0) this.#parts.delete(number);
    this.#weigh(part.trace);
    this.#noteIfDone(part.trace);
    this.#makeRoom(part.trace.account);
  }

  /** Every 100 ms: nobody waits for ever. */
  tick(): void {
    const now = this.#clock.monotonicMs();
    let weightLeft = GIVEN_UP_PER_TICK;
    for (const [number, part] of this.#parts) {
      if (weightLeft <= 0 || now - part.trace.startedMs < WAIT_MS) break;
      weightLeft -= part.trace.weight;
      this.#giveUp(number, part);
    }
    this.finishDue();
  }

  /** All of `trace` that happens here has happened. */
  followed(trace: MessageTrace): void {
    trace.isFollowed = true;
    this.#weigh(trace);
    this.#noteIfDone(trace);
  }

  /** Finishes what has everything. No message may be in hand. */
  finishDue(): void {
    if (this.#due.length === 0) return;
    const due = this.#due;
    this.#due = [];
    for (const trace of due) this.#finish(trace);
  }

  #noteIfDone(trace: MessageTrace): void {
    if (trace.isFollowed && trace.left === 0) this.#due.push(trace);
  }

  #giveUp(number: number, part: AwaitedPart): void {
    this.#parts.delete(number);
    part.trace.giveUp(part);
    this.#weigh(part.trace);
    this.#noteIfDone(part.trace);
  }

  #makeRoom(account: number): void {
    while (this.#weight > WEIGHT_MAX) this.#giveUpFor(account);
  }

  /** The oldest one of `account`, if that has its share or more, else of one that has more. */
  #giveUpFor(account: number): void {
    const share = Math.floor(WEIGHT_MAX / this.#weights.size);
    const isOwn = this.#weightOf(account) >= share;
    for (const [number, part] of this.#parts) {
      const holder = part.trace.account;
      const isLoser = isOwn ? holder === account : this.#weightOf(holder) > share;
      if (!isLoser) continue;
      this.#giveUp(number, part);
      return;
    }
  }

  #weightOf(account: number): number {
    return this.#weights.get(account) ?? 0;
  }

  /** After each change: what has nothing to wait for weighs nothing. */
  #weigh(trace: MessageTrace): void {
    const weight = trace.left === 0 ? 0 : trace.left + (trace.characters >> CHARACTERS_BITS);
    const added = weight - trace.weight;
    trace.weight = weight;
    this.#weight += added;
    const ofAccount = this.#weightOf(trace.account) + added;
    if (ofAccount === 0) this.#weights.delete(trace.account);
    else this.#weights.set(trace.account, ofAccount);
  }
}
