// A57: what one message costs is not always what it delivers: subscriptions that may not receive it,
// branches of the index that lead nowhere, groups on other threads. All of it counts against the turn,
// and a message that costs more than a turn still goes through.

import type { UserSpec } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const PUBLISHED = 200;

/** Everything that is under way, but no timers. */
function withoutTimers(world: World): void {
  world.run(100_000);
}

/** Largest number of messages that a worker took in one turn, until all are in. */
function mostInOneTurn(world: World, publisher: SimClient, messages: number): number {
  const core = world.core(publisher.thread);
  const counters = world.counters(publisher.thread);
  const start = counters.inMessages;
  let most = 0;
  for (let before = start; before < start + messages; before = counters.inMessages) {
    withoutTimers(world);
    most = Math.max(most, counters.inMessages - before);
    const inTurns = counters.inMessages;
    core.onTimer();
    core.flush();
    most = Math.max(most, counters.inMessages - inTurns);
    if (counters.inMessages === before) throw new Error("nothing gets on");
  }
  return most;
}

function fill(client: SimClient, count: number, line: (sid: number) => string): void {
  client.send(Array.from({ length: count }, (_, sid) => `SUB ${line(sid)} ${sid}\r\n`).join(""));
}

function worldOf(more: Partial<ConstructorParameters<typeof World>[0]> = {}): World {
  return new World({ seed: 3, workers: 1, chunkBytesMax: 1 << 18, recordsMax: 1 << 17, ...more });
}

describe("what is not delivered is counted", () => {
  test("A57: filters with a wildcard at every level, none of which matches", () => {
    const world = worldOf();
    const crowd = world.connect(1);
    const levels = 12;
    fill(crowd, 1 << levels, (sid) => {
      const tokens = Array.from({ length: levels }, (_, at) => ((sid >> at) & 1 ? "*" : "a"));
      return `${tokens.join(".")}.end`;
    });
    const publisher = world.connect(1);
    world.settle();
    const beginning = Array.from({ length: levels }, () => "a").join(".");
    for (let count = 0; count < PUBLISHED; count += 1) {
      publisher.publish(`${beginning}.x${count}`, "");
    }
    expect(mostInOneTurn(world, publisher, PUBLISHED)).toBeLessThanOrEqual(8);
    expect(crowd.deliveries).toEqual([]);
  });

  test("A57, AZ-07: subscriptions whose user may not receive the subject", () => {
    const permissions = { subscribe: { deny: ["news.secret.>"] } };
    const users = [{ user: "one", password: "x", account: "ONE", permissions }];
    const world = worldOf({ accounts: [{ name: "ONE" }], users });
    const crowd = world.connect(1, { user: "one", pass: "x" });
    fill(crowd, 5_000, () => "news.>");
    const publisher = world.connect(1, { user: "one", pass: "x" });
    world.settle();
    for (let count = 0; count < PUBLISHED; count += 1) {
      publisher.publish(`news.secret.${count}`, "");
    }
    expect(mostInOneTurn(world, publisher, PUBLISHED)).toBeLessThanOrEqual(8);
    expect(crowd.deliveries).toEqual([]);
  });

  test("A57, AZ-07: rights cost what the subject is long", () => {
    const permissions = { subscribe: { deny: ["news.secret.>"] } };
    const users = [{ user: "one", password: "x", account: "ONE", permissions }];
    const world = worldOf({ accounts: [{ name: "ONE" }], users });
    const crowd = world.connect(1, { user: "one", pass: "x" });
    fill(crowd, 100, (sid) => (sid % 2 === 0 ? "news.>" : "news.> group"));
    const publisher = world.connect(1, { user: "one", pass: "x" });
    world.settle();
    const long = "a.".repeat(1_900);
    for (let count = 0; count < 60; count += 1) {
      publisher.publish(`news.secret.${long}${count}`, "");
    }
    expect(mostInOneTurn(world, publisher, 60)).toBeLessThanOrEqual(4);
    expect(crowd.deliveries).toEqual([]);
  });

  test("A57, AZ-12: who may answer is asked for each delivery, too", () => {
    const permissions = {
      publish: { deny: ["no.>"] },
      responses: { messagesMax: 1, expiresMs: 1_000 },
    };
    const users: UserSpec[] = [
      { user: "one", password: "x", account: "ONE", permissions },
      { user: "two", password: "x", account: "ONE" },
    ];
    const world = worldOf({ accounts: [{ name: "ONE" }], users });
    const crowd = world.connect(1, { user: "one", pass: "x" });
    fill(crowd, 10, () => "work");
    const publisher = world.connect(1, { user: "two", pass: "x" });
    world.settle();
    const reply = "a.".repeat(1_900);
    for (let count = 0; count < 60; count += 1) publisher.publish("work", "", `${reply}${count}`);
    expect(mostInOneTurn(world, publisher, 60)).toBeLessThanOrEqual(12);
    world.settle();
    expect(crowd.deliveries).toHaveLength(600);
  });

  test("A57: queue groups of another thread, for who asks and for who answers", () => {
    const world = worldOf({ workers: 2, laneBytes: 1 << 23 });
    const groups = 20_000;
    fill(world.connect(2), groups, (sid) => `work g${sid}`);
    const publisher = world.connect(1);
    world.settle();
    for (let count = 0; count < 20; count += 1) publisher.publish("work", "");
    expect(mostInOneTurn(world, publisher, 20)).toBeLessThanOrEqual(10);
    world.settle();
    expect(world.clients[0]?.deliveries).toHaveLength(20 * groups);
  });
});

test("A57: a plan whose place in the index has very many sides is not kept for the next subject", () => {
  const world = worldOf();
  const crowd = world.connect(1);
  const levels = 8;
  fill(crowd, 1 << levels, (sid) => {
    const tokens = Array.from({ length: levels }, (_, at) => ((sid >> at) & 1 ? "*" : "a"));
    return `${tokens.join(".")}.*.end`;
  });
  world.connect(1).subscribe("1", ">");
  const publisher = world.connect(1);
  world.settle();
  const before = world.counters(1).planMisses;
  const beginning = Array.from({ length: levels }, () => "a").join(".");
  for (let count = 0; count < 20; count += 1) publisher.publish(`${beginning}.few.x${count}`, "");
  world.settle();
  world.tick();
  // Each is made by itself: what was kept of them was a list of 256 nodes, for each of 4,096 beginnings.
  expect(world.counters(1).planMisses - before).toBeGreaterThanOrEqual(20);
  expect(world.clients[1]?.deliveries).toHaveLength(20);
});

describe("a message that costs more than a turn", () => {
  /** Its plan is larger than the cache of plans, and takes longer than a turn to make. */
  const subject = `wide.${"x".repeat(2_000)}`;
  const receivers = 26_000;

  function publishWide(how: (publisher: SimClient) => void): World {
    const world = worldOf();
    fill(world.connect(1), receivers, () => "wide.*");
    const publisher = world.connect(1);
    world.settle();
    how(publisher);
    publisher.publish("next", "");
    mostInOneTurn(world, publisher, 2);
    return world;
  }

  test("A57: goes through, though its plan cannot be kept", () => {
    const world = publishWide((publisher) => publisher.publish(subject, ""));
    world.settle();
    expect(world.clients[0]?.deliveries).toHaveLength(receivers);
  });

  test("A57, AC-70: and where it is traced, for which plans are never kept", () => {
    const world = publishWide((publisher) =>
      publisher.publishWithHeader(subject, "NATS/1.0\r\nNats-Trace-Dest: told\r\n\r\n", ""),
    );
    world.settle();
    expect(world.clients[0]?.deliveries).toHaveLength(receivers);
  });

  test("A57: and where others change the interest in every turn", () => {
    const world = worldOf();
    const crowd = world.connect(1);
    fill(crowd, receivers, () => "work q");
    const churning = world.connect(1);
    const publisher = world.connect(1);
    world.settle();
    publisher.publish("work", "");
    for (let turn = 0; turn < 5; turn += 1) {
      churning.subscribe(`${turn}`, "work.too");
      withoutTimers(world);
      world.core(1).onTimer();
      world.core(1).flush();
    }
    withoutTimers(world);
    expect(crowd.deliveries).toHaveLength(1);
  });
});
