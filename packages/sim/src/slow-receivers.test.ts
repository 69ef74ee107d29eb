// Receivers that do not keep up: publishers wait a bounded time, laggards are cut, nobody else
// notices (CP-103 to CP-106).
import { LIMITS } from "@weft/base";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const PAYLOAD = "p".repeat(32 * 1024);

function publishMany(client: SimClient, subject: string, count: number): void {
  for (let left = count; left > 0; left -= 1) client.publish(subject, PAYLOAD);
}

/** As {@link publishMany}, at a pace that everybody who reads can follow. */
function publishSlowly(world: World, client: SimClient, subject: string, count: number): void {
  for (let left = count; left > 0; left -= 1) {
    client.publish(subject, PAYLOAD);
    world.settle();
  }
}

describe("slow receivers", () => {
  for (const [publisherThread, laggardThread] of [
    [1, 1],
    [1, 2],
  ] as const) {
    const where = `publisher on ${publisherThread}, laggard on ${laggardThread}`;

    test(`CP-103: the laggard is cut, others get everything (${where})`, () => {
      const world = new World({
        seed: 5,
        workers: 2,
        chunkBytesMax: 1 << 17,
        limits: { pendingBytesMax: 256 * 1024 },
      });
      const laggard = world.connect(laggardThread);
      const others = [world.connect(1), world.connect(2)];
      for (const client of [laggard, ...others]) client.subscribe("1", "flow");
      world.settle();
      laggard.stopReading();
      const publisher = world.connect(publisherThread);
      publishSlowly(world, publisher, "flow", 40);
      world.assertQuiet();
      expect(world.closed.map(({ reason }) => reason)).toEqual(["Slow Consumer (Pending Bytes)"]);
      expect(laggard.closedBy).toBe("local");
      expect(world.counters(laggardThread).slowConsumersPending).toBe(1);
      for (const client of others) expect(client.deliveries).toHaveLength(40);
      expect(publisher.closedBy).toBeUndefined();
    });

    test(`CP-105: a pause is at most 10 ms for each piece of input (${where})`, () => {
      const world = new World({ seed: 6, workers: 2, chunkBytesMax: 1 << 17 });
      const laggard = world.connect(laggardThread);
      const other = world.connect(2);
      for (const client of [laggard, other]) client.subscribe("1", "flow");
      world.settle();
      laggard.stopReading();
      const publisher = world.connect(publisherThread);
      const messages = (LIMITS.stallHighBytes / PAYLOAD.length) * 2;
      const startMs = world.clock.monotonicMs();
      publishMany(publisher, "flow", messages);
      world.settle();
      world.assertQuiet();
      expect(other.deliveries).toHaveLength(messages);
      expect(world.counters(publisherThread).stalledClients).toBeGreaterThan(0);
      // Half of it lies above the threshold; chunks are 64 KiB or more on average.
      const chunksMax = (messages * PAYLOAD.length) / (32 * 1024);
      const elapsedMs = world.clock.monotonicMs() - startMs;
      expect(elapsedMs).toBeLessThan(chunksMax * LIMITS.stallMs);
      expect(laggard.closedBy).toBeUndefined();
      laggard.resumeReading();
      world.settle();
      expect(laggard.deliveries).toHaveLength(messages);
    });
  }

  test("CP-103: a publisher that waits for the laggard goes on when it is cut, in its own turn", () => {
    const world = new World({
      seed: 9,
      workers: 2,
      laneBytes: 200,
      chunkBytesMax: 1 << 17,
      limits: { pendingBytesMax: 6 * 1024 * 1024 },
    });
    const laggard = world.connect(1);
    const bystander = world.connect(1);
    // The laggard comes first in every plan.
    laggard.subscribe("1", "flow.>");
    world.settle();
    bystander.subscribe("1", "flow.>");
    world.settle();
    laggard.stopReading();
    // A full lane keeps input waiting, which goes on when the pause for the laggard ends.
    const far = world.connect(2);
    far.subscribe("1", "far");
    world.settle();
    const publishers = [world.connect(1), world.connect(1), world.connect(1)];
    for (let round = 0; round < 90; round += 1) {
      for (const [place, publisher] of publishers.entries()) {
        publisher.publish(`flow.${place}.${round}`, `${place} ${round} ${PAYLOAD}`);
        for (let count = 0; count < 4; count += 1) publisher.publish("far", "x".repeat(60));
      }
    }
    world.settle();
    world.assertQuiet();
    expect(laggard.closedBy).toBe("local");
    expect(world.faults).toEqual([]);
    for (const [place] of publishers.entries()) {
      const own = bystander.deliveries.filter(({ subject }) => subject.startsWith(`flow.${place}`));
      expect(own.map(({ subject }) => subject)).toEqual(
        Array.from({ length: 90 }, (_, round) => `flow.${place}.${round}`),
      );
      for (const { subject, payload } of own) {
        expect(payload.split(" ").slice(0, 2).join(".")).toBe(subject.slice("flow.".length));
      }
    }
  });

  test("CP-104: a write that takes too long closes the connection", () => {
    const world = new World({ seed: 11, workers: 1 });
    const laggard = world.connect(1);
    laggard.subscribe("1", "flow");
    world.settle();
    laggard.stopReading();
    world.connect(1).publish("flow", "x");
    world.settle();
    world.advance(LIMITS.writeDeadlineMs - 500);
    expect(laggard.closedBy).toBeUndefined();
    world.advance(1_000);
    expect(world.closed.map(({ reason }) => reason)).toEqual(["Slow Consumer (Write Deadline)"]);
  });

  test("CP-106: without stalls the laggard loses messages and nobody waits", () => {
    const limits = { pendingBytesMax: 1 << 20, noFastProducerStall: true };
    const world = new World({ seed: 12, workers: 2, chunkBytesMax: 1 << 17, limits });
    const laggard = world.connect(2);
    const other = world.connect(1);
    for (const client of [laggard, other]) client.subscribe("1", "flow");
    world.settle();
    laggard.stopReading();
    publishSlowly(world, world.connect(1), "flow", 64);
    world.settle();
    laggard.resumeReading();
    world.settle();
    world.assertQuiet();
    expect(other.deliveries).toHaveLength(64);
    expect(laggard.closedBy).toBeUndefined();
    expect(laggard.deliveries.length).toBeGreaterThan(16);
    expect(laggard.deliveries.length).toBeLessThan(64);
    expect(world.counters(1).stalledClients).toBe(0);
  });
});

describe("slow receivers of shared bodies", () => {
  test("CP-106: a body that several receivers share is dropped for the laggard as well", () => {
    const limits = { pendingBytesMax: 1 << 20, noFastProducerStall: true };
    const world = new World({ seed: 13, workers: 1, chunkBytesMax: 1 << 17, limits });
    const laggard = world.connect(1);
    const other = world.connect(1);
    for (const client of [laggard, other]) client.subscribe("1", "flow");
    world.settle();
    laggard.stopReading();
    publishSlowly(world, world.connect(1), "flow", 64);
    laggard.resumeReading();
    world.settle();
    expect(other.deliveries).toHaveLength(64);
    expect(laggard.closedBy).toBeUndefined();
    expect(laggard.deliveries.length).toBeGreaterThan(16);
    expect(laggard.deliveries.length).toBeLessThan(64);
  });

  test("CP-105: a publisher on another thread waits again, as long as the receiver gets on", () => {
    // The receiver takes 64 KiB each millisecond; the publisher could send far more.
    const limits = { pendingBytesMax: 8 * 1024 * 1024 };
    const world = new World({ seed: 14, workers: 2, chunkBytesMax: 1 << 17, limits });
    const receiver = world.connect(2);
    receiver.subscribe("1", "flow");
    world.settle();
    receiver.stopReading();
    const publisher = world.connect(1);
    const messages = 600;
    publishMany(publisher, "flow", messages);
    for (let ms = 0; ms < 1_000 && receiver.deliveries.length < messages; ms += 1) {
      world.run(6);
      world.clock.advanceTo(world.clock.monotonicMs() + 1);
      receiver.transport.takeOneWrite();
    }
    receiver.resumeReading();
    world.settle();
    expect(world.closed).toEqual([]);
    expect(receiver.deliveries).toHaveLength(messages);
    expect(world.counters(1).stalledClients).toBeGreaterThan(1);
  });
});
