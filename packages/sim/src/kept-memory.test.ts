// What a worker keeps of its clients costs what it weighs. Small buffers are pieces of a pool of
// Node's, 64 KiB, which stays as long as any piece of it does: among clients that come and go, one
// kept piece is a kept pool.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { AccountSpec } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

const COUNT = 64;
/** Far below a pool, and above what anything of a client needs. */
const KEPT_EACH_MAX = 16 * 1024;

const ACCOUNTS: readonly AccountSpec[] = [
  {
    name: "MAKER",
    exports: [
      { kind: "service", subject: "svc.>" },
      { kind: "stream", subject: "feed.>" },
    ],
  },
  {
    name: "USER",
    imports: [
      { kind: "service", account: "MAKER", subject: "svc.>" },
      { kind: "stream", account: "MAKER", subject: "feed.>", prefix: "from" },
    ],
  },
];
const USERS: readonly UserSpec[] = ACCOUNTS.map(({ name }) => ({
  user: name.toLowerCase(),
  password: "x",
  account: name,
}));
const MAKER = { user: "maker", pass: "x" };
const USER = { user: "user", pass: "x" };

setFlagsFromString("--expose-gc");
const collectOnce = runInNewContext("gc") as () => void;

/** Memory of buffers is freed behind a collection; the next one waits for that. */
function collect(): void {
  for (let count = 0; count < 3; count += 1) collectOnce();
}

function createWorld(): World {
  return new World({ seed: 1, workers: 2, accounts: ACCOUNTS, users: USERS });
}

/** Bytes of buffers that live on, for each of `COUNT` times `act`, with other clients in between. */
function keptEach(act: (round: number) => void): number {
  act(0);
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 1; round <= COUNT; round += 1) {
    act(round);
    // What the connections of others need meanwhile.
    for (let used = 0; used < Buffer.poolSize; used += 1_024) Buffer.allocUnsafe(1_024);
  }
  collect();
  return (process.memoryUsage().arrayBuffers - before) / COUNT;
}

describe("memory kept among clients that come and go", () => {
  test("a kept piece of a pool would be seen", () => {
    const kept: Buffer[] = [];
    const each = keptEach(() => {
      kept.push(Buffer.from("1"));
    });
    expect(each).toBeGreaterThan(KEPT_EACH_MAX);
    expect(kept).toHaveLength(COUNT + 1);
  });

  test("a subscription", () => {
    const world = createWorld();
    const each = keptEach((round) => {
      world.connect(1, USER).subscribe("1", `steady.${round}`, "group");
      world.settle();
    });
    expect(world.counters(1).connections).toBe(COUNT + 1);
    expect(each).toBeLessThan(KEPT_EACH_MAX);
  });

  test("AC-34: what a service was told of a requester", () => {
    const world = createWorld();
    const maker = world.connect(2, MAKER);
    maker.subscribe("1", "svc.>");
    world.settle();
    const each = keptEach(() => {
      const client = world.connect(1, USER);
      client.publish("svc.ask", "?", "inbox");
      world.settle();
      client.close();
      world.settle();
    });
    expect(maker.deliveries).toHaveLength(COUNT + 1);
    expect(each).toBeLessThan(KEPT_EACH_MAX);
  });

  test("plans with queue groups and imported subjects, here and on another thread", () => {
    const world = createWorld();
    const publisher = world.connect(1, MAKER);
    for (const thread of [1, 2]) {
      world.connect(thread, MAKER).subscribe("1", "feed.>", "group");
      world.connect(thread, USER).subscribe("1", "from.feed.>", "group");
    }
    world.settle();
    const each = keptEach((round) => {
      for (const payload of ["first", "second"]) publisher.publish(`feed.${round}`, payload);
      world.settle();
    });
    expect(world.core(1).publisher.cache.bytes).toBeGreaterThan(COUNT * 320);
    expect(each).toBeLessThan(KEPT_EACH_MAX);
  });
});
