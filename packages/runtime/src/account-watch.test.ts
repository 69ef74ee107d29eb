import { expect, test } from "vitest";
import { AccountWatch } from "./account-watch.ts";

test("SY-03: accounts are told of when their count changes, and every 30 s while it is above 0", () => {
  const counts = [5, 0, 0, 0];
  const watch = new AccountWatch(counts.length, 1, (account) => counts[account] ?? 0);
  // Account 0 is not told of.
  expect(watch.look(0)).toEqual([]);
  counts[2] = 1;
  counts[3] = 1;
  expect(watch.look(100)).toEqual([2, 3]);
  expect(watch.active).toBe(3);
  expect(watch.look(200)).toEqual([]);
  // A change begins the 30 s anew.
  counts[3] = 2;
  expect(watch.look(20_000)).toEqual([3]);
  expect(watch.look(30_099)).toEqual([]);
  expect(watch.look(30_100)).toEqual([2]);
  expect(watch.look(50_000)).toEqual([3]);
  // RL-04: an account that came with a reload.
  counts.push(1);
  watch.follow(counts.length);
  expect(watch.look(50_050)).toEqual([4]);
  counts[4] = 0;
  expect(watch.look(50_060)).toEqual([4]);
  counts[2] = 0;
  expect(watch.look(50_100)).toEqual([2]);
  expect(watch.look(200_000)).toEqual([3]);
});
