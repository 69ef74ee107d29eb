// A57: one message for very many queue groups whose members are all of one client, which overflows in
// the middle of it: each group looks for another member, and that costs as much as there are groups.
import { expect, test } from "vitest";
import { World } from "./world.ts";

const GROUPS = 20_000;

test("A57, SU-25: members that cannot take a message are replaced without a search of all groups", () => {
  for (const workers of [1, 2]) {
    const world = new World({
      seed: 11,
      workers,
      chunkBytesMax: 1 << 20,
      recordsMax: 1 << 17,
      limits: { pendingBytesMax: 1 << 20 },
    });
    const crowd = world.connect(1);
    const lines = Array.from({ length: GROUPS }, (_, sid) => `SUB work g${sid} ${sid}\r\n`);
    crowd.send(lines.join(""));
    world.settle();
    const stayer = world.connect(1);
    stayer.subscribe("1", "work", `g${GROUPS - 1}`);
    const publisher = world.connect(workers);
    world.settle();
    crowd.stopReading();
    const startedMs = performance.now();
    publisher.publish("work", "x".repeat(256));
    world.settle();
    // A search for each: 200 million looks.
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(world.closed).toMatchObject([{ reason: "Slow Consumer (Pending Bytes)" }]);
    expect(stayer.deliveries).toHaveLength(1);
    publisher.publish("work", "again");
    world.settle();
    expect(stayer.deliveries.map(({ payload }) => payload).at(-1)).toBe("again");
    expect(stayer.deliveries).toHaveLength(2);
  }
});
