// Shares of a budget: nobody who needs little goes without, and nothing costs more than there is.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { inFairShares, type SharedBudget, setHalfAside } from "./fair-shares.ts";

interface Item {
  readonly owner: string;
  readonly steps: number;
}

const STEPS = 400_000;

/** Who found too little, and what was spent on all of it. */
function share(items: readonly Item[], steps = STEPS) {
  const budget: SharedBudget = { stepsLeft: steps, isShort: false };
  let spent = 0;
  const done: Item[] = [];
  const missed = inFairShares(
    items,
    ({ owner }) => owner,
    budget,
    (item) => {
      spent += Math.min(item.steps, budget.stepsLeft);
      budget.stepsLeft -= item.steps;
      if (budget.stepsLeft >= 0) done.push(item);
      return budget.stepsLeft >= 0;
    },
  );
  expect(spent).toBe(steps - budget.stepsLeft);
  expect(budget.isShort).toBe(missed.length > 0);
  return { done, missed, stepsLeft: budget.stepsLeft };
}

describe("attack 45: shares", () => {
  test("one alone has all, and what does not do is told", () => {
    expect(share([{ owner: "A", steps: STEPS }]).missed).toEqual([]);
    const two = [
      { owner: "A", steps: STEPS },
      { owner: "A", steps: 1 },
    ];
    expect(share(two).missed).toEqual([two[1]]);
  });

  test("many who would use up everything leave enough for one who needs little", () => {
    const dear = Array.from({ length: 1_000 }, (_, at) => ({ owner: `D${at % 50}`, steps: 1e9 }));
    const calm = Array.from({ length: 100 }, () => ({ owner: "CALM", steps: 30 }));
    expect(share([...dear, ...calm]).done).toEqual(calm);
  });

  test("one who needs most of it gets it when the others have what they need", () => {
    const most = { owner: "A", steps: 0.6 * STEPS };
    const rest = [1, 2, 3].map((at) => ({ owner: `B${at}`, steps: 1_000 }));
    expect(share([most, ...rest]).missed).toEqual([]);
  });

  test("whatever is asked for, each is done once or missed, at no more than there is", () => {
    const prng = createPrng(45);
    for (let round = 0; round < 500; round += 1) {
      const items = Array.from({ length: prng.below(30) }, () => ({
        owner: `O${prng.below(6)}`,
        steps: prng.below(4) === 0 ? prng.below(20_000) : prng.below(50),
      }));
      const { done, missed, stepsLeft } = share(items, prng.below(20_000));
      expect(stepsLeft).toBeGreaterThanOrEqual(0);
      const seen = new Set([...done, ...missed]);
      expect([done.length + missed.length, seen.size]).toEqual([items.length, items.length]);
    }
  });

  test("half of it is set aside and comes back", () => {
    const budget = { stepsLeft: 7, isShort: false };
    const putBack = setHalfAside(budget);
    expect(budget.stepsLeft).toBe(3);
    putBack();
    expect(budget.stepsLeft).toBe(7);
  });
});
