// Requests that plain subscriptions on other threads refuse: 503s, and what a flood of them may cost.
import { describe, expect, test } from "vitest";
import { forEachSeed } from "./seeds.ts";
import { World, type WorldOptions } from "./world.ts";

const DENIES: Pick<WorldOptions, "accounts" | "users"> = {
  accounts: [{ name: "A" }],
  users: [
    { user: "all", password: "p", account: "A" },
    {
      user: "some",
      password: "p",
      account: "A",
      permissions: { subscribe: { allow: [">"], deny: ["x.>"] } },
    },
  ],
};
const ALL = { user: "all", pass: "p" };
const SOME = { user: "some", pass: "p" };

describe("requests that nobody takes", () => {
  for (const workers of [1, 2, 4]) {
    test(`CP-64, AZ-07: denied on every thread, ${workers} workers`, () => {
      forEachSeed(90, 10, (seed) => {
        const world = new World({ seed, workers, ...DENIES });
        for (let thread = 1; thread <= workers; thread += 1) {
          world.connect(thread, SOME).subscribe("1", ">");
        }
        const requester = world.connect(1, ALL);
        requester.subscribe("9", "inbox.*");
        world.settle();
        for (let count = 0; count < 10; count += 1) {
          requester.publish("x.y", `${count}`, `inbox.${count}`);
        }
        world.settle();
        const answered = requester.deliveries.map(({ subject }) => subject);
        expect(answered.sort(), `seed ${seed}`).toEqual(
          Array.from({ length: 10 }, (_, count) => `inbox.${count}`),
        );
        world.assertQuiet();
      });
    });
  }

  test("CP-64: one thread takes it, the others do not: no 503", () => {
    forEachSeed(91, 20, (seed) => {
      const world = new World({ seed, workers: 4, ...DENIES });
      for (const thread of [2, 3]) world.connect(thread, SOME).subscribe("1", ">");
      const taker = world.connect(4, ALL);
      taker.subscribe("1", "x.*");
      const requester = world.connect(1, ALL);
      requester.subscribe("9", "inbox.*");
      world.settle();
      for (let count = 0; count < 10; count += 1) {
        requester.publish("x.y", `${count}`, "inbox.0");
      }
      world.settle();
      expect(taker.deliveries, `seed ${seed}`).toHaveLength(10);
      expect(requester.deliveries, `seed ${seed}`).toEqual([]);
    });
  });

  test("CP-64: a flood of them waits for its answers and keeps the control lane small", () => {
    const world = new World({ seed: 3, workers: 2, ...DENIES, laneBytes: 1 << 22 });
    world.connect(2, SOME).subscribe("1", ">");
    const requester = world.connect(1, ALL);
    requester.subscribe("9", "inbox");
    world.settle();
    const subject = `x.${"y".repeat(3_000)}`;
    for (let count = 0; count < 4_000; count += 1) requester.publish(subject, "", "inbox");
    world.settle();
    expect(requester.deliveries).toHaveLength(4_000);
    expect(world.lanes.controlBytesMax).toBeLessThan(256 * 1024);
    world.assertQuiet();
  });

  test("CP-64: a queue subscription for the reply gets no 503", () => {
    const world = new World({ seed: 4, workers: 1 });
    const requester = world.connect(1);
    requester.subscribe("9", "inbox.>", "group");
    requester.publish("nobody", "", "inbox.1");
    world.settle();
    expect(requester.deliveries).toEqual([]);
  });
});
