import { expect, test } from "vitest";
import { PageBudget, type PageHold } from "./page-budget.ts";

interface Reader {
  readonly hold: PageHold;
  readonly isCut: boolean;
}

async function letIn(budget: PageBudget, bytes: number): Promise<Reader> {
  let isCut = false;
  const hold = await budget.take(bytes, () => {
    isCut = true;
    hold.release();
  });
  return {
    hold,
    get isCut() {
      return isCut;
    },
  };
}

test("attack 20: who has stalled longest is cut when the room is needed, nobody before", async () => {
  const budget = new PageBudget(100, 0);
  const first = await letIn(budget, 40);
  const second = await letIn(budget, 40);
  first.hold.taken(10);
  expect(budget.bytes).toBe(70);
  const third = await letIn(budget, 60);
  expect([first.isCut, second.isCut, third.isCut]).toEqual([false, true, false]);
  expect(budget.bytes).toBe(90);
  const fourth = await letIn(budget, 100);
  expect([first.isCut, third.isCut, fourth.isCut, budget.bytes]).toEqual([true, true, false, 100]);
});

test("who took something just now is waited for", async () => {
  const budget = new PageBudget(100, 60_000);
  const first = await letIn(budget, 90);
  const waiting = letIn(budget, 30);
  const behind = letIn(budget, 1);
  first.hold.taken(10);
  expect(budget.bytes).toBe(80);
  first.hold.taken(10);
  await waiting;
  // In the order they came in, though there was room for the small one at once.
  first.hold.taken(1);
  await behind;
  expect([first.isCut, budget.bytes]).toEqual([false, 100]);
});

test("after its grace a reader that stands still makes room", async () => {
  const budget = new PageBudget(100, 20);
  const first = await letIn(budget, 90);
  const second = await letIn(budget, 90);
  expect([first.isCut, second.isCut, budget.bytes]).toEqual([true, false, 90]);
});

test("bytes come back once, however a page ends", async () => {
  const budget = new PageBudget(100, 0);
  const reader = await letIn(budget, 50);
  reader.hold.taken(60);
  reader.hold.release();
  reader.hold.release();
  expect(budget.bytes).toBe(0);
  const whole = await letIn(budget, 1_000);
  expect(budget.bytes).toBe(100);
  whole.hold.release();
  expect(budget.bytes).toBe(0);
});
