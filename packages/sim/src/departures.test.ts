// A57: a client with very many subscriptions that ends, or logs in anew. They leave the index in
// slices, one in each turn; what is promised about them is true from the first turn on.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { forEachSeed } from "./seeds.ts";
import { World } from "./world.ts";

const MANY = 10_000;
/** Of `departures.ts`: what one turn takes out. */
const SLICE = 2_048;

const ACCOUNTS = [{ name: "ONE" }, { name: "OTHER" }];
const USERS = ["one", "other"].map((user) => {
  return { user, password: "x", account: user.toUpperCase() };
});
const ONE = { user: "one", pass: "x" };
const OTHER = { user: "other", pass: "x" };

function createWorld(seed: number, workers: number): World {
  const options = { chunkBytesMax: 1 << 18, recordsMax: 1 << 15 };
  return new World({ seed, workers, accounts: ACCOUNTS, users: USERS, ...options });
}

function fill(client: SimClient, count: number, line: (sid: number) => string): void {
  client.send(Array.from({ length: count }, (_, sid) => `SUB ${line(sid)} ${sid}\r\n`).join(""));
}

function recordsUsed(world: World, thread: number): number {
  return world.index(thread).writer?.recordsUsed ?? 0;
}

/** Everything that is under way, but no timers: nothing departs meanwhile. */
function withoutTimers(world: World): void {
  world.run(100_000);
}

function step(world: World, thread: number): void {
  world.core(thread).onTimer();
  world.core(thread).flush();
}

/** A client with a million subscriptions, scaled. It ends with an error that it does not read. */
function endUnread(world: World, client: SimClient): void {
  world.settle();
  client.stopReading();
  client.send("boom\r\n");
  withoutTimers(world);
}

describe("the end of a client with very many subscriptions", () => {
  test("A57: a turn takes out a bounded number; none is counted from the first on", () => {
    const world = createWorld(1, 1);
    const client = world.connect(1, ONE);
    const bystander = world.connect(1, ONE);
    bystander.subscribe("1", "stays");
    fill(client, MANY, (sid) => `f${sid}`);
    world.settle();
    expect(world.counters(1).subscriptions).toBe(MANY + 1);
    client.close();
    withoutTimers(world);
    expect(world.counters(1).subscriptions).toBe(1);
    expect(world.closed).toMatchObject([{ subscriptions: MANY }]);
    let turns = 0;
    for (let before = recordsUsed(world, 1); before > 2; turns += 1) {
      step(world, 1);
      const now = recordsUsed(world, 1);
      expect(before - now).toBeLessThanOrEqual(SLICE);
      before = now;
    }
    expect(turns).toBe(Math.ceil(MANY / SLICE));
    world.settle();
    expect(recordsUsed(world, 1)).toBe(2);
  });

  test("A57: thousands of tokens are counted, wherever the client ends or logs in anew", () => {
    const tokens = 2_000;
    const count = 30;
    const world = new World({
      seed: 8,
      workers: 1,
      accounts: ACCOUNTS,
      users: USERS,
      chunkBytesMax: 1 << 18,
      recordsMax: 1 << 17,
    });
    const [client, anew] = [world.connect(1, ONE), world.connect(1, ONE)];
    const filter = "a.".repeat(tokens - 2);
    for (const [place, one] of [client, anew].entries()) {
      fill(one, count, (sid) => `${place}x${sid}.${filter}b`);
    }
    world.settle();
    const all = 2 * count * tokens;
    expect(recordsUsed(world, 1)).toBe(all + 1);
    // A subscription with records as 8 usual ones counts as 2.
    const most = SLICE * 8 + tokens;
    client.close();
    anew.connect(OTHER);
    let before = recordsUsed(world, 1);
    withoutTimers(world);
    expect(before - recordsUsed(world, 1)).toBeLessThanOrEqual(most);
    for (let turns = 0; recordsUsed(world, 1) > 0; turns += 1) {
      before = recordsUsed(world, 1);
      step(world, 1);
      expect(before - recordsUsed(world, 1)).toBeLessThanOrEqual(most);
      expect(turns).toBeLessThan((2 * all) / (SLICE * 8));
    }
    world.settle();
    expect(world.faults).toEqual([]);
  });

  test("A57: the ends of many clients in one pass of the loop share its work", () => {
    const world = createWorld(2, 1);
    const clients = Array.from({ length: 20 }, () => world.connect(1, ONE));
    for (const [place, client] of clients.entries()) {
      fill(client, MANY / 20, (sid) => `f${place}x${sid}`);
    }
    world.settle();
    for (const client of clients) client.close();
    withoutTimers(world);
    expect(world.closed).toHaveLength(20);
    expect(recordsUsed(world, 1)).toBeGreaterThanOrEqual(MANY - SLICE);
    world.settle();
    expect(recordsUsed(world, 1)).toBe(0);
    expect(world.counters(1).subscriptions).toBe(0);
  });

  test("A57, CP-64: it gets nothing more, and who asks it is told so", () => {
    for (const workers of [1, 2]) {
      const world = createWorld(3, workers);
      const gone = world.connect(1, ONE);
      const requesters = [1, workers].map((thread) => world.connect(thread, ONE));
      for (const requester of requesters) requester.subscribe("1", "inbox.*.*");
      fill(gone, MANY, (sid) => (sid % 3 === 0 ? `f.${sid}` : `f.${sid} q`));
      const asked = [0, 1, 2, MANY - 1];
      const ask = (reply: string): void => {
        for (const requester of requesters) {
          for (const sid of asked) requester.publish(`f.${sid}`, "?", `inbox.${reply}.${sid}`);
        }
      };
      world.settle();
      // Plans that name it are made, and kept.
      for (const round of ["a", "b"]) ask(round);
      world.settle();
      const before = gone.deliveries.length;
      expect(before).toBe(2 * 2 * asked.length);
      endUnread(world, gone);
      for (let count = 0; recordsUsed(world, 1) > 100 && count < 3; count += 1) {
        for (const requester of requesters) requester.takeDeliveries();
        ask(`c${count}`);
        withoutTimers(world);
        const answers = requesters.map(({ deliveries }) => deliveries.length);
        // All inboxes are everybody's: each 503 goes to its own requester.
        expect(answers).toEqual(requesters.map(() => asked.length));
        step(world, 1);
      }
      gone.resumeReading();
      world.settle();
      expect(gone.deliveries).toHaveLength(before);
      expect(gone.errors).toEqual(["Unknown Protocol Operation"]);
    }
  });

  test("A57, SU-25: a queue group goes on with who is left, exactly once", () => {
    forEachSeed(70, 6, (seed) => {
      const workers = 1 + (seed % 3);
      const world = createWorld(seed, workers);
      const gone = world.connect(1, ONE);
      const stayer = world.connect(workers, ONE);
      const publishers = [1, workers].map((thread) => world.connect(thread, ONE));
      fill(gone, MANY / 2, () => "work q");
      stayer.subscribe("1", "work", "q");
      world.settle();
      for (const publisher of publishers) publisher.publish("work", "before");
      endUnread(world, gone);
      const before = stayer.takeDeliveries().length + gone.deliveries.length;
      const wanted: string[] = [];
      for (let count = 0; count < 4; count += 1) {
        for (const [place, publisher] of publishers.entries()) {
          wanted.push(`${count}.${place}`);
          publisher.publish("work", `${count}.${place}`);
        }
        withoutTimers(world);
        step(world, 1);
      }
      world.settle();
      expect(stayer.deliveries.map(({ payload }) => payload).sort()).toEqual(wanted.sort());
      expect(before).toBeLessThanOrEqual(2);
    });
  });
});

describe("requests of one frame to somebody who is on his way out", () => {
  test("A57, CP-64: their answers wait for room, and none is lost or doubled", () => {
    const requests = 80;
    /** Of the simulated lanes: answers beyond this wait. */
    const room = 64 * 1024;
    let waited = 0;
    forEachSeed(90, 8, (seed) => {
      const world = createWorld(seed, 2);
      const gone = world.connect(2, ONE);
      const requester = world.connect(1, ONE);
      requester.subscribe("1", "inbox");
      const subject = `seen.${"y".repeat(3_000)}`;
      // The sender keeps a plan for it before anybody else has heard of it.
      for (let count = 0; count < 2; count += 1) requester.publish(subject, "");
      world.settle();
      fill(gone, MANY, (sid) => `f${sid}`);
      gone.subscribe("last", "seen.*");
      endUnread(world, gone);
      // The index names it still. The subject is new to its thread, so the node of the frame decides.
      expect(recordsUsed(world, 2)).toBeGreaterThan(MANY / 2);
      requester.send(`PUB ${subject} inbox 0\r\n\r\n`.repeat(requests));
      withoutTimers(world);
      expect(requester.deliveries, `seed ${seed}`).toHaveLength(requests);
      expect(world.lanes.controlBytesMax, `seed ${seed}`).toBeLessThan(room + 2 * subject.length);
      if (world.lanes.controlBytesMax > room) waited += 1;
      world.settle();
      expect(requester.deliveries).toHaveLength(requests);
      expect(gone.deliveries).toEqual([]);
      world.assertQuiet();
    });
    expect(waited).toBeGreaterThan(0);
  });
});

describe("a client with very many subscriptions that logs in anew", () => {
  test("A57, CP-29: it goes on when the last one is out, and hears of its new account alone", () => {
    const world = createWorld(4, 2);
    const client = world.connect(1, ONE);
    const one = world.connect(2, ONE);
    const other = world.connect(2, OTHER);
    fill(client, MANY, () => "news");
    world.settle();
    client.connect(OTHER);
    client.subscribe("new", "news");
    client.ping();
    withoutTimers(world);
    expect(client.pongs).toBe(0);
    expect(world.counters(1).subscriptions).toBe(0);
    other.publish("news", "too early");
    withoutTimers(world);
    for (let turns = 0; client.pongs === 0 && turns < 20; turns += 1) {
      step(world, 1);
      withoutTimers(world);
    }
    expect(client.pongs).toBe(1);
    expect(recordsUsed(world, 1)).toBe(2);
    one.publish("news", "of the old account");
    other.publish("news", "of the new account");
    world.settle();
    expect(client.deliveries.map(({ payload }) => payload)).toEqual(["of the new account"]);
    expect(world.counters(1).subscriptions).toBe(1);
  });

  test("A57, RL-06: a reload meanwhile does not let it in before", () => {
    const world = createWorld(5, 1);
    const client = world.connect(1, ONE);
    fill(client, MANY, (sid) => `f${sid}`);
    world.settle();
    client.connect(OTHER);
    client.ping();
    withoutTimers(world);
    world.reload({ accounts: ACCOUNTS, users: USERS.slice(0, 1) });
    withoutTimers(world);
    expect(client.pongs).toBe(0);
    world.settle();
    expect(client.pongs).toBe(0);
    expect(client.errors).toEqual(["Authorization Violation"]);
    expect(recordsUsed(world, 1)).toBe(0);
  });

  test("A57: it may end before", () => {
    const world = createWorld(6, 1);
    const client = world.connect(1, ONE);
    fill(client, MANY, (sid) => `f${sid}`);
    world.settle();
    client.connect(OTHER);
    withoutTimers(world);
    client.close();
    world.settle();
    expect(world.faults).toEqual([]);
    expect(recordsUsed(world, 1)).toBe(0);
    expect(world.counters(1)).toMatchObject({ subscriptions: 0, connections: 0 });
  });
});
