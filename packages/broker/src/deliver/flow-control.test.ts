// A57, CP-105: who waits for whom is known from both sides, so that thousands of receivers that lag
// cost a publisher that goes on nothing, and nobody is kept who is gone.
import { expect, test } from "vitest";
import type { ClientSession } from "../session/client-session.ts";
import { FlowControl, type FlowControlDependencies } from "./flow-control.ts";
import type { Outbox } from "./outbox.ts";

const MANY = 12_000;

interface Publisher {
  readonly session: ClientSession;
  readonly goneOn: number[];
}

function createPublisher(): Publisher {
  const goneOn: number[] = [];
  const session = {
    state: "active",
    stalls: 0,
    inBytes: 0,
    outbox: {},
    wait: () => undefined,
    go: (reason: number) => goneOn.push(reason),
  };
  return { session: session as unknown as ClientSession, goneOn };
}

function createOutbox(): Outbox {
  return { writtenBytes: 0 } as unknown as Outbox;
}

function createFlow(): { flow: FlowControl; now: { ms: number }; timers: number[] } {
  const now = { ms: 1_000 };
  const timers: number[] = [];
  const dependencies = {
    clock: { monotonicMs: () => now.ms, unixNanos: () => 0n },
    bus: { threadIndex: 1 },
    counters: { stalledClients: 0 },
    setTimer: (delayMs: number) => timers.push(delayMs),
    isSpent: () => false,
    takenBytes: (outbox: Outbox) => outbox.writtenBytes,
  };
  const flow = new FlowControl(dependencies as unknown as FlowControlDependencies);
  return { flow, now, timers };
}

test("A57: publishers go on in time, whoever else lags", () => {
  const { flow, now } = createFlow();
  const busy = createPublisher();
  for (let count = 0; count < MANY; count += 1) flow.lagging(createOutbox(), busy.session, 1, 1);
  const publishers = Array.from({ length: MANY }, createPublisher);
  const laggard = createOutbox();
  const startedMs = performance.now();
  for (const { session } of publishers) {
    flow.lagging(laggard, session, 1, 1);
    flow.endOfInput(session);
  }
  now.ms += 100;
  flow.onTimer();
  // A look at each receiver for each publisher: 144 million.
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(publishers.every(({ goneOn }) => goneOn.length === 1)).toBe(true);
});

test("CP-105: who went on is not waited for again, who waits goes on with the last receiver", () => {
  const { flow, now } = createFlow();
  const [early, late] = [createPublisher(), createPublisher()];
  const [first, second] = [createOutbox(), createOutbox()];
  for (const outbox of [first, second]) flow.lagging(outbox, early.session, 1, 1);
  flow.endOfInput(early.session);
  now.ms += 100;
  flow.onTimer();
  expect(early.goneOn).toHaveLength(1);
  flow.lagging(first, late.session, 1, 1);
  flow.endOfInput(late.session);
  flow.caughtUp(second);
  flow.resumeDue();
  expect(late.goneOn).toHaveLength(0);
  flow.caughtUp(first);
  flow.resumeDue();
  expect([early.goneOn.length, late.goneOn.length]).toEqual([1, 1]);
});

test("A57: who is to go on soon does not wait for the end of somebody's stall", () => {
  const { flow, now, timers } = createFlow();
  const { session, goneOn } = createPublisher();
  flow.stall(session);
  expect(timers).toEqual([10]);
  flow.callSoon();
  flow.callSoon();
  expect(timers).toEqual([10, 0]);
  flow.onTimer();
  expect(goneOn).toHaveLength(0);
  // The stall goes on, and has a timer again.
  expect(timers).toEqual([10, 0, 10]);
  now.ms += 10;
  flow.onTimer();
  expect(goneOn).toHaveLength(1);
});

test("CP-105: who trickles buys no patience of others by what he sends to himself", () => {
  const { flow, now } = createFlow();
  const [own, other] = [createPublisher(), createPublisher()];
  const { outbox } = own.session;
  const taken = outbox as { writtenBytes: number };
  taken.writtenBytes = 0;
  const waits = ({ session }: Publisher): boolean => {
    const { stalls } = session;
    flow.lagging(outbox, session, 1, 1);
    flow.endOfInput(session);
    const isPaused = session.stalls > stalls;
    flow.release(session);
    return isPaused;
  };
  expect([waits(own), waits(other)]).toEqual([true, true]);
  for (let seconds = 0; seconds < 5; seconds += 1) {
    now.ms += 1_001;
    taken.writtenBytes += 1;
    expect([waits(own), waits(other)]).toEqual([true, false]);
  }
  // Nothing at all: nor does he wait for himself.
  now.ms += 1_001;
  expect([waits(own), waits(other)]).toEqual([false, false]);
});
