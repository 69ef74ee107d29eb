// Receivers that do not keep up: publishers wait a bounded time, laggards are cut, nobody else
// notices (CP-103 to CP-106).
import { LIMITS } from "@weft/base";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { budget } from "./seeds.ts";
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

/**
 * Three publishers flood a laggard until it is cut; input of theirs waits meanwhile, and goes on
 * when the pause for the laggard ends. Bystanders must not notice any of it.
 */
function checkTurns(seed: number): void {
  const world = new World({
    seed,
    workers: 1,
    chunkBytesMax: 1 << 17,
    limits: { pendingBytesMax: 5 * 1024 * 1024 },
  });
  const laggard = world.connect(1);
  const bystanders = [world.connect(1), world.connect(1), world.connect(1)];
  // The laggard comes first in every plan.
  for (const [place, client] of [laggard, ...bystanders].entries()) {
    client.subscribe(`${place}`, "flow.>");
    world.settle();
  }
  laggard.stopReading();
  const publishers = [world.connect(1), world.connect(1), world.connect(1)];
  const rounds = 64;
  for (let round = 0; round < rounds; round += 1) {
    for (const [place, publisher] of publishers.entries()) {
      publisher.publish(`flow.${place}.${round}`, `${place} ${round} ${PAYLOAD}`);
    }
  }
  world.settle();
  world.assertQuiet();
  expect(laggard.closedBy).toBe("local");
  expect(world.faults).toEqual([]);
  for (const { deliveries } of bystanders) {
    for (const [place] of publishers.entries()) {
      const own = deliveries.filter(({ payload }) => payload.startsWith(`${place} `));
      const got = own.map(({ subject, payload }) => [subject, payload.split(" ", 2).join(".")]);
      const sent = Array.from({ length: rounds }, (_, round) => `${place}.${round}`);
      expect(got, `seed ${seed}`).toEqual(sent.map((name) => [`flow.${name}`, name]));
    }
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
      expect(world.timersInVain).toBe(0);
    });
  }

  test("CP-103: who waits for the laggard goes on when it is cut, in a turn of its own", () => {
    // Seed 9 is one that once delivered a body under the subject of another message.
    for (let seed = 8; seed < 8 + budget(5); seed += 1) checkTurns(seed);
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

describe("who floods himself", () => {
  // 24 MiB, where 16 may wait; he is busy for longer than others would be waited for.
  const BUSY_MS = 350;
  const limits = { pendingBytesMax: 16 * 1024 * 1024 };
  const messages = Math.ceil((24 * 1024 * 1024) / PAYLOAD.length);

  function flood(seed: number): { readonly world: World; readonly client: SimClient } {
    const world = new World({ seed, workers: 1, chunkBytesMax: 1 << 17, limits });
    const client = world.connect(1);
    client.subscribe("1", "flow");
    world.settle();
    client.stopReading();
    publishMany(client, "flow", messages);
    return { world, client };
  }

  function runFor(world: World, ms: number): void {
    for (let at = 0; at < ms; at += 1) {
      world.run(8);
      world.clock.advanceTo(world.clock.monotonicMs() + 1);
    }
  }

  test("CP-105: waits for each piece as long as he lags, and gets everything", () => {
    const { world, client } = flood(16);
    for (let round = 0; round < 12 && client.deliveries.length < messages; round += 1) {
      runFor(world, BUSY_MS);
      client.transport.takeOneWrite();
    }
    client.resumeReading();
    world.settle();
    world.assertQuiet();
    expect(world.closed).toEqual([]);
    expect(client.deliveries).toHaveLength(messages);
    // 20 MiB above the threshold: each pause is for 128 KiB or more.
    expect(world.counters(1).stalledClients).toBeGreaterThan(20);
  });

  test("CP-103: and is cut all the same if he never reads", () => {
    const { world } = flood(17);
    for (let round = 0; round < 12 && world.closed.length === 0; round += 1) {
      runFor(world, BUSY_MS);
    }
    expect(world.closed.map(({ reason }) => reason)).toEqual(["Slow Consumer (Pending Bytes)"]);
  });
});

describe("pauses", () => {
  test("a core has one timer outstanding, however often receivers lag and catch up", () => {
    const world = new World({ seed: 15, workers: 1, chunkBytesMax: 1 << 17 });
    const receiver = world.connect(1);
    receiver.subscribe("1", "flow");
    world.settle();
    receiver.stopReading();
    const publisher = world.connect(1);
    const each = Math.ceil((LIMITS.stallHighBytes * 1.3) / PAYLOAD.length);
    for (let round = 0; round < 12; round += 1) {
      publishMany(publisher, "flow", each);
      while (!publisher.transport.paused && world.scheduler.step()) {}
      // Caught up before the pause is over.
      while (receiver.transport.takeOneWrite()) {}
      world.clock.advanceTo(world.clock.monotonicMs() + 0.5);
    }
    receiver.resumeReading();
    world.settle();
    world.assertQuiet();
    expect(world.counters(1).stalledClients).toBeGreaterThan(5);
    expect(receiver.deliveries).toHaveLength(each * 12);
    expect(world.timersInVain).toBe(0);
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
    // The receiver takes what there is every 40 ms; the publisher could send 12 MiB meanwhile.
    const limits = { pendingBytesMax: 8 * 1024 * 1024 };
    const world = new World({ seed: 14, workers: 2, chunkBytesMax: 1 << 17, limits });
    const receiver = world.connect(2);
    receiver.subscribe("1", "flow");
    world.settle();
    receiver.stopReading();
    const publisher = world.connect(1);
    const messages = 700;
    publishMany(publisher, "flow", messages);
    for (let ms = 1; ms < 1_000 && receiver.deliveries.length < messages; ms += 1) {
      world.run(8);
      world.clock.advanceTo(world.clock.monotonicMs() + 1);
      if (ms % 40 === 0) receiver.transport.takeOneWrite();
    }
    receiver.resumeReading();
    world.settle();
    expect(world.closed).toEqual([]);
    expect(receiver.deliveries).toHaveLength(messages);
    expect(world.counters(1).stalledClients).toBeGreaterThan(1);
  });
});
