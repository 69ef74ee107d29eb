// A request that reaches nobody is answered with a 503, whatever its reply subject is called.
import { expect, test } from "vitest";
import { World } from "./world.ts";

for (const inbox of ["_INBOX", "inbox"]) {
  test(`CP-64, CP-106: a request that its only receiver drops gets its 503 (${inbox})`, () => {
    const world = new World({
      seed: 8,
      workers: 1,
      chunkBytesMax: 1 << 16,
      limits: { noFastProducerStall: true, pendingBytesMax: 1 << 20 },
    });
    const server = world.connect(1);
    server.subscribe("1", "service");
    const requester = world.connect(1);
    requester.subscribe("9", `${inbox}.*`);
    world.settle();
    server.stopReading();
    for (let count = 0; count < 400; count += 1) requester.publish("service", "x".repeat(4_000));
    world.settle();
    const before = requester.deliveries.length;
    expect(before).toBe(0);
    expect(server.closedBy).toBeUndefined();
    requester.publish("service", "y".repeat(4_000), `${inbox}.1`);
    world.settle();
    expect(requester.deliveries.map(({ subject }) => subject)).toEqual([`${inbox}.1`]);
  });
}

test("CP-64: very many subscriptions of the requester do not make its 503s dear", () => {
  const world = new World({ seed: 9, workers: 1, chunkBytesMax: 1 << 20, recordsMax: 1 << 16 });
  const requester = world.connect(1);
  const other = world.connect(1);
  const many = 40_000;
  const lines = Array.from({ length: many }, (_, sid) => `SUB f.${sid} ${sid}\r\n`);
  requester.send(lines.join(""));
  requester.send("SUB in.*.queue group g\r\nSUB in.a.* plain\r\n");
  other.subscribe("1", "in.>");
  world.settle();
  const asked = 2_000;
  const replies = ["in.a.x", "in.b.queue", "out.a"];
  for (let count = 0; count < asked; count += 1) {
    for (const reply of replies) requester.publish(`nobody.${count}`, "?", reply);
  }
  const startedMs = performance.now();
  world.settle();
  // One by one: 240 million comparisons.
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  expect(requester.deliveries).toHaveLength(asked);
  expect(new Set(requester.deliveries.map(({ sid }) => sid))).toEqual(new Set(["plain"]));
  expect(other.deliveries).toEqual([]);
});
