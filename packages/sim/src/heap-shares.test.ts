// Subscriptions on a filter that is known take no record of the interest index: what they take of a
// worker's heap is bounded apart, and what one account may take of it.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const BYTES_MAX = 1_000_000;
/** More than there is room for. */
const MANY = 4_000;
const ACCOUNTS = ["ONE", "TWO"];
const REFUSED = "maximum subscriptions exceeded";

interface Scene {
  readonly world: World;
  readonly texts: readonly string[];
  connect(account: string): SimClient;
}

function scene(subscriptionBytesMax = BYTES_MAX): Scene {
  const texts: string[] = [];
  const world = new World({
    seed: 12,
    workers: 1,
    chunkBytesMax: 1 << 18,
    subscriptionBytesMax,
    accounts: ACCOUNTS.map((name) => ({ name })),
    users: ACCOUNTS.map((name) => ({ user: name, password: "x", account: name })),
    onLog: (text) => texts.push(text),
  });
  return { world, texts, connect: (user) => world.connect(1, { user, pass: "x" }) };
}

/** All on one filter. */
function fill(client: SimClient, from: number, end: number): void {
  const lines = [];
  for (let sid = from; sid < end; sid += 1) lines.push(`SUB h ${sid}\r\n`);
  client.send(lines.join(""));
}

describe("an account's subscriptions on a worker's heap", () => {
  test("CP-60, A57: on one filter are refused when there is no room; the connection stays", () => {
    const { world, texts, connect } = scene();
    const greedy = connect("ONE");
    fill(greedy, 0, MANY);
    world.settle();
    const taken = world.core(1).subscriptions.count;
    expect(taken).toBeGreaterThan(1_500);
    expect(greedy.errors).toHaveLength(MANY - taken);
    expect(new Set(greedy.errors)).toEqual(new Set([REFUSED]));
    expect(greedy.closedBy).toBeUndefined();
    const [last = ""] = texts.slice(-1);
    expect(last).toMatch(/no room for subscriptions: account "ONE" has \d+ bytes of them here/);
    const other = connect("TWO");
    fill(other, 0, 50);
    other.publish("h", "x");
    world.settle();
    expect(other.errors).toEqual([]);
    expect(other.deliveries).toHaveLength(50);
  });

  test("CP-44: an UNSUB gives its room back, and so does an end by its count", () => {
    const { world, connect } = scene();
    const client = connect("ONE");
    fill(client, 0, MANY);
    world.settle();
    const { subscriptions } = world.core(1);
    const taken = subscriptions.count;
    for (let sid = 1_000; sid < 1_050; sid += 1) client.unsubscribe(String(sid));
    for (let sid = 1_050; sid < 1_100; sid += 1) client.unsubscribe(String(sid), 1);
    client.publish("h", "x");
    world.settle();
    expect(subscriptions.count).toBe(taken - 100);
    const before = client.errors.length;
    fill(client, MANY, MANY + 150);
    world.settle();
    expect(subscriptions.count).toBe(taken);
    expect(client.errors.length - before).toBe(50);
  });

  test("a client that goes, in slices, leaves nothing behind", () => {
    const { world, connect } = scene(4 * BYTES_MAX);
    const client = connect("ONE");
    fill(client, 0, 2 * MANY);
    const queued = connect("TWO");
    for (let sid = 0; sid < 100; sid += 1) queued.subscribe(String(sid), `a.${sid}`, `q${sid % 7}`);
    world.settle();
    const { heap, count } = world.core(1).subscriptions;
    expect(count).toBeGreaterThan(6_000);
    const accounts = [0, 1, 2, 3, 4];
    expect(accounts.filter((account) => heap.of(account) > 0)).toHaveLength(2);
    client.close();
    queued.close();
    world.settle();
    expect(accounts.map((account) => heap.of(account))).toEqual([0, 0, 0, 0, 0]);
    const again = connect("ONE");
    fill(again, 0, 2 * MANY);
    world.settle();
    expect(world.core(1).subscriptions.count).toBe(count - 100);
  });
});
