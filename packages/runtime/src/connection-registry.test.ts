// What monitoring learns of connections without asking a worker (MO-20, CP-110, SB-106).
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { encodeFacts, FIGURE_IN_MESSAGES, FIGURES_COUNT, LIMITS, UNKNOWN_FACTS } from "@weft/base";
import type { FinishedConnection } from "@weft/broker";
import { ThreadLog } from "@weft/logging";
import { ConnectionSlots, connectionSlotsRegion } from "@weft/shm";
import { expect, test } from "vitest";
import { ConnectionRegistry } from "./connection-registry.ts";
import type { ConnectionsClosed } from "./thread-messages.ts";
import { WorkerLink } from "./worker-link.ts";

function factsOf(listener: number, address: string, port: number): string {
  return encodeFacts({ ...UNKNOWN_FACTS, listener, address, port });
}

function finished(clientId: number, reason: string, account = "A"): FinishedConnection {
  return {
    clientId,
    reason,
    account,
    startedAt: 1,
    closedAt: 2,
    activeAt: 2,
    inMessages: 10,
    inBytes: 20,
    outMessages: 30,
    outBytes: 40,
    pendingBytes: 0,
    subscriptions: 3,
    roundTripNanos: 0,
    stalls: 0,
    facts: factsOf(0, "192.0.2.1", clientId),
  };
}

function registryOf(workers: number, closedMax = 4) {
  const boards = Array.from({ length: workers }, () => connectionSlotsRegion(8));
  let closedCount = 0;
  const registry = new ConnectionRegistry({ boards, closedMax, closedCount: () => closedCount });
  return {
    registry,
    slots: boards.map((board) => new ConnectionSlots(board)),
    setClosedCount: (count: number) => {
      closedCount = count;
    },
  };
}

test("MO-20: one reading holds the connections of all workers, with facts of any length", () => {
  const { registry, slots } = registryOf(2);
  const [first, second] = slots as [ConnectionSlots, ConnectionSlots];
  const one = first.take(11, 100);
  first.describe(one, factsOf(0, "192.0.2.7", 4_000));
  const gone = first.take(12, 100);
  first.release(gone);
  second.figures[second.take(13, 100) + FIGURE_IN_MESSAGES] = 9;
  registry.described(13, factsOf(1, "2001:db8::1", 5_000));
  const live = registry.live();
  expect(live.count).toBe(2);
  expect([live.figures[0], live.figures[FIGURES_COUNT]]).toEqual([11, 13]);
  expect(live.figures[FIGURES_COUNT + FIGURE_IN_MESSAGES]).toBe(9);
  expect([live.worker(0), live.worker(1)]).toEqual([1, 2]);
  expect(live.facts(0)).toMatchObject({ address: "192.0.2.7", port: 4_000, kind: "Client" });
  expect(live.facts(1)).toMatchObject({ address: "2001:db8::1", listener: 1 });
  first.release(one);
  expect(live.facts(0)).toBeUndefined();
  registry.finished([finished(13, "Client Closed")]);
  expect(live.facts(1)).toMatchObject({ address: "" });
});

test("MO-20: tens of thousands are read in slices, each connection once", () => {
  const boards = [connectionSlotsRegion(3_000), connectionSlotsRegion(3_000)];
  const slots = boards.map((board) => new ConnectionSlots(board));
  const registry = new ConnectionRegistry({ boards, closedMax: 4, closedCount: () => 0 });
  const places = Array.from({ length: 5_000 }, (_, at) => {
    const board = slots[at % 2] as ConnectionSlots;
    return { board, place: board.take(at + 1, 100) };
  });
  const reading = registry.liveInSlices();
  expect(reading.next().done).toBe(false);
  // Read already, and yet to be read: one that goes and one that comes do not disturb the others.
  places[0]?.board.release(places[0].place);
  places[4_999]?.board.release(places[4_999].place);
  slots[0]?.take(6_000, 100);
  let pauses = 1;
  let step = reading.next();
  for (; step.done !== true; step = reading.next()) pauses += 1;
  expect(pauses).toBeGreaterThanOrEqual(4);
  const live = step.value;
  const ids = Array.from({ length: live.count }, (_, row) => live.figures[row * FIGURES_COUNT]);
  expect(new Set(ids).size).toBe(live.count);
  expect(ids).not.toContain(5_000);
  for (let id = 2; id < 5_000; id += 1) expect(ids.includes(id)).toBe(true);
});

test("CP-110, SB-106: rings of the finished, of slow consumers, and totals by account", () => {
  const { registry } = registryOf(1);
  registry.finished([finished(1, "Slow Consumer (Pending Bytes)")]);
  registry.finished([2, 3, 4, 5, 6].map((clientId) => finished(clientId, "Client Closed", "B")));
  registry.refused([finished(7, "Maximum Connections Exceeded", "")]);
  expect(registry.closed().map(({ clientId }) => clientId)).toEqual([4, 5, 6, 7]);
  expect(registry.closed()[0]).toMatchObject({ address: "192.0.2.1", port: 4, account: "B" });
  expect(registry.slowConsumers().map(({ clientId }) => clientId)).toEqual([1]);
  expect(registry.finishedTotals("A")).toMatchObject({ connections: 1, slowConsumers: 1 });
  expect(registry.finishedTotals("B")).toMatchObject({ connections: 5, inMessages: 50 });
  expect(registry.finishedTotals("C")).toMatchObject({ connections: 0 });
});

test("CP-110: a reader waits for records that are under way, and not for ever", async () => {
  const { registry, setClosedCount } = registryOf(1);
  await registry.settled();
  setClosedCount(2);
  let settled = false;
  const waiting = registry.settled().then(() => {
    settled = true;
  });
  registry.finished([finished(1, "Client Closed")]);
  await new Promise(setImmediate);
  expect(settled).toBe(false);
  registry.finished([finished(2, "Client Closed")]);
  await waiting;
  setClosedCount(3);
  const start = performance.now();
  await registry.settled();
  expect(performance.now() - start).toBeGreaterThan(200);
});

test("totals of accounts that are gone are forgotten, and never more are kept than can be", () => {
  const { registry } = registryOf(1);
  registry.finished([finished(1, "Client Closed", "A"), finished(2, "Client Closed", "B")]);
  registry.forgetAccounts((name) => name === "B");
  expect(registry.finishedTotals("B").connections).toBe(1);
  expect(registry.finishedTotals("A").connections).toBe(0);
  const totals = { connections: 1, connectionsTotal: 1, subscriptions: 0, slowConsumers: 0 };
  const none = { ...totals, inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0 };
  registry.shown.notBelow("B", { ...none, inMessages: 9 });
  const max = 2 * LIMITS.accountsMax;
  const record = finished(3, "Client Closed");
  registry.finished(Array.from({ length: max }, (_, at) => ({ ...record, account: `N${at}` })));
  const isKept = (_: unknown, at: number) => registry.finishedTotals(`N${at}`).connections === 1;
  expect(Array.from({ length: max }, isKept).every(Boolean)).toBe(true);
  expect(registry.finishedTotals("B").connections).toBe(0);
  // What was shown of its counters goes with them.
  expect(registry.shown.notBelow("B", none).inMessages).toBe(0);
});

test("CP-110: connections whose records were given up are counted, and nothing is kept of them", async () => {
  const { registry, setClosedCount } = registryOf(1, 10_000);
  const { port1, port2 } = new MessageChannel();
  const log = new ThreadLog({ debug: false, trace: false, send: () => undefined });
  const link = new WorkerLink(port1, log);
  const tick = (): void => {
    link.sendClosed();
    const { message } = receiveMessageOnPort(port2) as { message: ConnectionsClosed };
    registry.finished(message.records);
  };
  const count = 5_000;
  for (let id = 1; id <= count; id += 1) {
    registry.described(id, factsOf(0, "192.0.2.1", id));
    const isEven = id % 2 === 0;
    const reason = isEven ? "Slow Consumer (Pending Bytes)" : "Client Closed";
    link.connectionClosed(finished(id, reason, isEven ? "A" : ""));
  }
  setClosedCount(count);
  tick();
  expect(registry.describedCount).toBe(0);
  const start = performance.now();
  await registry.settled();
  expect(performance.now() - start).toBeLessThan(200);
  // The last 4,096, in order, and nothing beside what a record has.
  const records = registry.finishedRecords();
  expect(records.map(({ clientId }) => clientId)).toEqual(
    Array.from({ length: 4_096 }, (_, at) => count - 4_096 + 1 + at),
  );
  expect(records[0]).not.toHaveProperty("gap.clientIds");
  expect(registry.finishedByReason()).toEqual(
    new Map([
      ["Client Closed", 2_500],
      ["Slow Consumer (Pending Bytes)", 2_500],
    ]),
  );
  expect(registry.finishedTotals("A")).toEqual({
    connections: 2_500,
    inMessages: 25_000,
    inBytes: 50_000,
    outMessages: 75_000,
    outBytes: 100_000,
    slowConsumers: 2_500,
  });
  // The next tick begins anew.
  link.connectionClosed(finished(count + 1, "Client Closed", "A"));
  tick();
  expect(registry.finishedTotals("A").connections).toBe(2_501);
  port1.close();
});
