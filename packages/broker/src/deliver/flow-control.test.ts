// A57, CP-105: who waits for whom is known from both sides, so that thousands of receivers that lag
// cost a publisher that goes on nothing, and nobody is kept who is gone.
import { LIMITS } from "@weft/base";
import { expect, test } from "vitest";
import type { ClientSession } from "../session/client-session.ts";
import { decodeControlFrame, FRAME_STALL, FRAME_UNSTALL } from "./bus-frame.ts";
import { bytesAhead, FlowControl, type FlowControlDependencies } from "./flow-control.ts";
import type { Outbox } from "./outbox.ts";

const MANY = 12_000;
const PIECE_BYTES = 64 * 1024;
const OWN_THREAD = 1;
const OTHER_THREAD = 2;

interface Publisher {
  readonly session: ClientSession;
  readonly goneOn: number[];
}

interface Frame {
  readonly kind: number;
  readonly clientId: number;
  readonly owedBytes: number;
}

/** Its bytes are taken when the test says so. */
type TestOutbox = Omit<Outbox, "takenBytes"> & { takenBytes: number } & Outbox;

function createOutbox(): TestOutbox {
  return { takenBytes: 0 } as unknown as TestOutbox;
}

/** A flow control and publishers of its thread, by a clock of their own. */
class Scene {
  now = 1_000;
  readonly timers: number[] = [];
  readonly frames: Frame[] = [];
  /** Control frames to the other thread wait for room. */
  isFull = false;
  readonly flow: FlowControl;

  constructor() {
    const dependencies = {
      clock: { monotonicMs: () => this.now, unixNanos: () => 0n },
      bus: {
        threadIndex: OWN_THREAD,
        controlWaits: () => this.isFull,
        sendControl: (_to: number, frame: Buffer) => {
          const { kind, clientId, ballot } = decodeControlFrame(frame, 0);
          this.frames.push({ kind, clientId, owedBytes: ballot });
        },
      },
      counters: { stalledClients: 0 },
      setTimer: (delayMs: number) => this.timers.push(delayMs),
      isSpent: () => false,
    };
    this.flow = new FlowControl(dependencies as unknown as FlowControlDependencies);
  }

  createPublisher(): Publisher {
    const goneOn: number[] = [];
    const session = {
      state: "active",
      stalls: 0,
      lastInputMs: this.now,
      aheadBytes: 0,
      outbox: {},
      wait: () => undefined,
      go: (reason: number) => goneOn.push(reason),
    };
    return { session: session as unknown as ClientSession, goneOn };
  }

  /** The publisher reads so many bytes of messages for receivers that lag. */
  publish({ session }: Publisher, outboxes: readonly Outbox[], bytes = PIECE_BYTES): void {
    session.aheadBytes = bytesAhead(session.aheadBytes, this.now - session.lastInputMs, bytes);
    session.lastInputMs = this.now;
    for (const outbox of outboxes) this.flow.lagging(outbox, session, OWN_THREAD, 1, 100);
    this.flow.endOfInput(session);
  }

  /** Lets time pass until the publisher goes on; returns for how long it was paused. */
  pauseOf({ session, goneOn }: Publisher): number {
    const begunMs = this.now;
    for (let ms = 0; ms < 5_000 && goneOn.length < session.stalls; ms += 1) {
      this.now += 1;
      this.flow.onTimer();
    }
    return this.now - begunMs;
  }

  /** A message of a connection on the other thread is for these. */
  receive(clientId: number, outboxes: readonly Outbox[], bytes = 100): void {
    for (const outbox of outboxes)
      this.flow.lagging(outbox, undefined, OTHER_THREAD, clientId, bytes);
  }

  framesOf(kind: number): number {
    return this.frames.filter((frame) => frame.kind === kind).length;
  }
}

test("A57: publishers go on in time, whoever else lags", () => {
  const scene = new Scene();
  const { flow } = scene;
  const outboxes = Array.from({ length: MANY }, createOutbox);
  scene.publish(scene.createPublisher(), outboxes);
  const publishers = Array.from({ length: MANY }, () => scene.createPublisher());
  const laggard = createOutbox();
  const startedMs = performance.now();
  for (const publisher of publishers) scene.publish(publisher, [laggard]);
  scene.now += 100;
  flow.onTimer();
  // A look at each receiver for each publisher: 144 million.
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(publishers.every(({ goneOn }) => goneOn.length === 1)).toBe(true);
});

test("CP-105: who went on is not waited for again, who waits goes on with the last receiver", () => {
  const scene = new Scene();
  const { flow } = scene;
  const [early, late] = [scene.createPublisher(), scene.createPublisher()];
  const [first, second] = [createOutbox(), createOutbox()];
  scene.publish(early, [first, second]);
  scene.now += 100;
  flow.onTimer();
  expect(early.goneOn).toHaveLength(1);
  scene.publish(late, [first]);
  flow.caughtUp(second);
  flow.resumeDue();
  expect(late.goneOn).toHaveLength(0);
  flow.caughtUp(first);
  flow.resumeDue();
  expect([early.goneOn.length, late.goneOn.length]).toEqual([1, 1]);
});

test("A57: who is to go on soon does not wait for the end of somebody's stall", () => {
  const scene = new Scene();
  const { flow, timers } = scene;
  const publisher = scene.createPublisher();
  scene.publish(publisher, [createOutbox()]);
  expect(timers).toEqual([10]);
  flow.callSoon();
  flow.callSoon();
  expect(timers).toEqual([10, 0]);
  flow.onTimer();
  expect(publisher.goneOn).toHaveLength(0);
  // The stall goes on, and has a timer again.
  expect(timers).toEqual([10, 0, 10]);
  scene.now += 10;
  flow.onTimer();
  expect(publisher.goneOn).toHaveLength(1);
});

test("CP-105: 10 ms for 64 KiB, in however small pieces, and none below", () => {
  const scene = new Scene();
  const [steady, eager] = [scene.createPublisher(), scene.createPublisher()];
  const laggard = createOutbox();
  const startedMs = scene.now;
  for (let bytes = 0; bytes < 1024 * 1024; bytes += 2_048) {
    scene.publish(eager, [laggard], 2_048);
    scene.pauseOf(eager);
  }
  expect(scene.now - startedMs).toBeGreaterThan(140);
  expect(scene.now - startedMs).toBeLessThanOrEqual(160);
  // At that pace by itself.
  for (let round = 0; round < 100; round += 1, scene.now += 10) {
    scene.publish(steady, [laggard], PIECE_BYTES - 1);
  }
  expect(steady.session.stalls).toBe(0);
});

test("CP-105: what went to others costs no pause, what went to who lags does, up to 4 MiB", () => {
  const scene = new Scene();
  const publisher = scene.createPublisher();
  const laggard = createOutbox();
  const flood = (): void => {
    for (let round = 0; round < 100; round += 1) scene.publish(publisher, [], 256 * 1024);
  };
  flood();
  scene.publish(publisher, [laggard], 1);
  expect(scene.pauseOf(publisher)).toBe(10);
  flood();
  // A large message counts as it is.
  publisher.session.aheadBytes = 4 * 1024 * 1024;
  scene.flow.lagging(laggard, publisher.session, OWN_THREAD, 1, 1024 * 1024);
  scene.flow.endOfInput(publisher.session);
  expect(scene.pauseOf(publisher)).toBe(160);
  flood();
  scene.publish(publisher, new Array(100).fill(laggard), 1);
  expect(scene.pauseOf(publisher)).toBe(640);
});

test("CP-105: a publisher of another thread hears what it owes", () => {
  const scene = new Scene();
  const laggard = createOutbox();
  for (let message = 0; message < 5; message += 1) scene.receive(7, [laggard]);
  expect(scene.frames).toEqual([{ kind: FRAME_STALL, clientId: 7, owedBytes: PIECE_BYTES }]);
  scene.now += 10;
  scene.receive(7, [laggard], 200_000);
  expect(scene.frames.at(-1)?.owedBytes).toBe(4 * PIECE_BYTES + 200_000);
  // Much under way: at once, in pieces of 1 MiB.
  scene.now += 10;
  scene.receive(7, new Array(40).fill(laggard));
  const MIB = 1024 * 1024;
  expect(scene.frames.slice(2).map(({ owedBytes }) => owedBytes)).toEqual([PIECE_BYTES, MIB, MIB]);
});

test("CP-105: who is paused and owes more waits longer, not beyond what it is ahead", () => {
  const scene = new Scene();
  const publisher = scene.createPublisher();
  publisher.session.aheadBytes = 1024 * 1024;
  const { flow } = scene;
  flow.stall(publisher.session, PIECE_BYTES);
  scene.now += 5;
  flow.stall(publisher.session, 4 * PIECE_BYTES);
  expect(publisher.session.stalls).toBe(1);
  expect(scene.pauseOf(publisher)).toBe(45);
  flow.stall(publisher.session, PIECE_BYTES);
  flow.stall(publisher.session, 100 * PIECE_BYTES);
  expect(scene.pauseOf(publisher)).toBe(110);
});

test("attack 57: who lags and ends again and again has nobody told more often", () => {
  const scene = new Scene();
  for (let round = 0; round < 100; round += 1) {
    const laggard = createOutbox();
    for (let id = 1; id <= 100; id += 1) scene.receive(id, [laggard]);
    scene.flow.caughtUp(laggard);
  }
  // Each owes 6.25 MiB by then.
  expect(scene.frames).toHaveLength(1_400);
});

test("CP-105: who catches up and lags again gains no patience by that", () => {
  const scene = new Scene();
  const publisher = scene.createPublisher();
  const laggard = createOutbox();
  let pauses = 0;
  for (let ms = 0; ms < 20_000; ms += 10, scene.now += 10) {
    laggard.takenBytes += 8_000;
    const { stalls } = publisher.session;
    scene.publish(publisher, [laggard]);
    if (publisher.session.stalls > stalls) pauses += 1;
    scene.flow.release(publisher.session);
    scene.flow.caughtUp(laggard);
  }
  expect(pauses).toBeLessThanOrEqual(101);
});

test("attack 57: many receivers tell a connection of another thread seldom, and let it go once", () => {
  const scene = new Scene();
  const { flow, frames } = scene;
  const outboxes = Array.from({ length: 100 }, createOutbox);
  const flood = (): void => {
    for (let id = 1; id <= 1_000; id += 1) scene.receive(id, outboxes);
  };
  flood();
  expect([scene.framesOf(FRAME_STALL), frames.length]).toEqual([7_000, 7_000]);
  for (const outbox of outboxes) flow.caughtUp(outbox);
  expect(scene.framesOf(FRAME_UNSTALL)).toBe(1_000);
  // Whose pause is long over is not let go.
  scene.now += 10;
  flood();
  scene.now += 1_300;
  frames.length = 0;
  for (const outbox of outboxes) flow.caughtUp(outbox);
  expect(frames).toEqual([]);
});

test("attack 57: nobody is told anything who could not be told at once", () => {
  const scene = new Scene();
  const { flow, frames } = scene;
  const laggard = createOutbox();
  scene.isFull = true;
  scene.receive(7, [laggard]);
  expect(frames).toEqual([]);
  scene.isFull = false;
  scene.receive(7, [laggard]);
  expect(frames.map(({ kind, clientId }) => [kind, clientId])).toEqual([[FRAME_STALL, 7]]);
  scene.isFull = true;
  flow.caughtUp(laggard);
  expect(frames).toHaveLength(1);
});

test("attack 57: who publishes nothing for a laggard does not wait for one", () => {
  const scene = new Scene();
  const { flow } = scene;
  const [thrown, stranger] = [scene.createPublisher(), scene.createPublisher()];
  for (const { session } of [thrown, stranger]) session.aheadBytes = PIECE_BYTES;
  // Its input ended in an error: the end of it was never told.
  flow.lagging(createOutbox(), thrown.session, OWN_THREAD, 1, 100);
  flow.endOfInput(stranger.session);
  expect([thrown.session.stalls, stranger.session.stalls]).toEqual([0, 0]);
});

test("CP-105: a receiver is waited for by what it took in the last second, not in all", () => {
  const scene = new Scene();
  const laggard = createOutbox();
  const publisher = scene.createPublisher();
  let pauses = 0;
  for (let ms = 0; ms < 60_000; ms += 10, scene.now += 10) {
    laggard.takenBytes += 3_300;
    const { stalls } = publisher.session;
    scene.publish(publisher, [laggard]);
    if (publisher.session.stalls > stalls) pauses += 1;
    scene.flow.release(publisher.session);
  }
  // 0.3 MB a second: only the first second.
  expect(pauses).toBeLessThanOrEqual(101);
  expect(LIMITS.stallMs * pauses).toBeGreaterThan(900);
});

test("CP-105: who trickles buys no patience of others by what he sends to himself", () => {
  const scene = new Scene();
  const [own, other] = [scene.createPublisher(), scene.createPublisher()];
  const { outbox } = own.session;
  const taken = outbox as { takenBytes: number };
  taken.takenBytes = 0;
  const waits = (publisher: Publisher): boolean => {
    const { session } = publisher;
    const { stalls } = session;
    scene.publish(publisher, [outbox]);
    const isPaused = session.stalls > stalls;
    scene.flow.release(session);
    return isPaused;
  };
  expect([waits(own), waits(other)]).toEqual([true, true]);
  for (let seconds = 0; seconds < 5; seconds += 1) {
    scene.now += 1_001;
    taken.takenBytes += 2;
    expect([waits(own), waits(other)]).toEqual([true, false]);
  }
  // Nothing at all: nor does he wait for himself.
  scene.now += 1_001;
  expect([waits(own), waits(other)]).toEqual([false, false]);
});
