// A SUB is visible to all workers before its PONG; storms of inboxes leave other plans alone; the
// fault of one connection is its own.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { forEachSeed } from "./seeds.ts";
import { World } from "./world.ts";

describe("interest over threads", () => {
  test("a PUB that follows somebody's PONG reaches the SUB before that PONG", () => {
    forEachSeed(30, 30, (seed) => {
      const world = new World({ seed, workers: 3, chunkBytesMax: 64 });
      const publisher = world.connect(1);
      // A plan of the subject is there already, and is about "nobody".
      for (let count = 0; count < 3; count += 1) publisher.publish("a.b", "early");
      world.settle();
      const subscriber = world.connect(1 + (seed % 3));
      subscriber.onPong = () => publisher.publish("a.b", "late");
      subscriber.subscribe("1", seed % 2 === 0 ? "a.*" : "a.b");
      subscriber.ping();
      world.settle();
      expect(subscriber.deliveries.map(({ payload }) => payload)).toEqual(["late"]);
    });
  });

  test("UNSUB and close are visible as well: nothing is sent to a thread without interest", () => {
    const world = new World({ seed: 1, workers: 2 });
    const publisher = world.connect(1, { no_responders: true });
    const subscriber = world.connect(2);
    publisher.subscribe("9", "inbox");
    subscriber.subscribe("1", "a");
    subscriber.subscribe("2", "a.>");
    world.settle();
    subscriber.unsubscribe("1");
    subscriber.transport.reset();
    world.settle();
    publisher.publish("a", "x", "inbox");
    publisher.publish("a.b", "x", "inbox");
    world.settle();
    expect(publisher.takeDeliveries().map(({ header }) => header?.slice(0, 12))).toEqual([
      "NATS/1.0 503",
      "NATS/1.0 503",
    ]);
  });
});

describe("plans", () => {
  test("a storm of inbox subscriptions does not flush the plans of a steady flow", () => {
    const world = new World({ seed: 7, workers: 2, recordsMax: 1 << 14 });
    const steady = world.connect(1);
    const subscribers: SimClient[] = [world.connect(1), world.connect(2)];
    for (const subscriber of subscribers) subscriber.subscribe("1", "steady.>");
    world.settle();
    for (let round = 0; round < 3; round += 1) steady.publish("steady.flow", "x");
    world.settle();
    const { publisher } = world.core(1);
    const before = publisher.misses;
    const noisy = world.connect(2);
    for (let inbox = 0; inbox < 500; inbox += 1) {
      noisy.subscribe(`${inbox}`, `_INBOX.${inbox}`);
      steady.publish("steady.flow", "x");
      if (inbox % 3 === 0) noisy.unsubscribe(`${inbox}`);
      if (inbox % 50 === 0) world.settle();
    }
    world.settle();
    expect(publisher.misses - before).toBe(0);
    for (const subscriber of subscribers) expect(subscriber.deliveries).toHaveLength(503);
    // A filter that begins with the same token, or with a wildcard, does make the plan anew.
    noisy.subscribe("last", "steady.flow");
    world.settle();
    steady.publish("steady.flow", "x");
    world.settle();
    expect(publisher.misses - before).toBe(1);
    expect(noisy.deliveries).toHaveLength(1);
  });

  test("replies to fresh inboxes are not kept, and do not evict what is", () => {
    const world = new World({ seed: 8, workers: 1, recordsMax: 1 << 14 });
    const steady = world.connect(1);
    steady.subscribe("1", "steady");
    for (let round = 0; round < 3; round += 1) steady.publish("steady", "x");
    world.settle();
    const { cache } = world.core(1).publisher;
    const bytes = cache.bytes;
    expect(bytes).toBeGreaterThan(0);
    for (let reply = 0; reply < 2_000; reply += 1) steady.publish(`_INBOX.${reply}.x`, "x");
    world.settle();
    // A few hashes collide in the filter of second sights; that is all that may be kept.
    expect(cache.bytes - bytes).toBeLessThan(bytes * 200);
    const before = world.core(1).publisher.misses;
    steady.publish("steady", "x");
    world.settle();
    expect(world.core(1).publisher.misses).toBe(before);
  });
});

describe("pings", () => {
  test("CP-102: the first one comes after some two seconds, to measure the round trip", () => {
    const world = new World({ seed: 11, workers: 1 });
    const client = world.connect(1);
    world.settle();
    world.advance(1_900);
    expect(client.pings).toBe(0);
    world.advance(700);
    expect(client.pings).toBe(1);
    world.advance(10_000);
    expect(client.pings).toBe(1);
  });
});

describe("faults", () => {
  test("F27: a throw while one connection's bytes are handled closes that connection only", () => {
    const world = new World({
      seed: 3,
      workers: 2,
      onLog: (text) => {
        if (text.includes("boom")) throw new Error("injected");
      },
    });
    const others = [world.connect(1), world.connect(2)];
    const victim = world.connect(1);
    for (const client of [...others, victim]) client.subscribe("1", "a");
    world.settle();
    victim.send("PUB a 1\r\n1\r\nboom\r\nPUB a 1\r\n2\r\n");
    world.settle();
    expect(victim.closedBy).toBe("error");
    expect(world.faults).toHaveLength(1);
    expect(world.closed.map(({ reason }) => reason)).toEqual(["Read Error"]);
    for (const client of others) client.publish("a", "3");
    world.settle();
    for (const client of others) {
      expect(client.deliveries.map(({ payload }) => payload)).toEqual(["1", "3", "3"]);
      expect(client.closedBy).toBeUndefined();
    }
    world.assertQuiet();
  });
});
