// A worker's mailbox as its core sees it. Worker threads.
import { assert } from "@weft/base";
import type { Bus } from "@weft/broker";
import type { Mailbox, OutgoingLane } from "@weft/shm";

export class MailboxBus implements Bus {
  readonly threadIndex: number;
  readonly threadsCount: number;
  readonly #mailbox: Mailbox;
  /** By thread; the own one has none. */
  readonly #dataLanes: (OutgoingLane | null)[] = [];
  readonly #controlLanes: (OutgoingLane | null)[] = [];

  constructor(mailbox: Mailbox, threadsCount: number) {
    this.threadIndex = mailbox.index;
    this.threadsCount = threadsCount;
    this.#mailbox = mailbox;
    for (let thread = 0; thread < threadsCount; thread += 1) {
      const isOwn = thread === mailbox.index;
      this.#dataLanes.push(isOwn ? null : mailbox.dataLane(thread));
      this.#controlLanes.push(isOwn ? null : mailbox.controlLane(thread));
    }
  }

  reserveData(to: number, leastBytes: number, mostBytes: number): number {
    return this.#dataLanes[to]!.reserve(leastBytes, mostBytes);
  }

  dataRoom(to: number): number {
    return this.#dataLanes[to]!.room;
  }

  dataBytes(to: number): Buffer {
    return this.#dataLanes[to]!.bytes;
  }

  commitData(to: number, frameBytes: number): void {
    this.#dataLanes[to]!.commit(frameBytes);
  }

  sendControl(to: number, frame: Uint8Array): void {
    const lane = this.#controlLanes[to]!;
    const start = lane.reserve(frame.length);
    assert(start >= 0, "a control lane never refuses");
    lane.bytes.set(frame, start);
    lane.commit();
  }

  controlWaits(to: number): boolean {
    return this.#controlLanes[to]?.waits ?? false;
  }

  publish(): void {
    this.#mailbox.publish();
  }
}
