import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { StandInSearch } from "./stand-in-search.ts";

function searching(find: () => Promise<unknown>) {
  const state = { isThere: false, lines: [] as string[] };
  const search = new StandInSearch(
    {
      log: { write: (_level, text) => void state.lines.push(text) },
      isStandIn: () => !state.isThere,
      find,
    },
    0,
  );
  return { state, search };
}

test("AC-82: the real account is looked for, less and less often, until it is there", async () => {
  const looked: number[] = [];
  let nowMs = 0;
  const { state, search } = searching(async () => {
    looked.push(nowMs / 1_000);
    throw new Error("the resolver is down");
  });
  const run = async (untilMs: number): Promise<void> => {
    for (; nowMs <= untilMs; nowMs += 500) {
      search.tick(nowMs);
      await turn();
    }
  };
  await run(200_000);
  expect(looked).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
  expect(state.lines).toEqual([]);
  state.isThere = true;
  await run(1_000_000);
  expect(looked).toHaveLength(8);
  expect(state.lines).toEqual(["The bootstrapping system account has been replaced"]);
});

test("AC-82: one search at a time", async () => {
  let times = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const { search } = searching(() => {
    times += 1;
    return promise;
  });
  search.tick(1_000);
  search.tick(100_000);
  expect(times).toBe(1);
  resolve();
  await turn();
  search.tick(100_000);
  expect(times).toBe(2);
});
