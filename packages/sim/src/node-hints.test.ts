// Frames that name the node their sender found, which may be another one's, or nobody's, when they
// arrive: the subject decides, and no subscription gets more or less than by a plan.
import { NodeList, SubjectTokens } from "@weft/subjects";
import { describe, expect, test } from "vitest";
import { numbers, offer, payloadsOf, type RunSpec, runFrame } from "./run-frames.ts";
import { World } from "./world.ts";

/** Node of `filter`'s interest in the segment of thread 2. */
function nodeOf(world: World, account: number, subject: string): number {
  const tokens = new SubjectTokens();
  const nodes = new NodeList();
  const bytes = Buffer.from(subject, "latin1");
  tokens.parse(bytes, 0, bytes.length);
  const index = world.index(1);
  index.enter();
  const count = index.reader(2)?.match(account, tokens, nodes);
  index.exit();
  expect(count).toBe(1);
  return nodes.at(0);
}

function offerRun(world: World, spec: RunSpec): void {
  expect(offer(world, 3, runFrame(world, 3, spec), 40)).toBe(true);
  world.core(2).flush();
  world.settle();
}

describe("a frame that names a node", () => {
  const create = (): World => new World({ seed: 4, workers: 2, extraThreads: 1 });

  test("goes to its subscriptions, each once, in order", () => {
    const world = create();
    const client = world.connect(2);
    for (const sid of ["1", "2", "3"]) client.subscribe(sid, "in.*");
    world.settle();
    offerRun(world, { subject: "in.7", node: nodeOf(world, 0, "in.7"), payloads: numbers(5) });
    for (const sid of ["1", "2", "3"]) expect(payloadsOf(client, sid, "in.7")).toEqual(numbers(5));
    expect(client.deliveries).toHaveLength(15);
  });

  test("whose filter is another one by now: the subject decides", () => {
    const world = create();
    const client = world.connect(2);
    client.subscribe("1", "in.*");
    client.subscribe("2", "other.x");
    world.settle();
    offerRun(world, { subject: "in.7", node: nodeOf(world, 0, "other.x"), payloads: ["a", "b"] });
    expect(client.deliveries.map(({ sid, payload }) => `${sid} ${payload}`)).toEqual([
      "1 a",
      "1 b",
    ]);
  });

  test("that is nobody's by now: the subject decides", () => {
    const world = create();
    const client = world.connect(2);
    client.subscribe("1", "in.*");
    client.subscribe("2", "gone.*");
    world.settle();
    const node = nodeOf(world, 0, "gone.x");
    client.unsubscribe("2");
    world.settle();
    for (const stale of [node, 0x7fff_ffff]) {
      offerRun(world, { subject: `in.${stale}`, node: stale, payloads: ["a"] });
    }
    expect(client.deliveries.map(({ sid }) => sid)).toEqual(["1", "1"]);
    offerRun(world, { subject: "gone.x", node, payloads: ["a"] });
    expect(client.deliveries).toHaveLength(2);
  });

  test("of another account: nothing crosses", () => {
    const world = new World({
      seed: 4,
      workers: 2,
      extraThreads: 1,
      accounts: [{ name: "ONE" }, { name: "TWO" }],
      users: [
        { user: "one", password: "p", account: "ONE" },
        { user: "two", password: "p", account: "TWO" },
      ],
    });
    const one = world.connect(2, { user: "one", pass: "p" });
    const two = world.connect(2, { user: "two", pass: "p" });
    for (const client of [one, two]) client.subscribe("1", "in.*");
    world.settle();
    expect([...one.errors, ...two.errors]).toEqual([]);
    const [first, second] = [one, two].map(
      (client) => world.core(2).rules.accountByName(client === one ? "ONE" : "TWO")?.index,
    );
    offerRun(world, {
      subject: "in.7",
      account: first ?? -1,
      node: nodeOf(world, second ?? -1, "in.7"),
      payloads: ["for one"],
    });
    expect(two.deliveries).toEqual([]);
    expect(one.deliveries.map(({ payload }) => payload)).toEqual(["for one"]);
  });

  test("CP-44: a maximum holds, and the subscription is gone behind it", () => {
    const world = create();
    const client = world.connect(2);
    client.subscribe("1", "in.*");
    client.unsubscribe("1", 3);
    world.settle();
    const node = nodeOf(world, 0, "in.7");
    offerRun(world, { subject: "in.7", node, payloads: ["a", "b"] });
    offerRun(world, { subject: "in.8", node, payloads: ["c", "d", "e"] });
    expect(client.deliveries.map(({ payload }) => payload)).toEqual(["a", "b", "c"]);
    expect(world.index(1).reader(2)?.plainCount(node)).toBe(0);
  });

  test("CP-44: what it delivers counts against a maximum that comes later", () => {
    const world = create();
    const client = world.connect(2);
    client.subscribe("1", "in.*");
    world.settle();
    const node = nodeOf(world, 0, "in.7");
    offerRun(world, { subject: "in.7", node, payloads: ["a", "b"] });
    client.unsubscribe("1", 3);
    world.settle();
    offerRun(world, { subject: "in.8", node, payloads: ["c", "d"] });
    expect(client.deliveries.map(({ payload }) => payload)).toEqual(["a", "b", "c"]);
  });

  test("CP-24, CP-47: echo off and no headers are heeded", () => {
    const world = create();
    const silent = world.connect(2, { echo: false });
    const old = world.connect(2, { headers: false, no_responders: false });
    silent.subscribe("1", "echo.*");
    old.subscribe("1", "old.*");
    world.settle();
    const clientId = 1;
    offerRun(world, {
      subject: "echo.1",
      node: nodeOf(world, 0, "echo.1"),
      payloads: ["a"],
      clientId,
    });
    const node = nodeOf(world, 0, "old.1");
    const header = "NATS/1.0\r\nA: b\r\n\r\n";
    offerRun(world, { subject: "old.1", node, payloads: ["b"], header });
    expect(silent.deliveries).toEqual([]);
    expect(old.deliveries).toEqual([
      { sid: "1", subject: "old.1", reply: undefined, header: undefined, payload: "b" },
    ]);
  });

  test("with many subscriptions of one filter each gets its own", () => {
    const world = create();
    const client = world.connect(2);
    for (const sid of numbers(12)) client.subscribe(sid, "in.*");
    world.settle();
    offerRun(world, { subject: "in.7", node: nodeOf(world, 0, "in.7"), payloads: ["a", "b"] });
    for (const sid of numbers(12)) expect(payloadsOf(client, sid, "in.7")).toEqual(["a", "b"]);
  });

  test("of a subject that comes once leaves no plan behind", () => {
    const world = create();
    const client = world.connect(2);
    client.subscribe("1", "in.*");
    world.settle();
    const node = nodeOf(world, 0, "in.x");
    const { cache } = world.core(2).publisher;
    const before = cache.bytes;
    for (const subject of numbers(200)) {
      offerRun(world, { subject: `in.${subject}`, node, payloads: ["a"] });
    }
    expect(cache.bytes).toBe(before);
    expect(client.deliveries).toHaveLength(200);
  });
});
