// Real threads, real rings, real doorbells. A lost wake-up shows as a test that does not end.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { createMailboxes, seedTransferList } from "./mailbox-seed.ts";
import type { ExchangeOrder, ExchangeReport } from "./testing/exchange.ts";

const DEEP = process.env["WEFT_DEEP"] === "1" ? 100 : 1;

async function exchange(
  threadsCount: number,
  order: Omit<ExchangeOrder, "seed">,
  dataLaneBytes: number,
): Promise<ExchangeReport[]> {
  const seeds = createMailboxes(threadsCount, { dataLaneBytes });
  return Promise.all(
    seeds.map(async (seed) => {
      const workerData: ExchangeOrder = { ...order, seed };
      const transferList = seedTransferList(seed);
      const thread = new Worker(new URL("./testing/exchange-thread.ts", import.meta.url), {
        workerData,
        transferList,
        execArgv: [],
      });
      const exit = once(thread, "exit");
      const [report] = (await Promise.race([
        once(thread, "message"),
        exit.then(() => {
          throw new Error(`thread ${seed.index} ended without a report`);
        }),
      ])) as [ExchangeReport];
      expect((await exit)[0]).toBe(0);
      return report;
    }),
  );
}

const PLAIN: Omit<ExchangeOrder, "seed"> = {
  framesCount: 50_000 * DEEP,
  frameBytesMax: 200,
  largeEvery: 0,
  largeBytesMax: 0,
  controlEvery: 100,
  refuseEvery: 0,
};

describe("threads exchange frames", () => {
  const timeout = 15_000 * DEEP;

  it("both ways through rings of 64 KiB that are full most of the time", { timeout }, async () => {
    const reports = await exchange(2, PLAIN, 64 * 1024);
    for (const report of reports) {
      expect(report.errors).toEqual([]);
      expect(report.dataFrames).toBe(PLAIN.framesCount);
      expect(report.controlFrames).toBe(PLAIN.framesCount / PLAIN.controlEvery);
    }
    expect(reports.some(({ spaces }) => spaces > 0)).toBe(true);
  });

  it("with large frames among them, in order, and handlers that refuse", { timeout }, async () => {
    const order = {
      ...PLAIN,
      framesCount: 4_000 * Math.min(DEEP, 10),
      largeEvery: 100,
      largeBytesMax: 1_000_000,
      refuseEvery: 50,
    };
    for (const report of await exchange(2, order, 64 * 1024)) {
      expect(report.errors).toEqual([]);
      expect(report.dataFrames).toBe(order.framesCount);
      expect(report.largeFrames).toBeGreaterThan(30);
      expect(report.refusals).toBe(order.framesCount / order.refuseEvery);
    }
  });

  it("among three threads, with control frames that spill", { timeout }, async () => {
    const order = { ...PLAIN, framesCount: 5_000 * Math.min(DEEP, 10), controlEvery: 1 };
    for (const report of await exchange(3, order, 256 * 1024)) {
      expect(report.errors).toEqual([]);
      expect(report.dataFrames).toBe(2 * order.framesCount);
      expect(report.controlFrames).toBe(2 * order.framesCount);
    }
  });
});
