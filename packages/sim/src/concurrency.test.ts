// What holds however the events of several clients and workers are interleaved: nothing twice,
// nothing lost that a subscriber could count on, order per publisher, one of each queue group,
// chosen again until no destination is left (CP-65, SU-20, SU-25), and the world comes to rest.
import { describe, expect, test } from "vitest";
import { ConcurrentRun } from "./concurrent-run.ts";
import { forEachSeed } from "./seeds.ts";

describe("operations at the same time", () => {
  for (const workers of [1, 2, 4]) {
    test(`workers ${workers}, lanes for two messages`, () => {
      let refusals = 0;
      let messages = 0;
      forEachSeed(20 + workers, 6, (seed) => {
        const laneBytes = seed % 3 === 0 ? 1 << 16 : 200;
        const run = new ConcurrentRun({ seed, workers, rounds: 4, operations: 60, laneBytes });
        run.run();
        refusals += run.world.lanes.refusals;
        messages += run.history.messages.length;
      });
      expect(messages).toBeGreaterThan(100);
      if (workers > 1) expect(refusals).toBeGreaterThan(0);
    });
  }
});
