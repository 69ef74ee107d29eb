import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { AssertionFailure } from "@weft/base";
import { describe, expect, it } from "vitest";
import { SharedGauge } from "./gauge.ts";

describe("shared gauge", () => {
  it("takes up to the bound and no more, each slot for itself", () => {
    const gauge = new SharedGauge(SharedGauge.createRegion(4));
    expect([1, 2, 3].map(() => gauge.tryAcquire(2, 2))).toEqual([true, true, false]);
    expect(gauge.count(2)).toBe(2);
    expect(gauge.tryAcquire(3, 1)).toBe(true);
    gauge.release(2);
    expect(gauge.tryAcquire(2, 2)).toBe(true);
    expect(gauge.tryAcquire(1, 0)).toBe(false);
  });

  it("gives back only what is above a bound", () => {
    const gauge = new SharedGauge(SharedGauge.createRegion(2));
    for (let i = 0; i < 3; i += 1) gauge.tryAcquire(1, 5);
    expect([1, 1, 1].map((max) => gauge.tryReleaseAbove(1, max))).toEqual([true, true, false]);
    expect(gauge.count(1)).toBe(1);
    expect(gauge.tryReleaseAbove(0, 0)).toBe(false);
  });

  it("fails when more is given back than was taken, and on a slot that is none", () => {
    const gauge = new SharedGauge(SharedGauge.createRegion(1));
    expect(() => gauge.release(0)).toThrow(AssertionFailure);
    expect(() => gauge.tryAcquire(1, 1)).toThrow(AssertionFailure);
  });

  it("is exact over threads", async () => {
    const region = SharedGauge.createRegion(2);
    const max = 5;
    const source = `
      const { parentPort, workerData } = require("node:worker_threads");
      import(workerData.url).then(({ SharedGauge }) => {
        const gauge = new SharedGauge(workerData.region);
        let taken = 0, over = 0;
        for (let i = 0; i < 100000; i++) {
          if (gauge.tryAcquire(0, ${max})) taken++;
          if (gauge.count(0) > ${max}) over++;
          if (taken > 0 && i % 3 === 0) { gauge.release(0); taken--; }
        }
        parentPort.postMessage({ taken, over });
      });`;
    const url = new URL("./gauge.ts", import.meta.url).href;
    const found = await Promise.all(
      [0, 1].map(async () => {
        const options = { eval: true, workerData: { region, url }, execArgv: [] };
        const [message] = await once(new Worker(source, options), "message");
        return message as { taken: number; over: number };
      }),
    );
    expect(found.reduce((sum, { over }) => sum + over, 0)).toBe(0);
    const taken = found.reduce((sum, report) => sum + report.taken, 0);
    expect(new SharedGauge(region).count(0)).toBe(taken);
    expect(taken).toBeGreaterThan(0);
  });
});
