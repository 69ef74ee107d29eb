// AC-70, AC-75, SU-34: traced messages that nobody is to get, and what their traces may cost.
import { expect, test } from "vitest";
import { World } from "./world.ts";

const ONLY = "Nats-Trace-Only: 1\r\n";

function traced(to: string, more = ""): string {
  return `NATS/1.0\r\nNats-Trace-Dest: ${to}\r\n${more}\r\n`;
}

test("SU-34: a traced request that a mapping loses is answered by nobody", () => {
  const world = new World({
    seed: 3,
    workers: 1,
    users: [{ user: "u", password: "x", account: "A" }],
    accounts: [
      { name: "A", mappings: [{ source: "ask", destinations: [{ subject: "ask", weight: 0 }] }] },
    ],
  });
  const requester = world.connect(1, { user: "u", pass: "x" });
  requester.subscribe("9", "inbox");
  world.settle();
  for (const header of ["NATS/1.0\r\nA: 1\r\n\r\n", traced("told")]) {
    requester.publishWithHeader("ask", header, "m", "inbox");
    world.settle();
    expect(requester.deliveries).toEqual([]);
  }
});

test("AC-75: an answer whose destination is refused is not delivered, and told of", () => {
  const responses = { messagesMax: 1, expiresMs: 60_000 };
  const world = new World({
    seed: 5,
    workers: 1,
    users: [
      { user: "all", password: "p" },
      {
        user: "svc",
        password: "p",
        permissions: { publish: { allow: ["ok.>"] }, responses },
      },
    ],
  });
  const asker = world.connect(1, { user: "all", pass: "p" });
  asker.subscribe("1", "inbox.1");
  const service = world.connect(1, { user: "svc", pass: "p" });
  service.subscribe("1", "ask");
  world.settle();
  asker.publish("ask", "q", "inbox.1");
  world.settle();
  service.publishWithHeader("inbox.1", traced("forbidden", ONLY), "answer");
  world.settle();
  expect(asker.deliveries).toEqual([]);
  expect(service.errors).toHaveLength(1);
});

test("SU-39, AC-72: the trace of a refused message tells what it was mapped to", () => {
  const users = [
    { user: "u", password: "x", account: "A", permissions: { publish: { deny: ["bad.>"] } } },
    { user: "reader", password: "x", account: "A" },
  ];
  const destinations = [1, 2].map((place) => ({ subject: `bad.${place}`, weight: 50 }));
  const mappings = [
    { source: "ok.in", destinations: [{ subject: "bad.out" }] },
    { source: "ok.drawn", destinations },
  ];
  const accounts = [{ name: "A", mappings }, { name: "$SYS" }];
  const world = new World({ seed: 4, workers: 1, users, accounts });
  const [publisher, reader] = users.map(({ user }) => world.connect(1, { user, pass: "x" }));
  reader?.subscribe("1", "told");
  world.settle();
  for (const subject of ["ok.in", "ok.drawn"]) {
    publisher?.publishWithHeader(subject, traced("told"), "m");
    world.settle();
    const [told] = reader?.takeDeliveries() ?? [];
    expect(told?.payload).toMatch(/"type":"in".*"error":.*"type":"sm".*"to":"bad\.(?:out|1|2)"/);
  }
});

test.each([1, 2])("A57: many small events cut off no reader, on thread %i", (thread) => {
  const world = new World({
    seed: 23,
    workers: 2,
    chunkBytesMax: 1 << 17,
    recordsMax: 1 << 14,
    limits: { pendingBytesMax: 8 << 20 },
  });
  const publisher = world.connect(1);
  const subject = "\x01".repeat(600);
  publisher.send(Array.from({ length: 7 }, (_, sid) => `SUB ${subject} ${sid}\r\n`).join(""));
  const reader = world.connect(thread);
  reader.subscribe("1", "told");
  world.settle();
  reader.stopReading();
  for (let count = 600; count > 0; count -= 1) {
    publisher.publishWithHeader(subject, traced("told", ONLY), "");
  }
  for (let at = 1; at <= 6_000; at += 1) {
    world.run(8);
    world.clock.advanceTo(world.clock.monotonicMs() + 1);
    if (at % 10 === 0) reader.transport.takeOneWrite();
  }
  reader.resumeReading();
  world.settle();
  expect(world.closed).toEqual([]);
});

test("A57: reports of long texts count against the turn of who writes and of who reads them", () => {
  const world = new World({
    seed: 9,
    workers: 2,
    laneBytes: 1 << 24,
    chunkBytesMax: 1 << 20,
    recordsMax: 1 << 15,
  });
  const crowd = world.connect(2);
  const subject = "\x01".repeat(4_000);
  for (let sid = 0; sid < 65; sid += 1) crowd.send(`SUB ${subject} ${sid}\r\n`);
  const publisher = world.connect(1);
  world.settle();
  const spent = [0, 0];
  for (const thread of [1, 2]) {
    const { publisher: follower } = world.core(thread);
    const spend = follower.spend.bind(follower);
    follower.spend = (deliveries, bodyBytes) => {
      spent[thread - 1] = (spent[thread - 1] as number) + deliveries;
      spend(deliveries, bodyBytes);
    };
  }
  for (let count = 0; count < 100; count += 1) {
    publisher.publishWithHeader(subject, traced("nobody.listens", ONLY), "");
  }
  world.settle();
  // A report holds a quarter of a megabyte, and a turn three of them.
  for (const work of spent) expect(work).toBeGreaterThan(100 * 30_000);
});

test("A51: destinations that come once each leave no plans behind", () => {
  const world = new World({ seed: 11, workers: 1 });
  const listener = world.connect(1);
  for (let sid = 0; sid < 10; sid += 1) listener.subscribe(`${sid}`, "told.>", "group");
  const publisher = world.connect(1);
  world.settle();
  const { cache } = world.core(1).publisher;
  const before = cache.count;
  for (let count = 0; count < 200; count += 1) {
    publisher.publishWithHeader("m", traced(`told.${count}`), "");
  }
  world.settle();
  expect(listener.deliveries).toHaveLength(200);
  expect(cache.count - before).toBeLessThan(10);
});
