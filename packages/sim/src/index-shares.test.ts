// The interest segment of a worker has a fixed size: what one account may take of it, and what is left
// for the others.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const RECORDS = 1 << 12;
const ACCOUNTS = ["ONE", "TWO", "SMALL"];
const REFUSED = "maximum subscriptions exceeded";

interface Scene {
  readonly world: World;
  readonly texts: readonly string[];
  connect(account: string): SimClient;
}

function scene(): Scene {
  const texts: string[] = [];
  const world = new World({
    seed: 11,
    workers: 1,
    chunkBytesMax: 1 << 18,
    recordsMax: RECORDS,
    accounts: ACCOUNTS.map((name) => ({ name })),
    users: ACCOUNTS.map((name) => ({ user: name, password: "x", account: name })),
    onLog: (text) => texts.push(text),
  });
  return { world, texts, connect: (user) => world.connect(1, { user, pass: "x" }) };
}

function used(world: World): number {
  return world.index(1).writer?.recordsUsed ?? 0;
}

/** One record each, and one for the account. */
function fill(client: SimClient, count: number): void {
  client.send(Array.from({ length: count }, (_, sid) => `SUB f${sid} ${sid}\r\n`).join(""));
}

describe("an account's share of the interest index", () => {
  test("CP-60: one that is alone may have nearly all; the log says who was refused", () => {
    const { world, texts, connect } = scene();
    const client = connect("ONE");
    fill(client, RECORDS);
    world.settle();
    expect(used(world)).toBe((RECORDS * 15) / 16);
    expect(new Set(client.errors)).toEqual(new Set([REFUSED]));
    const [last = ""] = texts.slice(-1);
    expect(last).toContain('no room in the interest index: account "ONE" has 3840 records here');
    // What takes no record of its own is taken.
    const before = client.errors.length;
    client.subscribe("again", "f1");
    world.settle();
    expect(client.errors).toHaveLength(before);
  });

  test("A57: others find room whatever one takes, in thousands of tokens too", () => {
    const { world, connect } = scene();
    const greedy = connect("ONE");
    const long = "a.".repeat(500);
    for (let sid = 0; sid < 20; sid += 1) greedy.subscribe(String(sid), `${sid}.${long}b`);
    world.settle();
    expect(greedy.errors.length).toBeGreaterThan(0);
    const small = connect("SMALL");
    fill(small, 200);
    world.settle();
    expect(small.errors).toEqual([]);
    small.publish("f7", "x");
    world.settle();
    expect(small.deliveries).toHaveLength(1);
  });

  test("two that want everything have the same in the end, and leave some", () => {
    const { world, connect } = scene();
    const [one, two] = [connect("ONE"), connect("TWO")];
    fill(one, RECORDS);
    world.settle();
    one.close();
    world.settle();
    expect(used(world)).toBe(0);
    const again = connect("ONE");
    for (let sid = 0; sid < RECORDS; sid += 1) {
      again.subscribe(String(sid), `f${sid}`);
      two.subscribe(String(sid), `f${sid}`);
      if (sid % 64 === 0) world.settle();
    }
    world.settle();
    const { shares } = world.core(1).subscriptions;
    const [first, second] = [again, two].map(({ errors }) => RECORDS - errors.length);
    expect(Math.abs((first ?? 0) - (second ?? 0))).toBeLessThanOrEqual(80);
    expect(used(world)).toBeLessThan(RECORDS);
    expect(used(world)).toBeGreaterThan((RECORDS * 30) / 31 - 80);
    for (const client of [again, two]) client.close();
    world.settle();
    expect([0, 1, 2, 3].map((account) => shares.of(account))).toEqual([0, 0, 0, 0]);
  });
});
