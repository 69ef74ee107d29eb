// A worker that stood still (its process was stopped, its machine was moved) does not blame its
// clients: what they sent in time is read before deadlines are looked at (CP-31, CP-104).
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

const OPTIONS = { workers: 1, users: [{ user: "u", password: "x" }] };
const LOGIN = { user: "u", pass: "x" };
const STANDSTILL_MS = 5_000;

/** Time passes, and the worker neither reads nor looks at its clock. */
function standStill(world: World): void {
  world.clock.advanceTo(world.clock.monotonicMs() + STANDSTILL_MS);
}

describe("a worker that stood still", () => {
  test("CP-31: a CONNECT that came meanwhile is in time", () => {
    const world = new World({ seed: 1, ...OPTIONS });
    const client = world.open(1);
    world.settle();
    client.connect(LOGIN);
    client.ping();
    standStill(world);
    world.tick();
    world.advance(1_000);
    expect(client.errors).toEqual([]);
    expect(client.pongs).toBe(1);
  });

  test("CP-104: a receiver that read meanwhile is no slow consumer", () => {
    const world = new World({ seed: 2, ...OPTIONS, limits: { writeDeadlineMs: 2_000 } });
    const reader = world.connect(1, LOGIN);
    const writer = world.connect(1, LOGIN);
    reader.subscribe("1", "a");
    world.settle();
    reader.stopReading();
    writer.publish("a", "x".repeat(100_000));
    world.settle();
    world.advance(100);
    reader.resumeReading();
    standStill(world);
    world.tick();
    world.advance(1_000);
    expect(reader.closedBy).toBeUndefined();
    expect(reader.deliveries).toHaveLength(1);
  });

  test("CP-31: who said nothing is refused at the next look", () => {
    const world = new World({ seed: 3, ...OPTIONS });
    const client = world.open(1);
    world.settle();
    standStill(world);
    world.tick();
    world.settle();
    expect(client.errors).toEqual([]);
    world.advance(100);
    expect(client.errors).toEqual(["Authentication Timeout"]);
  });

  test("CP-31: a worker that is late every time has deadlines too", () => {
    const world = new World({ seed: 4, ...OPTIONS });
    const client = world.open(1);
    world.settle();
    for (let count = 0; count < 2; count += 1) {
      standStill(world);
      world.tick();
      world.settle();
    }
    expect(client.errors).toEqual(["Authentication Timeout"]);
  });
});
