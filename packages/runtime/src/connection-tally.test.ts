// Placement by load, with both sides of the count.
import { expect, test } from "vitest";
import { GoneCounter, Placement } from "./connection-tally.ts";

function tally(workersCount: number): { placement: Placement; gone: GoneCounter[] } {
  const region = new SharedArrayBuffer((workersCount + 1) * 4);
  const gone = Array.from({ length: workersCount }, (_, i) => new GoneCounter(region, i + 1));
  return { placement: new Placement(region, workersCount), gone };
}

test("equals take turns, then the least loaded is next", () => {
  const { placement, gone } = tally(3);
  expect([1, 2, 3, 4].map(() => placement.take())).toEqual([0, 1, 2, 0]);
  gone[2]!.count();
  expect(placement.take()).toBe(2);
  gone[0]!.count();
  gone[0]!.count();
  expect([placement.take(), placement.load(0)]).toEqual([0, 1]);
  expect(placement.total()).toBe(3);
});

test("what could not be handed over does not count", () => {
  const { placement } = tally(2);
  const worker = placement.take();
  placement.giveBack(worker);
  expect(placement.total()).toBe(0);
});

test("a dead worker gets nothing; with none alive nobody does", () => {
  const { placement } = tally(2);
  placement.forget(0);
  expect([placement.take(), placement.take()]).toEqual([1, 1]);
  placement.forget(1);
  expect(placement.take()).toBe(-1);
});

test("loads are right after the counts have wrapped", () => {
  const region = new SharedArrayBuffer(8);
  const words = new Int32Array(region);
  const placement = new Placement(region, 1);
  for (let i = 0; i < 5; i += 1) placement.take();
  words[1] = 0x7fff_ffff;
  const gone = new GoneCounter(region, 1);
  const before = placement.load(0);
  gone.count();
  expect(placement.load(0)).toBe(before - 1);
});
