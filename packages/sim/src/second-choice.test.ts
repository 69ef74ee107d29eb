// SU-25: a queue member that is gone when a message arrives at its thread is replaced by another,
// until no destination is left; the groups beside it, echo and 503s are not affected.
import { describe, expect, test } from "vitest";
import { forEachSeed } from "./seeds.ts";
import { World } from "./world.ts";

const MESSAGES = 30;

describe("a member that leaves while messages are on their way", () => {
  test("SU-25: both groups of one frame are served", () => {
    forEachSeed(60, 25, (seed) => {
      const world = new World({ seed, workers: 3, chunkBytesMax: 4_096 });
      const leaver = world.connect(2);
      const stayer = world.connect(3);
      const beside = world.connect(2);
      leaver.subscribe("1", "work", "first");
      stayer.subscribe("1", "work", "first");
      beside.subscribe("1", "work", "second");
      // Plain interest beside the second choice has its own copy already (SU-26).
      const plain = world.connect(3);
      plain.subscribe("1", "work");
      world.settle();
      const publisher = world.connect(1);
      for (let count = 0; count < MESSAGES; count += 1) publisher.publish("work", `${count}`);
      leaver.unsubscribe("1");
      world.settle();
      world.assertQuiet();
      const first = [...leaver.deliveries, ...stayer.deliveries].map(({ payload }) => payload);
      expect(new Set(first).size, `first, seed ${seed}`).toBe(MESSAGES);
      expect(first).toHaveLength(MESSAGES);
      expect(beside.deliveries, `second, seed ${seed}`).toHaveLength(MESSAGES);
      expect(plain.deliveries, `plain, seed ${seed}`).toHaveLength(MESSAGES);
    });
  });

  test("CP-24: the second choice is not the publisher itself when it wants no echo", () => {
    forEachSeed(61, 25, (seed) => {
      const world = new World({ seed, workers: 2, chunkBytesMax: 4_096 });
      const publisher = world.connect(1, { echo: false });
      const leaver = world.connect(2);
      for (const client of [publisher, leaver]) client.subscribe("1", "work", "q");
      world.settle();
      for (let count = 0; count < MESSAGES; count += 1) publisher.publish("work", `${count}`);
      leaver.unsubscribe("1");
      world.settle();
      world.assertQuiet();
      expect(publisher.deliveries, `seed ${seed}`).toEqual([]);
    });
  });

  test("CP-64: a request is served or gets its 503, when the last members leave", () => {
    forEachSeed(62, 40, (seed) => {
      const world = new World({ seed, workers: 3, chunkBytesMax: 4_096 });
      const requester = world.connect(1);
      const members = [world.connect(2), world.connect(3)];
      for (const member of members) member.subscribe("1", "work", "q");
      requester.subscribe("9", "inbox.*");
      world.settle();
      for (let count = 0; count < MESSAGES; count += 1) {
        requester.publish("work", `${count}`, `inbox.${count}`);
      }
      for (const member of members) member.unsubscribe("1");
      world.settle();
      const served = members.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
      expect(served + requester.deliveries.length, `seed ${seed}`).toBe(MESSAGES);
    });
  });
});

describe("many groups", () => {
  for (const groups of [200, 255, 256, 300, 600]) {
    test(`SU-20: ${groups} groups on one subject, members on another thread`, () => {
      const world = new World({ seed: 1, workers: 2, chunkBytesMax: 1 << 16 });
      const member = world.connect(2);
      for (let group = 0; group < groups; group += 1) {
        member.subscribe(`${group}`, "work", `group${group}`);
      }
      world.settle();
      const publisher = world.connect(1);
      publisher.publish("work", "once");
      world.settle();
      expect(member.deliveries.map(({ payload }) => payload)).toEqual(
        Array.from({ length: groups }, () => "once"),
      );
      expect(new Set(member.deliveries.map(({ sid }) => sid)).size).toBe(groups);
    });
  }
});
