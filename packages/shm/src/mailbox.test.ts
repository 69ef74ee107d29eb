// Mailboxes over real message ports, both in one thread.
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { Mailbox, MailboxHandler } from "./mailbox.ts";
import { createMailboxes, dataLaneBytesFor, seedTransferList } from "./mailbox-seed.ts";
import { SPILL_BYTES_MAX } from "./outgoing-lane.ts";
import { openMailbox } from "./port-wiring.ts";
import { RING_BYTES_MIN } from "./ring.ts";

const RING_BYTES = RING_BYTES_MIN;
/** Of larger frames the rest is neither written nor checked, to save time. */
const SHOWN_BYTES_MAX = 2 * 1024 * 1024;

/** Keeps what it gets; promises when the count of frames is reached. */
class Receiver implements MailboxHandler {
  readonly frames: string[] = [];
  readonly lengths: number[] = [];
  accepts = Number.POSITIVE_INFINITY;
  spaces = 0;
  drains = 0;
  #target = 0;
  #reached: (() => void) | null = null;

  count(target: number): Promise<void> {
    return new Promise((resolve) => {
      this.#target = target;
      this.#reached = resolve;
      this.#look();
    });
  }

  onControlFrame(from: number, bytes: Buffer, start: number, end: number): void {
    this.#take(`${from}c`, bytes, start, end);
  }

  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean {
    if (this.accepts-- <= 0) return false;
    this.#take(`${from}d`, bytes, start, end);
    return true;
  }

  onSpace(_to: number): void {
    this.spaces++;
  }

  afterDrain(): void {
    this.drains++;
  }

  #take(origin: string, bytes: Buffer, start: number, end: number): void {
    const shown = Math.min(end, start + SHOWN_BYTES_MAX);
    const isWhole = bytes.subarray(start + 1, shown).equals(bytes.subarray(start, shown - 1));
    this.frames.push(`${origin}${isWhole ? String.fromCharCode(bytes[start]!) : "?"}`);
    this.lengths.push(end - start);
    this.#look();
  }

  #look(): void {
    if (this.frames.length >= this.#target) this.#reached?.();
  }
}

const open: Mailbox[] = [];
afterEach(() => {
  for (const mailbox of open.splice(0)) mailbox.close();
});

function pair(): { boxes: [Mailbox, Mailbox]; hands: [Receiver, Receiver] } {
  const hands: [Receiver, Receiver] = [new Receiver(), new Receiver()];
  const seeds = createMailboxes(2, { dataLaneBytes: RING_BYTES });
  const boxes = seeds.map((seed, at) => openMailbox(seed, hands[at]!)) as [Mailbox, Mailbox];
  open.push(...boxes);
  return { boxes, hands };
}

function put(mailbox: Mailbox, kind: "data" | "control", mark: string, length = 8): boolean {
  const lane = kind === "data" ? mailbox.dataLane(1) : mailbox.controlLane(1);
  const start = lane.reserve(length);
  if (start < 0) return false;
  lane.bytes.fill(mark, start, start + Math.min(length, SHOWN_BYTES_MAX));
  lane.commit();
  return true;
}

/** A later turn of the loop, after doorbells and deferred turns that are due. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("mailbox", () => {
  it("delivers control frames before data frames of the same pass", async () => {
    const { boxes, hands } = pair();
    put(boxes[0], "data", "a");
    put(boxes[0], "control", "b");
    boxes[0].publish();
    await hands[1].count(2);
    expect(hands[1].frames).toEqual(["0cb", "0da"]);
  });

  it("wakes a sleeper", async () => {
    const { boxes, hands } = pair();
    for (const mark of "abc") {
      put(boxes[0], "data", mark);
      boxes[0].publish();
      await hands[1].count(hands[1].frames.length + 1);
      await turn();
    }
    expect(hands[1].frames).toEqual(["0da", "0db", "0dc"]);
  });

  it("refuses all data frames after the first that was refused, until onSpace", async () => {
    const { boxes, hands } = pair();
    let sent = 0;
    while (put(boxes[0], "data", "a", 15_000)) sent++;
    expect(put(boxes[0], "data", "b", 8)).toBe(false);
    expect(hands[0].spaces).toBe(0);
    boxes[0].publish();
    await hands[1].count(sent);
    while (hands[0].spaces === 0) await turn();
    expect(put(boxes[0], "data", "b", 8)).toBe(true);
    boxes[0].publish();
    await hands[1].count(sent + 1);
    expect(hands[0].spaces).toBe(1);
  });

  it("rests a lane whose handler refused, until resume, and lets control through", async () => {
    const { boxes, hands } = pair();
    hands[1].accepts = 1;
    for (const mark of "abc") put(boxes[0], "data", mark);
    boxes[0].publish();
    await hands[1].count(1);
    hands[1].accepts = 9;
    put(boxes[0], "control", "x");
    boxes[0].publish();
    await hands[1].count(2);
    await turn();
    expect(hands[1].frames).toEqual(["0da", "0cx"]);
    boxes[1].resume(0);
    await hands[1].count(4);
    expect(hands[1].frames).toEqual(["0da", "0cx", "0db", "0dc"]);
  });

  it("sends frames above a quarter of the ring by slab, in their place", async () => {
    const { boxes, hands } = pair();
    put(boxes[0], "data", "a");
    put(boxes[0], "data", "b", 1_000_000);
    put(boxes[0], "control", "c", 70_000);
    put(boxes[0], "data", "d");
    put(boxes[0], "data", "e", 16_377);
    boxes[0].publish();
    await hands[1].count(5);
    expect(hands[1].frames).toEqual(["0cc", "0da", "0db", "0dd", "0de"]);
    expect(hands[1].lengths).toEqual([70_000, 8, 1_000_000, 8, 16_377]);
  });

  it("bounds the slabs that wait unread, and lets one that is larger pass alone", async () => {
    const { boxes, hands } = pair();
    hands[1].accepts = 0;
    let sent = 0;
    while (put(boxes[0], "data", "a", 16 * 1024 * 1024)) sent++;
    expect(sent).toBe(4);
    boxes[0].publish();
    await turn();
    hands[1].accepts = 9;
    boxes[1].resume(0);
    await hands[1].count(4);
    while (hands[0].spaces === 0) await turn();
    expect(put(boxes[0], "data", "b", 100 * 1024 * 1024)).toBe(true);
    boxes[0].publish();
    await hands[1].count(5);
  });

  it("keeps memory of large frames while they come, and drops it where they end", async () => {
    const { boxes, hands } = pair();
    const used = new Set<ArrayBufferLike>();
    let ordinal = 0;
    const send = async (): Promise<void> => {
      put(boxes[0], "data", "a", 200_000);
      used.add(boxes[0].dataLane(1).bytes.buffer);
      boxes[0].publish();
      ordinal += 1;
      await hands[1].count(ordinal);
    };
    for (let round = 0; round < 10; round += 1) {
      await send();
      boxes[0].trimIdle();
    }
    const kept = used.size;
    expect(kept).toBeLessThanOrEqual(2);
    boxes[0].trimIdle();
    await send();
    expect(used.size).toBe(kept + 1);
  });

  it("uses the memory of slabs again", async () => {
    const { boxes, hands } = pair();
    const used = new Set<ArrayBufferLike>();
    for (let ordinal = 1; ordinal <= 20; ordinal++) {
      put(boxes[0], "data", "a", 200_000);
      used.add(boxes[0].dataLane(1).bytes.buffer);
      boxes[0].publish();
      await hands[1].count(ordinal);
    }
    expect(used.size).toBeLessThanOrEqual(2);
  });

  it("spills control frames when their lane is full, and keeps their order", async () => {
    const { boxes, hands } = pair();
    for (let ordinal = 0; ordinal < 40_000; ordinal++) {
      put(boxes[0], "control", String.fromCharCode(97 + (ordinal % 26)));
    }
    put(boxes[0], "control", "L", 30_000);
    expect(boxes[0].unsent).toBe(true);
    boxes[0].publish();
    await hands[1].count(40_001);
    expect(boxes[0].unsent).toBe(false);
    for (const [ordinal, frame] of hands[1].frames.entries()) {
      const mark = ordinal === 40_000 ? "L" : String.fromCharCode(97 + (ordinal % 26));
      if (frame !== `0c${mark}`) expect.fail(`frame ${ordinal} is ${frame}`);
    }
  });

  it("fails when control frames find no room for long", () => {
    const { boxes } = pair();
    const length = 15_000;
    expect(() => {
      for (let sent = 0; sent < 2 * SPILL_BYTES_MAX; sent += length) {
        put(boxes[0], "control", "a", length);
      }
    }).toThrow("thread 1 reads no more");
  });

  it("delivers what was published before the peer closed, large frames too", async () => {
    const { boxes, hands } = pair();
    await turn();
    put(boxes[0], "data", "a");
    put(boxes[0], "data", "b", 300_000);
    put(boxes[0], "control", "c");
    boxes[0].close();
    await hands[1].count(3);
    expect(hands[1].frames).toEqual(["0cc", "0da", "0db"]);
  });

  it("drops frames for a peer that has closed, without a bound and without refusing", async () => {
    const hands = [new Receiver(), new Receiver()];
    const seeds = createMailboxes(2, { dataLaneBytes: RING_BYTES });
    const closed = once(seeds[0]!.doorbells[1]!, "close");
    const boxes = seeds.map((seed, at) => openMailbox(seed, hands[at]!));
    open.push(...boxes);
    boxes[1]!.close();
    await closed;
    for (let sent = 0; sent < 2 * SPILL_BYTES_MAX; sent += 15_000) {
      expect(put(boxes[0]!, "control", "a", 15_000)).toBe(true);
      expect(put(boxes[0]!, "data", "a", 15_000)).toBe(true);
    }
    boxes[0]!.publish();
  });

  it("seeds are complete and symmetric", () => {
    const seeds = createMailboxes(4, { dataLaneBytes: RING_BYTES });
    for (const seed of seeds) {
      expect(seedTransferList(seed)).toHaveLength(6);
      for (const other of seeds) {
        expect(seed.outgoing[other.index]).toBe(other.incoming[seed.index]);
        expect(seed.outgoing[other.index] === null).toBe(seed === other);
      }
      for (const port of seedTransferList(seed)) port.close();
    }
  });

  it("gives data lanes 4 MiB for few threads and never less than 256 KiB", () => {
    const kib = [1, 2, 4, 5, 6, 8, 10, 16, 40].map((count) => dataLaneBytesFor(count) / 1024);
    expect(kib).toEqual([4096, 4096, 4096, 2048, 2048, 1024, 512, 256, 256]);
  });
});
