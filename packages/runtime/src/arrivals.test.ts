import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Arrivals } from "./arrivals.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const pass = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("who comes alone is taken at once", async () => {
  const taken: number[] = [];
  const arrivals = new Arrivals<number>((placed) => taken.push(placed));
  for (let count = 0; count < 20; count += 1) {
    arrivals.add(count);
    expect(taken.length).toBe(count + 1);
    await pass();
  }
});

test("of many who come at once a few are taken in each pass, in their order", async () => {
  const taken: number[] = [];
  const arrivals = new Arrivals<number>((placed) => taken.push(placed));
  const all = Array.from({ length: 1000 }, (_, index) => index);
  for (const placed of all) arrivals.add(placed);
  let before = 0;
  expect(taken.length).toBeLessThanOrEqual(8);
  for (let passes = 0; taken.length < 1000; passes += 1) {
    expect(passes).toBeLessThan(200);
    expect(taken.length - before).toBeLessThanOrEqual(8);
    before = taken.length;
    await pass();
  }
  expect(taken).toEqual(all);
  expect(arrivals.waiting).toBe(0);
});

test("who comes while others wait is taken behind them", async () => {
  const taken: string[] = [];
  const arrivals = new Arrivals<string>((placed) => {
    taken.push(placed);
    if (placed === "8") arrivals.add("called within");
  });
  for (let count = 0; count < 10; count += 1) arrivals.add(`${count}`);
  await pass();
  expect(taken.at(-1)).toBe("called within");
  expect(taken.length).toBe(11);
});

test("who was taken is let go of, also where so many come that somebody always waits", async () => {
  const taken: WeakRef<object>[] = [];
  const arrivals = new Arrivals<object>((placed) => taken.push(new WeakRef(placed)));
  const come = (count: number): void => {
    for (let at = 0; at < count; at += 1) arrivals.add({});
  };
  come(20);
  for (let passes = 0; passes < 200; passes += 1) {
    come(8);
    await pass();
  }
  expect(arrivals.waiting).toBeGreaterThan(0);
  collect();
  expect(taken.length).toBeGreaterThan(1_500);
  expect(taken.filter((placed) => placed.deref() !== undefined).length).toBeLessThan(100);
});

test("once all are refused nobody is taken: neither who waits nor who comes later", async () => {
  const taken: number[] = [];
  const refused: number[] = [];
  const arrivals = new Arrivals<number>((placed) => taken.push(placed));
  for (let count = 0; count < 30; count += 1) arrivals.add(count);
  await pass();
  for (let count = 30; count < 40; count += 1) arrivals.add(count);
  arrivals.refuseAll((placed) => refused.push(placed));
  for (let count = 40; count < 80; count += 1) arrivals.add(count);
  expect([taken.length + refused.length, refused.length > 60]).toEqual([80, true]);
  await pass();
  await pass();
  expect([...taken, ...refused]).toEqual(Array.from({ length: 80 }, (_, index) => index));
});
