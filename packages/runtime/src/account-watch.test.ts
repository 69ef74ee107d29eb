import { expect, test } from "vitest";
import { AccountWatch } from "./account-watch.ts";

/** Looks, and tells what is found in no time. */
function look(watch: AccountWatch, nowMs: number): number[] {
  const found = watch.look(nowMs);
  watch.told(nowMs, 0);
  return found;
}

test("SY-03: accounts are told of when their count changes, and every 30 s while it is above 0", () => {
  const counts = [5, 0, 0, 0];
  const watch = new AccountWatch(counts.length, 1, (account) => counts[account] ?? 0);
  // Account 0 is not told of.
  expect(look(watch, 0)).toEqual([]);
  counts[2] = 1;
  counts[3] = 1;
  expect(look(watch, 100)).toEqual([2, 3]);
  expect(watch.active).toBe(3);
  expect(look(watch, 200)).toEqual([]);
  // A change begins the 30 s anew.
  counts[3] = 2;
  expect(look(watch, 20_000)).toEqual([3]);
  expect(look(watch, 30_099)).toEqual([]);
  expect(look(watch, 30_100)).toEqual([2]);
  expect(look(watch, 50_000)).toEqual([3]);
  // RL-04: an account that came with a reload.
  counts.push(1);
  watch.follow(counts.length);
  expect(look(watch, 50_050)).toEqual([4]);
  counts[4] = 0;
  expect(look(watch, 50_060)).toEqual([4]);
  counts[2] = 0;
  expect(look(watch, 50_100)).toEqual([2]);
  expect(look(watch, 200_000)).toEqual([3]);
});

test("SY-03: while accounts are told of nothing is looked for, and then the longer the more it took", () => {
  const counts = [0, 1];
  const watch = new AccountWatch(counts.length, 1, (account) => counts[account] ?? 0);
  expect(watch.look(0)).toEqual([1]);
  counts[1] = 2;
  expect(watch.look(100)).toEqual([]);
  watch.told(100, 5);
  expect(watch.look(259)).toEqual([]);
  expect(watch.look(260)).toEqual([1]);
  counts[1] = 3;
  watch.told(300, 1_000);
  expect(watch.look(2_299)).toEqual([]);
  expect(watch.look(2_300)).toEqual([1]);
  watch.told(2_300, 0);
  // Nothing found: no `told` is waited for.
  expect(watch.look(2_400)).toEqual([]);
  counts[1] = 0;
  expect(watch.look(2_500)).toEqual([1]);
});
