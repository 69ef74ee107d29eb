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
