// AC-60, A57: measured requests that nobody answers end faster than they can be told of. What waits is
// bounded; who exports the service is told of the first ones.
import { expect, test } from "vitest";
import { World } from "./world.ts";

const REQUESTS = 20_000;
/** Of latency-tracker.ts. */
const UNTOLD_MAX = 16_384;

test("AC-60: what waits to be told of requests that timed out is bounded", () => {
  const latency = { subject: "measured", samplingPercent: 100 } as const;
  const world = new World({
    seed: 9,
    workers: 1,
    chunkBytesMax: 1 << 18,
    accounts: [
      {
        name: "MAKER",
        exports: [{ kind: "service", subject: "ask", responseThresholdMs: 60_000, latency }],
      },
      { name: "USER", imports: [{ kind: "service", account: "MAKER", subject: "ask" }] },
    ],
    users: ["maker", "user"].map((user) => {
      return { user, password: "x", account: user.toUpperCase() };
    }),
  });
  const silent = world.connect(1, { user: "maker", pass: "x" });
  silent.subscribe("1", "ask");
  const told = world.connect(1, { user: "maker", pass: "x" });
  told.subscribe("1", "measured");
  const asking = world.connect(1, { user: "user", pass: "x" });
  asking.subscribe("1", "inbox.*");
  world.settle();
  for (let count = 0; count < REQUESTS; count += 1) asking.publish("ask", "?", "inbox.x");
  world.settle();
  expect(silent.deliveries).toHaveLength(REQUESTS);
  world.clock.advanceTo(world.clock.monotonicMs() + 60_000);
  for (let ticks = 0; ticks < 30; ticks += 1) {
    world.tick();
    world.settle();
  }
  expect(told.deliveries).toHaveLength(UNTOLD_MAX);
});
