// AC-60, A57: measured requests that nobody answers, more than a worker can keep, and more than it
// can tell of. What waits is bounded; who exports the service is told of the first ones.
import { LIMITS } from "@weft/base";
import { expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const REQUESTS = 20_000;
/** Of latency-tracker.ts. */
const UNTOLD_MAX = 16_384;
const THRESHOLD_MS = 60_000;

interface Scene {
  readonly world: World;
  readonly service: SimClient;
  readonly told: SimClient;
  readonly asking: SimClient;
}

function scene(samplingPercent: number | "headers"): Scene {
  const latency = { subject: "measured", samplingPercent } as const;
  const world = new World({
    seed: 9,
    workers: 1,
    chunkBytesMax: 1 << 18,
    accounts: [
      {
        name: "MAKER",
        exports: [{ kind: "service", subject: "ask", responseThresholdMs: THRESHOLD_MS, latency }],
      },
      { name: "USER", imports: [{ kind: "service", account: "MAKER", subject: "ask" }] },
    ],
    users: ["maker", "user"].map((user) => {
      return { user, password: "x", account: user.toUpperCase() };
    }),
  });
  const service = world.connect(1, { user: "maker", pass: "x" });
  service.subscribe("1", "ask");
  const told = world.connect(1, { user: "maker", pass: "x" });
  told.subscribe("1", "measured");
  const asking = world.connect(1, { user: "user", pass: "x" });
  asking.subscribe("1", "inbox.*");
  world.settle();
  return { world, service, told, asking };
}

function tick(world: World, times: number): void {
  for (let ticks = 0; ticks < times; ticks += 1) {
    world.tick();
    world.settle();
  }
}

test("AC-60: what waits to be told of requests that timed out is bounded", () => {
  const { world, service, told, asking } = scene(100);
  for (let count = 0; count < REQUESTS; count += 1) asking.publish("ask", "?", "inbox.x");
  world.settle();
  expect(service.deliveries).toHaveLength(REQUESTS);
  world.clock.advanceTo(world.clock.monotonicMs() + THRESHOLD_MS);
  tick(world, 30);
  expect(told.deliveries).toHaveLength(UNTOLD_MAX);
});

test("AC-60: the oldest of too many are told of once, and may still be answered", () => {
  const { world, service, told, asking } = scene("headers");
  const extra = 4_000;
  const last = LIMITS.measuredRequestsMax + extra;
  // A header that says 0 asks for nothing.
  for (let id = 1; id <= last; id += 1) {
    asking.publishWithHeader("ask", `NATS/1.0\r\nB3: ${id}\r\n\r\n`, "?", "inbox.x");
    if (id % 1_000 === 0) world.settle();
  }
  world.settle();
  expect(service.deliveries).toHaveLength(last);
  expect(told.deliveries).toEqual([]);
  tick(world, 12);
  const idOf = (payload: string): number => Number(JSON.parse(payload).header.B3[0]);
  const events = (): string[] => told.deliveries.map(({ payload }) => payload);
  expect(events().map(idOf)).toEqual(Array.from({ length: extra }, (_, place) => place + 1));
  expect(JSON.parse(events()[0] as string)).toMatchObject({ status: 504 });
  // One that was dropped, and one that was not.
  for (const id of [1, last]) service.publish(service.deliveries[id - 1]?.reply ?? "", "!");
  world.settle();
  expect(asking.deliveries).toHaveLength(2);
  expect(events().slice(extra).map(idOf)).toEqual([last]);
  world.clock.advanceTo(world.clock.monotonicMs() + THRESHOLD_MS);
  tick(world, 30);
  const ids = events().map(idOf);
  expect(ids).toHaveLength(extra + 1 + UNTOLD_MAX);
  expect(new Set(ids).size).toBe(ids.length);
  expect(world.faults).toEqual([]);
});
