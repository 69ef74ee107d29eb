// Random sub, unsub, publish and close sequences equal the model, whatever the number of workers
// (CP-24, CP-43, CP-44, CP-64, CP-65, CP-66, CP-74, SU-20, SU-21, SU-26).
import { describe, expect, test } from "vitest";
import { forEachSeed } from "./seeds.ts";
import { SequentialRun } from "./sequential-run.ts";

describe("one operation after the other equals the model", () => {
  for (const workers of [1, 2, 4]) {
    test(`workers ${workers}`, () => {
      let publishes = 0;
      let deliveries = 0;
      let noResponders = 0;
      forEachSeed(10 + workers, 6, (seed) => {
        const laneBytes = seed % 2 === 0 ? 160 : 1 << 16;
        const run = new SequentialRun({ seed, workers, operations: 250, laneBytes });
        run.run();
        publishes += run.publishes;
        deliveries += run.deliveries;
        noResponders += run.noResponders;
      });
      expect(publishes).toBeGreaterThan(100);
      expect(deliveries).toBeGreaterThan(100);
      expect(noResponders).toBeGreaterThan(0);
    });
  }
});
