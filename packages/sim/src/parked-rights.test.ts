// A publish that was parked and goes through by the hit path must not lend its "answered already" to
// the publish behind it.
import { expect, test } from "vitest";
import { forEachSeed } from "./seeds.ts";
import { World } from "./world.ts";

test("AZ-01: a parked publish lends no right to the next one", () => {
  let parked = 0;
  forEachSeed(95, 5, (seed) => {
    const world = new World({
      seed,
      workers: 1,
      chunkBytesMax: 1 << 17,
      users: [
        { user: "all", password: "p" },
        { user: "some", password: "p", permissions: { publish: { allow: ["fan.>"] } } },
      ],
    });
    const crowd = world.connect(1, { user: "all", pass: "p" });
    for (let sid = 0; sid < 600; sid += 1) crowd.subscribe(`${sid}`, "fan.x");
    const guard = world.connect(1, { user: "all", pass: "p" });
    guard.subscribe("1", "secret.>");
    world.settle();
    const limited = world.connect(1, { user: "some", pass: "p" });
    const beside = world.connect(1, { user: "some", pass: "p" });
    world.settle();
    limited.send(`${"PUB fan.x 1\r\nx\r\n".repeat(400)}PUB secret.plan 1\r\n!\r\n`);
    // Until its turn is spent.
    for (let step = 0; step < 50 && !limited.transport.paused; step += 1) world.run(1);
    if (limited.transport.paused) parked += 1;
    for (let sid = 1; sid < 600; sid += 1) crowd.unsubscribe(`${sid}`);
    for (let count = 0; count < 4; count += 1) beside.publish("fan.x", "y");
    world.settle();
    expect(guard.deliveries, `seed ${seed}`).toEqual([]);
    expect(limited.errors.length, `seed ${seed}`).toBe(1);
  });
  expect(parked).toBeGreaterThan(0);
});
