// The ring keeps the last ones, oldest first.
import { createPrng } from "@weft/base";
import type { FinishedConnection } from "@weft/broker";
import { expect, test } from "vitest";
import { ClosedConnections } from "./closed-connections.ts";

function record(clientId: number, facts = ""): FinishedConnection {
  return { clientId, facts } as FinishedConnection;
}

function idsIn(ring: ClosedConnections): number[] {
  return ring.list().map(({ clientId }) => clientId);
}

test("CP-110: keeps the last, in order; 0 keeps none", () => {
  const ring = new ClosedConnections(3);
  ring.add([record(1), record(2)]);
  expect(ring.list().map(({ clientId }) => clientId)).toEqual([1, 2]);
  ring.add([record(3), record(4), record(5)]);
  expect(ring.list().map(({ clientId }) => clientId)).toEqual([3, 4, 5]);
  ring.add([record(6)]);
  expect(ring.list().map(({ clientId }) => clientId)).toEqual([4, 5, 6]);
  expect(ring.take().map(({ clientId }) => clientId)).toEqual([4, 5, 6]);
  expect(ring.list()).toEqual([]);
  ring.add([record(7)]);
  expect(ring.take().map(({ clientId }) => clientId)).toEqual([7]);
  const none = new ClosedConnections(0);
  none.add([record(1)]);
  expect(none.list()).toEqual([]);
});

test("CP-110: long texts make the oldest leave, and count no more then", () => {
  // At least 1 MiB for all, at most 1,536 bytes each on the average.
  const ring = new ClosedConnections(1_000);
  const long = "x".repeat(100_000);
  for (let id = 0; id < 100; id += 1) ring.add([record(id, long)]);
  const kept = Math.floor((1_000 * 1_536) / (100_000 + 512));
  expect(idsIn(ring)).toEqual(Array.from({ length: kept }, (_, at) => 100 - kept + at));
  // Short ones push them out, one by one, until all of these find room.
  const short = Array.from({ length: 1_000 }, (_, at) => record(100 + at));
  ring.add(short);
  expect(idsIn(ring)).toEqual(short.map(({ clientId }) => clientId));
  const large = new ClosedConnections(10);
  large.add(Array.from({ length: 12 }, (_, id) => record(id, long)));
  expect(idsIn(large)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  large.add([record(12, "x".repeat(1024 * 1024))]);
  expect(idsIn(large)).toEqual([]);
  large.add([record(13)]);
  expect(idsIn(large)).toEqual([13]);
});

test("CP-110: a twin of the ring that keeps everything says the same", () => {
  const prng = createPrng(110);
  const ring = new ClosedConnections(700);
  let twin: FinishedConnection[] = [];
  for (let id = 0; id < 5_000; id += 1) {
    const added = record(id, "x".repeat(prng.below(id % 1_000 < 300 ? 9_000 : 100)));
    ring.add([added]);
    twin = [...twin, added].slice(-700);
    const bytes = (): number => twin.reduce((sum, { facts }) => sum + 512 + facts.length, 0);
    while (bytes() > 700 * 1_536) twin.shift();
    if (id % 50 === 0) expect(idsIn(ring)).toEqual(twin.map(({ clientId }) => clientId));
    if (id === 2_500) {
      expect(ring.take()).toEqual(twin);
      twin = [];
    }
  }
});
