// Frames to the other threads of the process. Client publishes are refused when a lane is full
// (the connection waits); what must not be refused (replies of services, second choices) spills to
// a bounded queue that leaves first. Owned by the worker's core.

import type { Bus } from "../ports.ts";
import type { MessageView } from "../publish/message-view.ts";
import { FLAG_TRIED, messageFrameBytes, writeMessageFrame } from "./bus-frame.ts";

/** Bytes that one destination's spill queue may hold; beyond, messages to it are dropped. */
const SPILL_BYTES_MAX = 64 * 1024 * 1024;

interface Spill {
  readonly frames: Buffer[];
  bytes: number;
}

export class RemoteLanes {
  /** Messages dropped because a spill queue was full. */
  dropped = 0;
  readonly #bus: Bus;
  readonly #spills: (Spill | undefined)[];

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#spills = new Array(bus.threadsCount).fill(undefined);
  }

  /** True when a parkable frame of this size can be written now. */
  hasRoom(thread: number, frameBytes: number): boolean {
    if (this.#spills[thread] !== undefined) return false;
    return this.#bus.reserveData(thread, frameBytes) >= 0;
  }

  /**
   * Room for one frame of a publish that may park: the offset in `bytes(thread)` where it is to be
   * written before `commit`, or -1.
   */
  reserve(thread: number, frameBytes: number): number {
    if (this.#spills[thread] !== undefined) return -1;
    return this.#bus.reserveData(thread, frameBytes);
  }

  bytes(thread: number): Buffer {
    return this.#bus.dataBytes(thread);
  }

  commit(thread: number): void {
    this.#bus.commitData(thread);
  }

  /** Writes a frame whose room was checked in this turn by `hasRoom`, or that may spill. */
  send(
    thread: number,
    message: MessageView,
    account: number,
    subject: Buffer,
    subjectStart: number,
    subjectEnd: number,
    hash: number,
    picks: readonly Buffer[],
    flags: number,
    triedLow = 0,
    triedHigh = 0,
  ): void {
    let picksBytes = 0;
    for (let k = 0; k < picks.length; k += 1) picksBytes += 2 + (picks[k] as Buffer).length;
    const all = triedLow === 0 && triedHigh === 0 ? flags : flags | FLAG_TRIED;
    const size = messageFrameBytes(message, subjectEnd - subjectStart, picksBytes, all);
    let out: Buffer;
    let at = this.#spills[thread] === undefined ? this.#bus.reserveData(thread, size) : -1;
    const spilled = at < 0;
    if (spilled) {
      out = Buffer.allocUnsafeSlow(size);
      at = 0;
    } else {
      out = this.#bus.dataBytes(thread);
    }
    writeMessageFrame(
      out,
      at,
      message,
      account,
      subject,
      subjectStart,
      subjectEnd,
      hash,
      picks,
      all,
      triedLow,
      triedHigh,
    );
    if (spilled) this.#spill(thread, out);
    else this.#bus.commitData(thread);
  }

  /** Moves what spilled into the lane. Returns true when nothing is left waiting. */
  drainSpill(thread: number): boolean {
    const spill = this.#spills[thread];
    if (spill === undefined) return true;
    let sent = 0;
    for (const frame of spill.frames) {
      const at = this.#bus.reserveData(thread, frame.length);
      if (at < 0) break;
      frame.copy(this.#bus.dataBytes(thread), at);
      this.#bus.commitData(thread);
      spill.bytes -= frame.length;
      sent += 1;
    }
    spill.frames.splice(0, sent);
    if (spill.frames.length > 0) return false;
    this.#spills[thread] = undefined;
    return true;
  }

  #spill(thread: number, frame: Buffer): void {
    let spill = this.#spills[thread];
    if (spill === undefined) {
      spill = { frames: [], bytes: 0 };
      this.#spills[thread] = spill;
    }
    if (spill.bytes + frame.length > SPILL_BYTES_MAX) {
      this.dropped += 1;
      return;
    }
    spill.frames.push(frame);
    spill.bytes += frame.length;
  }
}
