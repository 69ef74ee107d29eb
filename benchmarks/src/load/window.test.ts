import { expect, test } from "vitest";
import type { Figures } from "./job.ts";
import { measureWindow, type Turns } from "./window.ts";

const job = { warmUpMs: 1, measureMs: 20, target: { port: 1, serverPid: process.pid } };

test("a window holds what was counted in it, and what its end gives", async () => {
  let count = 100;
  const calls: string[] = [];
  const timer = setInterval(() => (count += 10), 1);
  const figures = await measureWindow(
    job,
    {
      count: () => count,
      begin: () => void calls.push("begin"),
      end: () => {
        calls.push("end");
        return { p50Us: 7 };
      },
    },
    undefined,
  );
  clearInterval(timer);
  expect(calls).toEqual(["begin", "end"]);
  expect(figures.p50Us).toBe(7);
  // Not what was there before: 100 in 20 ms would be 5,000 a second alone.
  expect(figures.throughput).toBeGreaterThan(0);
  expect(figures.throughput).toBeLessThan(10_100);
});

test("in turns, each window is told of, and the driver says how many there are", async () => {
  const told: Figures[] = [];
  let asked = 0;
  const turns: Turns = {
    next: async () => {
      // What is counted between two windows belongs to none.
      count += 1_000_000;
      asked += 1;
      return asked <= 3;
    },
    tell: (figures) => void told.push(figures),
  };
  let count = 0;
  const end = (): Figures => ({ p99Us: asked });
  const last = await measureWindow(job, { count: () => count, end }, turns);
  expect(asked).toBe(4);
  expect(told.map(({ p99Us }) => p99Us)).toEqual([1, 2, 3]);
  expect(told.every(({ throughput }) => throughput === 0)).toBe(true);
  expect(last.p99Us).toBe(3);
});
