// SU-20 to SU-25 for groups of hundreds and messages of which each has a subject of its own: targets
// are made for whom the draw falls on alone, and nobody may notice.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World, type WorldOptions } from "./world.ts";

const MEMBERS = 150;
const MESSAGES = 6_000;

function worldOf(workers: number, more: Partial<WorldOptions> = {}): World {
  return new World({ seed: 21, workers, laneBytes: 1 << 20, recordsMax: 1 << 14, ...more });
}

function join(client: SimClient, filter: string, members = MEMBERS): void {
  const lines = Array.from({ length: members }, (_, sid) => `SUB ${filter} crew ${sid}\r\n`);
  client.send(lines.join(""));
}

function publishAll(world: World, publisher: SimClient, count = MESSAGES): void {
  for (let number = 0; number < count; number += 1) publisher.publish(`work.${number}.a`, "m");
  world.settle();
}

/** Each message once, under its own subject. */
function expectEachOnce(receivers: readonly SimClient[], count = MESSAGES, prefix = "work"): void {
  const subjects = receivers.flatMap(({ deliveries }) => deliveries.map(({ subject }) => subject));
  expect(subjects).toHaveLength(count);
  const wanted = Array.from({ length: count }, (_, number) => `${prefix}.${number}.a`);
  expect(new Set(subjects)).toEqual(new Set(wanted));
}

describe("large groups", () => {
  test.each([
    [1, [1]],
    [2, [2]],
    [2, [1, 2]],
    [4, [1, 2, 4]],
  ])("SU-21: %i workers, members on %j: one each time, all as often", (workers, threads) => {
    const world = worldOf(workers);
    const crews = threads.map((thread) => world.connect(thread));
    for (const crew of crews) join(crew, "work.>");
    const publisher = world.connect(1);
    world.settle();
    publishAll(world, publisher);
    expectEachOnce(crews);
    const counts = crews.flatMap(({ deliveries }) => {
      const bySid = new Array(MEMBERS).fill(0);
      for (const { sid } of deliveries) bySid[Number(sid)] += 1;
      return bySid as number[];
    });
    const fair = MESSAGES / counts.length;
    // Six standard deviations of a fair draw.
    for (const got of counts) expect(Math.abs(got - fair)).toBeLessThan(6 * Math.sqrt(fair));
  });

  test.each([1, 2])("SU-25: the only one who can take it does, %i workers", (workers) => {
    const world = worldOf(workers);
    const publisher = world.connect(1, { echo: false });
    join(publisher, "work.>");
    const other = world.connect(workers);
    other.subscribe("1", "work.>", "crew");
    // A second group: several are drawn for.
    join(publisher, "work.*.a", 100);
    other.subscribe("2", "work.>", "second");
    world.settle();
    publishAll(world, publisher, 500);
    expect(publisher.deliveries).toEqual([]);
    const firsts = other.deliveries.filter(({ sid }) => sid === "1");
    expect(firsts.map(({ subject }) => subject)).toHaveLength(500);
    expect(other.deliveries).toHaveLength(1_000);
  });

  test("SU-24: members who leave after some messages leave the rest to others", () => {
    const world = worldOf(1);
    const crew = world.connect(1);
    join(crew, "work.>");
    for (let sid = 0; sid < MEMBERS - 1; sid += 1) crew.unsubscribe(`${sid}`, 1);
    const publisher = world.connect(1);
    world.settle();
    publishAll(world, publisher, 1_000);
    expectEachOnce([crew], 1_000);
    const last = crew.deliveries.filter(({ sid }) => sid === `${MEMBERS - 1}`).length;
    expect(last).toBeGreaterThanOrEqual(1_000 - (MEMBERS - 1));
  });

  test("AC-20, SU-31: under the subject of a mapping and of an import", () => {
    const users = ["one", "two"].map((user) => {
      return { user, password: "x", account: user.toUpperCase() };
    });
    const world = worldOf(2, {
      users,
      accounts: [
        {
          name: "ONE",
          exports: [{ kind: "stream", subject: "done.>" }],
          mappings: [{ source: "work.*.a", destinations: [{ subject: "done.$1.a" }] }],
        },
        {
          name: "TWO",
          imports: [{ kind: "stream", account: "ONE", subject: "done.>", to: "far.>" }],
        },
      ],
    });
    const near = world.connect(1, { user: "one", pass: "x" });
    join(near, "done.>");
    const far = [1, 2].map((thread) => world.connect(thread, { user: "two", pass: "x" }));
    for (const crew of far) join(crew, "far.*.a");
    const publisher = world.connect(1, { user: "one", pass: "x" });
    world.settle();
    publishAll(world, publisher, 600);
    const all = [near, ...far].flatMap(({ deliveries }) => deliveries);
    const subjects = new Set(all.map(({ subject }) => subject));
    for (const subject of subjects) expect(subject).toMatch(/^(done|far)\.\d+\.a$/);
    // One group of that name over all accounts that get the message.
    expect(all).toHaveLength(600);
    expect(new Set([...subjects].map((subject) => subject.split(".")[1])).size).toBe(600);
  });

  test("A51: messages that wait for another turn are not taken for such that come again", () => {
    const world = worldOf(1, { chunkBytesMax: 1 << 20 });
    join(world.connect(1), "work.>", 3_000);
    const publisher = world.connect(1);
    world.settle();
    const { slots } = world.core(1).publisher.cache;
    const kept = (): number => slots.filter((plan) => plan !== undefined).length;
    const before = kept();
    publishAll(world, publisher, 200);
    expect(kept()).toBe(before);
  });
});
