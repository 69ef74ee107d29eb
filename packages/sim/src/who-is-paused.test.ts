// Who waits for a receiver that lags, and who does not (CP-105, CP-106, attack 57): requesters behind a
// service import do, strangers that happen to be on the same thread do not.
import type { AccountSpec } from "@weft/accounts";
import { LIMITS } from "@weft/base";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const PAYLOAD = "p".repeat(32 * 1024);
const MIB = 1024 * 1024;

const ACCOUNTS: readonly AccountSpec[] = [
  { name: "MAKER", exports: [{ kind: "service", subject: "svc" }] },
  { name: "USER", imports: [{ kind: "service", account: "MAKER", subject: "svc" }] },
];
const USERS = [
  { user: "maker", password: "x", account: "MAKER" },
  { user: "user", password: "x", account: "USER" },
  {
    user: "narrow",
    password: "x",
    account: "MAKER",
    permissions: { subscribe: { allow: [">"], deny: ["hidden.x"] } },
  },
];

function publishMany(client: SimClient, subject: string, count: number): void {
  for (let left = count; left > 0; left -= 1) client.publish(subject, PAYLOAD);
}

/** Lets milliseconds pass; who reads takes one write in each so many of them. */
function readNowAndThen(world: World, reader: SimClient, ms: number, everyMs: number): void {
  for (let at = 1; at <= ms; at += 1) {
    world.run(8);
    world.clock.advanceTo(world.clock.monotonicMs() + 1);
    if (at % everyMs === 0) reader.transport.takeOneWrite();
  }
}

describe("events of traces", () => {
  test.each([1, 2])(
    "CP-105, AC-70: who makes large ones waits for their reader, worker %i",
    (thread) => {
      const limits = { pendingBytesMax: 8 * MIB };
      const world = new World({
        seed: 23,
        workers: 2,
        chunkBytesMax: 1 << 17,
        recordsMax: 1 << 14,
        limits,
      });
      const publisher = world.connect(1);
      const control = "\x01".repeat(600);
      publisher.send(Array.from({ length: 400 }, (_, sid) => `SUB ${control} ${sid}\r\n`).join(""));
      const reader = world.connect(thread);
      reader.subscribe("1", "told");
      world.settle();
      reader.stopReading();
      const header = "NATS/1.0\r\nNats-Trace-Dest: told\r\nNats-Trace-Only: 1\r\n\r\n";
      const messages = 60;
      for (let left = messages; left > 0; left -= 1)
        publisher.publishWithHeader(control, header, "");
      readNowAndThen(world, reader, 4_000, 40);
      reader.resumeReading();
      world.settle();
      expect(world.closed).toEqual([]);
      expect(reader.deliveries).toHaveLength(messages);
      expect(reader.deliveries[0]?.payload.length).toBeGreaterThan(256 * 1024);
    },
  );
});

describe("requests through a service import", () => {
  for (const [thread, makerThread] of [
    [1, 1],
    [1, 2],
  ] as const) {
    test(`CP-105: wait for the service, worker ${thread} to ${makerThread}`, () => {
      const limits = { pendingBytesMax: 8 * MIB };
      const options = { seed: 21, workers: 2, chunkBytesMax: 1 << 17, limits };
      const world = new World({ ...options, accounts: ACCOUNTS, users: USERS });
      const maker = world.connect(makerThread, { user: "maker", pass: "x" });
      maker.subscribe("1", "svc");
      world.settle();
      maker.stopReading();
      const user = world.connect(thread, { user: "user", pass: "x" });
      const messages = 700;
      publishMany(user, "svc", messages);
      readNowAndThen(world, maker, 4_000, 40);
      maker.resumeReading();
      world.settle();
      expect(world.closed).toEqual([]);
      expect(maker.deliveries).toHaveLength(messages);
      expect(world.counters(thread).stalledClients).toBeGreaterThan(1);
    });
  }
});

describe("strangers", () => {
  test("attack 57: do not wait for who is told that nobody was there", () => {
    const options = { seed: 22, workers: 2, chunkBytesMax: 1 << 17, accounts: ACCOUNTS };
    const world = new World({ ...options, users: USERS });
    const asker = world.connect(1, { user: "narrow", pass: "x" });
    const other = world.connect(2, { user: "narrow", pass: "x" });
    const stranger = world.connect(1, { user: "user", pass: "x" });
    // Interest that never gets a message: the other thread says so, by control frames.
    other.subscribe("1", "hidden.>");
    asker.subscribe("9".repeat(3_000), "in.x");
    world.settle();
    asker.stopReading();
    const count = Math.ceil((LIMITS.stallHighBytes * 2) / 3_000);
    for (let asked = 0; asked < count; asked += 1) {
      asker.publish("hidden.x", "", "in.x");
      stranger.publish("mine", PAYLOAD);
      stranger.ping();
      world.settle();
    }
    const pings = stranger.pongs;
    asker.resumeReading();
    world.settle();
    expect(asker.deliveries.length).toBe(count);
    expect(pings).toBe(count);
    stranger.close();
    world.settle();
    expect(world.closed.map(({ stalls }) => stalls)).toEqual([0]);
  });
});

describe("limits and switches", () => {
  test("CP-106: without stalls nobody waits, also far below the limit", () => {
    const limits = { pendingBytesMax: 16 * MIB, noFastProducerStall: true };
    const world = new World({ seed: 23, workers: 1, chunkBytesMax: 1 << 17, limits });
    const laggard = world.connect(1);
    const other = world.connect(1);
    for (const client of [laggard, other]) client.subscribe("1", "flow");
    world.settle();
    laggard.stopReading();
    const messages = (24 * MIB) / PAYLOAD.length;
    publishMany(world.connect(1), "flow", messages);
    world.settle();
    expect(other.deliveries).toHaveLength(messages);
    expect(world.counters(1).stalledClients).toBe(0);
    laggard.resumeReading();
    world.settle();
    expect(laggard.deliveries.length).toBeGreaterThanOrEqual((11 * MIB) / PAYLOAD.length);
    expect(laggard.deliveries.length).toBeLessThan(messages);
  });

  for (const thread of [1, 2]) {
    test(`CP-105: a receiver with a small limit is waited for, from worker ${thread}`, () => {
      const limits = { pendingBytesMax: 2 * MIB };
      const options = { seed: 24, workers: 2, chunkBytesMax: 1 << 16, laneBytes: 1 << 18, limits };
      const world = new World(options);
      const reader = world.connect(1);
      reader.subscribe("1", "flow");
      world.settle();
      reader.stopReading();
      const messages = (16 * MIB) / PAYLOAD.length;
      publishMany(world.connect(thread), "flow", messages);
      readNowAndThen(world, reader, 6_000, 20);
      reader.resumeReading();
      world.settle();
      expect(world.closed).toEqual([]);
      expect(reader.deliveries).toHaveLength(messages);
    });
  }

  test("F27: what goes wrong behind a pause costs one connection", () => {
    const world = new World({ seed: 25, workers: 1, chunkBytesMax: 1 << 17 });
    const laggard = world.connect(1);
    const other = world.connect(1);
    for (const client of [laggard, other]) client.subscribe("1", "flow");
    world.settle();
    laggard.stopReading();
    const publisher = world.connect(1);
    publishMany(publisher, "flow", (LIMITS.stallHighBytes * 2) / PAYLOAD.length);
    while (world.counters(1).stalledClients === 0 && world.scheduler.step()) {}
    const { parser } = world.core(1);
    const feed = parser.feed.bind(parser);
    parser.feed = () => {
      parser.feed = feed;
      throw new Error("made for this test");
    };
    publisher.publish("flow", "behind the pause");
    laggard.resumeReading();
    world.settle();
    expect(world.closed.map(({ reason }) => reason)).toEqual(["Read Error"]);
    expect(world.counters(1).connectionFaults).toBe(1);
    other.ping();
    world.settle();
    expect(other.pongs).toBe(1);
  });
});
