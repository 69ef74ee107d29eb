import { expect, test } from "vitest";
import { sharesOf } from "./reload-server.ts";

const ROWS: readonly [number[], number, number[]][] = [
  [[5, 5], 4, [2, 2]],
  [[9, 0, 0], 4, [4, 0, 0]],
  [[3, 3, 3], 4, [2, 1, 1]],
  [[1, 1, 8], 5, [1, 0, 4]],
  [[2, 2], 0, [0, 0]],
  [[2, 2], 4, [2, 2]],
  [[2, 1], 9, [2, 1]],
];

test.each(ROWS)("RL-06: %j may keep %i together", (open, max, shares) => {
  const total = open.reduce((sum, count) => sum + count, 0);
  expect(sharesOf(open, total, max)).toEqual(shares);
});
