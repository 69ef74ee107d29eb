import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { StandInSearch } from "./stand-in-search.ts";

const BEGIN = ["Using bootstrapping system account", "The system account cannot be had: not found"];

function searching(find: () => Promise<string | undefined>) {
  const state = { isThere: true, isStandIn: true, lines: [] as string[] };
  const search = new StandInSearch(
    {
      log: { write: (_level, text) => void state.lines.push(text) },
      isStandIn: () => state.isStandIn,
      isThere: () => state.isThere,
      find,
    },
    "not found",
    0,
  );
  return { state, search };
}

test("AC-82: the real account is looked for, less and less often, until it is there", async () => {
  const looked: number[] = [];
  let nowMs = 0;
  const { state, search } = searching(async () => {
    looked.push(nowMs / 1_000);
    return "not found";
  });
  const run = async (untilMs: number): Promise<void> => {
    for (; nowMs <= untilMs; nowMs += 500) {
      search.tick(nowMs);
      await turn();
    }
  };
  await run(200_000);
  expect(looked).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
  expect(state.lines).toEqual(BEGIN);
  state.isStandIn = false;
  await run(1_000_000);
  expect(looked).toHaveLength(8);
  expect(state.lines.slice(2)).toEqual(["The bootstrapping system account has been replaced"]);
});

test("AC-82: what keeps it away is told once, and told that it is gone", async () => {
  const problems = ["not found", "not trusted", "not trusted", undefined, "down", "not trusted"];
  const { state, search } = searching(async () => {
    const problem = problems.shift();
    if (problem === "down") throw new Error(problem);
    return problem;
  });
  for (let step = 1; step < 7; step += 1) {
    search.tick(step * 100_000);
    await turn();
  }
  expect(problems).toEqual([]);
  const told = ["not trusted", "down", "not trusted"];
  const lines = told.map((problem) => `The system account cannot be had: ${problem}`);
  expect(state.lines).toEqual([...BEGIN, ...lines]);
  state.isStandIn = false;
  state.isThere = false;
  search.tick(1_000_000);
  await turn();
  expect(state.lines.at(-1)).toBe("The bootstrapping system account has been removed");
});

test("AC-82: one search at a time", async () => {
  let times = 0;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { search } = searching(() => {
    times += 1;
    return promise;
  });
  search.tick(1_000);
  search.tick(100_000);
  expect(times).toBe(1);
  resolve(undefined);
  await turn();
  search.tick(100_000);
  expect(times).toBe(2);
});
