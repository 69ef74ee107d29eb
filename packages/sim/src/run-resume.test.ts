// A reader whose turn is spent in the middle of a run: the frame is offered again and goes on where
// it stopped.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { numbers, offer, payloadsOf, runFrame } from "./run-frames.ts";
import { World } from "./world.ts";

const RECEIVERS = 600;
/** So long that a turn is spent after some thirty of them. */
const LONG_BYTES = 600;

function long(count: number, from = 0): string[] {
  return numbers(count, from).map((text) => text.padEnd(LONG_BYTES, "."));
}

describe("a reader whose turn is spent in the middle of a run", () => {
  function crowdedWorld(): { world: World; crowd: SimClient } {
    const world = new World({ seed: 3, workers: 2, extraThreads: 2 });
    const crowd = world.connect(2);
    for (let sid = 0; sid < RECEIVERS; sid += 1) crowd.subscribe(`${sid}`, "fan.*");
    world.settle();
    return { world, crowd };
  }

  test("goes on where it stopped, each lane by itself (A57)", () => {
    const { world, crowd } = crowdedWorld();
    const one = runFrame(world, 3, { subject: "fan.3", payloads: long(45) });
    const other = runFrame(world, 4, { subject: "fan.4", payloads: long(40) });
    let refused = 0;
    const waiting = [
      { from: 3, frame: one },
      { from: 4, frame: other },
    ];
    for (let turn = 0; waiting.length > 0; turn += 1) {
      expect(turn).toBeLessThan(20);
      for (const lane of [...waiting]) {
        if (offer(world, lane.from, lane.frame, 8 * (turn + lane.from))) {
          waiting.splice(waiting.indexOf(lane), 1);
        } else refused += 1;
      }
      world.core(2).flush();
      if (turn % 2 === 1) waiting.reverse();
      world.settle();
    }
    expect(refused).toBeGreaterThan(2);
    for (const sid of ["0", "17", `${RECEIVERS - 1}`]) {
      expect(payloadsOf(crowd, sid, "fan.3")).toEqual(long(45));
      expect(payloadsOf(crowd, sid, "fan.4")).toEqual(long(40));
    }
    expect(crowd.deliveries).toHaveLength(RECEIVERS * 85);
    expect(world.faults).toEqual([]);
  });

  test("the rest goes to whoever is there then", () => {
    const { world, crowd } = crowdedWorld();
    const frame = runFrame(world, 3, { subject: "fan.x", payloads: long(45) });
    expect(offer(world, 3, frame, 64)).toBe(false);
    world.core(2).flush();
    world.settle();
    const before = payloadsOf(crowd, "0", "fan.x").length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(45);
    crowd.unsubscribe("0");
    const late = world.connect(2);
    late.subscribe("1", "fan.x");
    world.settle();
    while (!offer(world, 3, frame, 64)) world.core(2).flush();
    world.core(2).flush();
    world.settle();
    expect(payloadsOf(crowd, "0", "fan.x")).toEqual(long(before));
    expect(payloadsOf(crowd, "1", "fan.x")).toEqual(long(45));
    expect(payloadsOf(late, "1", "fan.x")).toEqual(long(45 - before, before));
    // The next frame of the lane begins at its beginning.
    const next = runFrame(world, 3, { subject: "fan.x", payloads: ["next"] });
    expect(offer(world, 3, next, 64)).toBe(true);
    world.core(2).flush();
    world.settle();
    expect(late.deliveries.at(-1)?.payload).toBe("next");
  });
});
