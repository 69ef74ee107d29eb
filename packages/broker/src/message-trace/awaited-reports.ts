// Reports of other threads that traced messages of this one wait for. Owned by the worker's core. Must
// stay true: a report that does not come delays its event by a bounded time, and no number of them
// takes more than bounded memory.
import type { Clock } from "@weft/base";
import type { AwaitedPart, MessageTrace } from "./message-trace.ts";
import { decodeReport } from "./trace-report.ts";

const WAIT_MS = 2_000;
/** The oldest one is given up for the next. */
const AWAITED_MAX = 4_096;
/** Numbers go from 1 to this and begin again; they travel in 32 bits. */
const NUMBER_MAX = 0x7fff_ffff;

export class AwaitedReports {
  readonly #clock: Clock;
  readonly #finish: (trace: MessageTrace) => void;
  /** By number, the oldest first. */
  readonly #parts = new Map<number, AwaitedPart>();
  #lastNumber = 0;

  /** `finish` is called for each trace that has everything. */
  constructor(clock: Clock, finish: (trace: MessageTrace) => void) {
    this.#clock = clock;
    this.#finish = finish;
  }

  /** Returns the number of the report. */
  add(part: AwaitedPart): number {
    if (this.#parts.size >= AWAITED_MAX) {
      for (const [oldest, given] of this.#parts) {
        this.#giveUp(oldest, given);
        break;
      }
    }
    this.#lastNumber = (this.#lastNumber % NUMBER_MAX) + 1;
    this.#parts.set(this.#lastNumber, part);
    return this.#lastNumber;
  }

  /** A report has come. */
  take(number: number, bytes: Buffer): void {
    const part = this.#parts.get(number);
    if (part === undefined) return;
    part.trace.report(part, decodeReport(bytes));
    if (part.left <= 0) this.#parts.delete(number);
    this.finishIfDone(part.trace);
  }

  /** Every 100 ms: nobody waits for ever. */
  tick(): void {
    if (this.#parts.size === 0) return;
    const now = this.#clock.monotonicMs();
    for (const [number, part] of this.#parts) {
      if (now - part.trace.startedMs < WAIT_MS) return;
      this.#giveUp(number, part);
    }
  }

  finishIfDone(trace: MessageTrace): void {
    if (trace.isFollowed && trace.left === 0) this.#finish(trace);
  }

  #giveUp(number: number, part: AwaitedPart): void {
    this.#parts.delete(number);
    part.trace.giveUp(part);
    this.finishIfDone(part.trace);
  }
}
