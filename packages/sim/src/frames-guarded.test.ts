// What arrives from other threads, and what is sent there, when it is odd on purpose: nothing of it ends a
// thread, and nobody fills its memory (attack 57, F27).
import type { AccountSpec } from "@weft/accounts";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World, type WorldOptions } from "./world.ts";

const MAKER: AccountSpec = {
  name: "MAKER",
  exports: [
    {
      kind: "service",
      subject: "ask",
      latency: { subject: "measured", samplingPercent: 100 },
    },
  ],
};
const USER: AccountSpec = {
  name: "USER",
  imports: [{ kind: "service", account: "MAKER", subject: "ask" }],
};
const USERS = ["maker", "user"].map((user) => {
  return { user, password: "x", account: user.toUpperCase() };
});

function join(world: World, thread: number, user: string): SimClient {
  return world.connect(thread, { user, pass: "x" });
}

describe("messages between threads", () => {
  test("F27: one that cannot be handled is lost, and told; the next ones arrive", () => {
    const lines: string[] = [];
    const world = new World({ seed: 31, workers: 2, onLog: (line) => lines.push(line) });
    const receiver = world.connect(2);
    receiver.subscribe("1", "news.*");
    const publisher = world.connect(1);
    world.settle();
    const inbound = world.core(2).publisher;
    const keptPlanFor = inbound.keptPlanFor.bind(inbound);
    inbound.keptPlanFor = () => {
      inbound.keptPlanFor = keptPlanFor;
      throw new RangeError("made for this test");
    };
    for (const name of ["a", "b", "c"]) publisher.publish(`news.${name}`, "x");
    world.settle();
    expect(receiver.deliveries.map(({ subject }) => subject)).toEqual(["news.b", "news.c"]);
    expect(lines.filter((line) => line.includes("made for this test"))).toHaveLength(1);
    world.assertQuiet();
  });

  test("attack 57: who publishes answers that nobody waits for is parked where the lane is full", () => {
    const options: WorldOptions = {
      seed: 32,
      workers: 2,
      laneBytes: 4_096,
      chunkBytesMax: 1 << 16,
    };
    const world = new World({ ...options, accounts: [MAKER, USER], users: USERS });
    const maker = join(world, 1, "maker");
    let way = "";
    maker.subscribe("1", "ask");
    maker.onDelivery = ({ reply }) => {
      way = reply ?? "";
    };
    const user = join(world, 2, "user");
    user.subscribe("2", "in");
    world.settle();
    user.publish("ask", "?", "in");
    world.settle();
    // The thread that a reply subject names, with a token that is none.
    const subject = `${way.split(".").slice(0, 2).join(".")}.x`;
    for (let sent = 0; sent < 5_000; sent += 1) maker.publish(subject, "no answer");
    let waited = false;
    while (world.scheduler.step()) waited ||= maker.transport.paused;
    expect(waited).toBe(true);
    world.settle();
    maker.ping();
    world.settle();
    expect(maker.pongs).toBe(1);
    world.assertQuiet();
  });
});

describe("a measurement that is mapped onto the answer itself", () => {
  for (const thread of [1, 2]) {
    test(`AC-60: costs that answer alone, asked from worker ${thread}`, () => {
      const options: WorldOptions = { seed: 33, workers: 2 };
      const world = new World({ ...options, accounts: [MAKER, USER], users: USERS });
      const maker = join(world, 1, "maker");
      const ways: string[] = [];
      maker.subscribe("1", "ask");
      maker.onDelivery = ({ reply }) => {
        if (reply !== undefined) ways.push(reply);
      };
      const user = join(world, thread, "user");
      user.subscribe("2", "in");
      world.settle();
      user.publish("ask", "?", "in");
      world.settle();
      const [way] = ways as [string];
      // Drawn for each message, with the mark of a measured request and without.
      const destinations = [
        { subject: way.replace(/\.T$/, ""), weight: 50 },
        { subject: way, weight: 50 },
      ];
      const mappings = [{ source: "measured", destinations }];
      world.reload({ accounts: [{ ...MAKER, mappings }, USER], users: USERS });
      world.settle();
      maker.publish(way, "answer");
      world.settle();
      expect(world.faults).toEqual([]);
      expect(user.deliveries.length).toBeLessThanOrEqual(1);
      user.publish("ask", "again", "in");
      world.settle();
      maker.publish(ways[1] as string, "second");
      world.settle();
      expect(user.deliveries.at(-1)?.payload).toBe("second");
    });
  }
});
