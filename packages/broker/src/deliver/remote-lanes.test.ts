// Frames as they leave: what is appended to a run, what closes it, room that is just enough, and
// what waits on the heap when a lane is full.
import { describe, expect, test } from "vitest";
import type { Bus } from "../ports.ts";
import { MessageView } from "../publish/message-view.ts";
import { framesOf, RemoteTarget } from "../publish/plan.ts";
import { FLAG_PLAIN, FrameHead, itemBytes, readFrameHead, readItem } from "./bus-frame.ts";
import { ORIGIN_CLIENT, ORIGIN_ROUTE } from "./receiver.ts";
import { fitsRun, RemoteLanes } from "./remote-lanes.ts";

/** A lane of frames; a reservation lies between bytes that nobody may touch. */
class FakeBus implements Bus {
  readonly threadIndex = 1;
  readonly threadsCount = 4;
  readonly frames: Buffer[] = [];
  /** Reservations that are granted from now on. */
  grants = Number.POSITIVE_INFINITY;
  /** Bytes given beyond the least, where as many are wanted. */
  spareBytes = 0;
  reservations = 0;
  #memory = Buffer.alloc(0);
  #room = 0;

  reserveData(_to: number, leastBytes: number, mostBytes: number): number {
    this.reservations += 1;
    if (this.grants <= 0) return -1;
    this.grants -= 1;
    this.#room = Math.min(mostBytes, leastBytes + this.spareBytes);
    this.#memory = Buffer.alloc(16 + this.#room + 16, 0xaa);
    return 16;
  }

  dataRoom(): number {
    return this.#room;
  }

  dataBytes(): Buffer {
    return this.#memory;
  }

  commitData(_to: number, frameBytes: number): void {
    expect(frameBytes).toBeLessThanOrEqual(this.#room);
    expect(this.#memory.subarray(0, 16).every((byte) => byte === 0xaa)).toBe(true);
    expect(this.#memory.subarray(16 + this.#room).every((byte) => byte === 0xaa)).toBe(true);
    this.frames.push(Buffer.from(this.#memory.subarray(16, 16 + frameBytes)));
  }

  sendControl(): void {}

  controlWaits(): boolean {
    return false;
  }

  publish(): void {}
}

function remoteOf(thread: number, name?: string): RemoteTarget {
  const subject = name === undefined ? undefined : Buffer.from(name);
  return new RemoteTarget(thread, 0, subject, 77, true, 0);
}

function messageOf(payload: string, clientId = 5, subject = "a.b"): MessageView {
  const message = new MessageView();
  const tail = `${payload.length}\r\n`;
  const all = Buffer.from(`${subject}r.s${tail}${payload}\r\n`, "latin1");
  message.subject = all;
  message.subjectEnd = subject.length;
  message.reply = all;
  message.replyStart = subject.length;
  message.replyEnd = subject.length + 3;
  message.body = all;
  message.tailStart = message.replyEnd;
  message.bodyStart = message.tailStart + tail.length;
  message.bodyEnd = message.bodyStart + payload.length;
  message.sourceClientId = clientId;
  return message;
}

/** `subject: payload payload ...` of each frame. */
function texts(bus: FakeBus): string[] {
  const message = new MessageView();
  return bus.frames.map((frame) => {
    let at = readFrameHead(frame, 0, message, new FrameHead());
    const subject = message.subject.toString("latin1", message.subjectStart, message.subjectEnd);
    const payloads: string[] = [];
    while (at < frame.length) {
      at = readItem(frame, at, message);
      payloads.push(message.body.toString("latin1", message.bodyStart, message.bodyEnd));
    }
    expect(at).toBe(frame.length);
    return `${subject}: ${payloads.join(" ")}`;
  });
}

function put(lanes: RemoteLanes, remote: RemoteTarget, message: MessageView): boolean {
  if (!lanes.open(remote, undefined, message, itemBytes(message))) return false;
  lanes.append(remote.thread, message, 0);
  return true;
}

function sendApart(lanes: RemoteLanes, thread: number, message: MessageView): void {
  const { subject, subjectStart, subjectEnd, hash } = message;
  lanes.send(thread, message, 0, subject, subjectStart, subjectEnd, hash, [], FLAG_PLAIN);
}

describe("runs", () => {
  for (const spareBytes of [0, 1, 7, 20, 64, 1_000_000]) {
    test(`every message is whole and in order with ${spareBytes} spare bytes of room`, () => {
      const bus = new FakeBus();
      bus.spareBytes = spareBytes;
      const lanes = new RemoteLanes(bus);
      const remote = remoteOf(2);
      const sent: string[] = [];
      for (let count = 0; count < 300; count += 1) {
        const payload = `${count}${"x".repeat((count * 7) % 90)}`;
        expect(put(lanes, remote, messageOf(payload))).toBe(true);
        sent.push(payload);
      }
      lanes.closeRuns();
      const got = texts(bus).flatMap((text) => text.replace("a.b: ", "").split(" "));
      expect(got).toEqual(sent);
      if (spareBytes === 0) expect(bus.frames).toHaveLength(300);
      if (spareBytes > 100_000) expect(bus.frames).toHaveLength(1);
    });
  }

  test("a run stays below its limit of 32 KiB; a larger message has a frame of its own", () => {
    const bus = new FakeBus();
    bus.spareBytes = 1 << 20;
    const lanes = new RemoteLanes(bus);
    const remote = remoteOf(2);
    for (let count = 0; count < 100; count += 1) {
      put(lanes, remote, messageOf("y".repeat(count === 50 ? 100_000 : 1_000)));
    }
    lanes.closeRuns();
    const sizes = bus.frames.map(({ length }) => length);
    expect(sizes.filter((bytes) => bytes > 32 * 1024)).toHaveLength(1);
    expect(sizes.length).toBeLessThan(8);
  });

  test("another target, connection, or frame of its own closes the run; other lanes go on", () => {
    const bus = new FakeBus();
    bus.spareBytes = 1_000;
    const lanes = new RemoteLanes(bus);
    const [remote, other, renamed] = [remoteOf(2), remoteOf(3), remoteOf(2, "new.name")];
    for (const payload of ["1", "2"]) put(lanes, remote, messageOf(payload));
    put(lanes, renamed, messageOf("3"));
    put(lanes, remote, messageOf("4"));
    put(lanes, remote, messageOf("5", 6));
    sendApart(lanes, 2, messageOf("6"));
    put(lanes, remote, messageOf("7"));
    expect(lanes.hasRoom(remote, messageOf("8"), 40)).toBe(true);
    put(lanes, remote, messageOf("9"));
    lanes.closeRuns();
    put(lanes, other, messageOf("10"));
    lanes.closeRuns();
    expect(texts(bus)).toEqual([
      "a.b: 1 2",
      "new.name: 3",
      "a.b: 4",
      "a.b: 5",
      "a.b: 6",
      "a.b: 7",
      "a.b: 9",
      "a.b: 10",
    ]);
  });

  test("what came by a route shares no frame with what a client sent, also without a number", () => {
    const bus = new FakeBus();
    bus.spareBytes = 1 << 20;
    const lanes = new RemoteLanes(bus);
    const remote = remoteOf(2);
    for (const originKind of [ORIGIN_CLIENT, ORIGIN_ROUTE, ORIGIN_ROUTE, ORIGIN_CLIENT]) {
      expect(put(lanes, remote, Object.assign(messageOf("x", 0), { originKind }))).toBe(true);
    }
    lanes.closeRuns();
    expect(texts(bus)).toEqual(["a.b: x", "a.b: x x", "a.b: x"]);
    const message = new MessageView();
    const kinds = bus.frames.map((frame) => {
      readFrameHead(frame, 0, message, new FrameHead());
      return message.originKind;
    });
    expect(kinds).toEqual([ORIGIN_CLIENT, ORIGIN_ROUTE, ORIGIN_CLIENT]);
  });

  test("an open run without a message leaves no frame, and none fits a closed one", () => {
    const bus = new FakeBus();
    bus.spareBytes = 1_000;
    const lanes = new RemoteLanes(bus);
    const remote = remoteOf(2);
    const run = lanes.runs[2];
    if (run === undefined) throw new Error("a run for each thread");
    expect(lanes.open(remote, undefined, messageOf("x"), 40)).toBe(true);
    expect(fitsRun(run, remote, 5, 20)).toBe(true);
    expect(fitsRun(run, remote, 5, 2_000)).toBe(false);
    expect(fitsRun(run, remote, 6, 20)).toBe(false);
    expect(fitsRun(run, remoteOf(2), 5, 20)).toBe(false);
    lanes.closeRuns();
    expect(fitsRun(run, remote, 5, 0)).toBe(false);
    expect(bus.frames).toEqual([]);
  });
});

describe("a full lane", () => {
  test("refuses what may wait; what may not leaves first, in order, when there is room", () => {
    const bus = new FakeBus();
    bus.spareBytes = 1_000;
    const lanes = new RemoteLanes(bus);
    const remote = remoteOf(2);
    put(lanes, remote, messageOf("1"));
    bus.grants = 0;
    expect(put(lanes, remote, messageOf("2", 6))).toBe(false);
    sendApart(lanes, 2, messageOf("3"));
    sendApart(lanes, 2, messageOf("4"));
    bus.grants = 1;
    const before = bus.reservations;
    expect(put(lanes, remote, messageOf("5"))).toBe(false);
    expect(lanes.hasRoom(remote, messageOf("5"), 40)).toBe(false);
    sendApart(lanes, 2, messageOf("6"));
    // Nothing may take the room of what waits already.
    expect(bus.reservations).toBe(before);
    expect(lanes.drainSpill(2)).toBe(false);
    bus.grants = Number.POSITIVE_INFINITY;
    expect(lanes.drainSpill(2)).toBe(true);
    put(lanes, remote, messageOf("7"));
    lanes.closeRuns();
    expect(texts(bus)).toEqual(["a.b: 1", "a.b: 3", "a.b: 4", "a.b: 6", "a.b: 7"]);
    expect(lanes.dropped).toBe(0);
  });

  test("what finds no place on the heap either is dropped and counted", () => {
    const bus = new FakeBus();
    bus.grants = 0;
    const lanes = new RemoteLanes(bus);
    const large = messageOf("z".repeat(20 * 1024 * 1024));
    for (let count = 0; count < 4; count += 1) sendApart(lanes, 2, large);
    expect(lanes.dropped).toBe(1);
    sendApart(lanes, 2, messageOf("small"));
    bus.grants = Number.POSITIVE_INFINITY;
    expect(lanes.drainSpill(2)).toBe(true);
    expect(bus.frames).toHaveLength(4);
  });
});

describe("very many picked groups", () => {
  test("A57, SU-20: they share frames, each of which is whole; plain interest is told once", () => {
    const bus = new FakeBus();
    const lanes = new RemoteLanes(bus);
    const message = messageOf("hello");
    const names = Array.from({ length: 70_000 }, (_, place) => Buffer.from(`g${place}`));
    const remote = remoteOf(2);
    remote.picks.push(...names);
    const frames = framesOf([remote]);
    // biome-ignore format: one call
    lanes.send(2, message, 0, message.subject, 0, 3, 77, remote.picks, FLAG_PLAIN, 0, 0, 0, 9,
      frames);
    expect(bus.frames).toHaveLength(frames);
    const picked: string[] = [];
    const flags: number[] = [];
    for (const bytes of bus.frames) {
      const read = new MessageView();
      const head = new FrameHead();
      const first = readFrameHead(bytes, 0, read, head);
      expect(readItem(bytes, first, read)).toBe(bytes.length);
      expect([head.ballot, head.frames]).toEqual([9, frames]);
      picked.push(...head.picks.map((name) => name.toString("latin1")));
      flags.push(head.flags & FLAG_PLAIN);
    }
    expect(picked).toEqual(names.map((name) => name.toString("latin1")));
    expect(flags).toEqual([FLAG_PLAIN, ...Array.from({ length: frames - 1 }, () => 0)]);
  });
});
