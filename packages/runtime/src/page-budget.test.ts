import { expect, test } from "vitest";
import { type PageBounds, PageBudget, type PageHold } from "./page-budget.ts";

interface Reader {
  readonly hold: PageHold;
  readonly isCut: boolean;
}

/** A budget of 100 bytes. */
function budgetOf(bounds: Partial<PageBounds>): PageBudget {
  const usual = { bytesMax: 100, waitingBytesMax: 1_000, graceMs: 60_000, patienceMs: 60_000 };
  return new PageBudget({ ...usual, ...bounds });
}

async function letIn(budget: PageBudget, bytes: number): Promise<Reader> {
  let isCut = false;
  const hold = (await budget.take(bytes, () => {
    isCut = true;
    hold.release();
  })) as PageHold;
  return {
    hold,
    get isCut() {
      return isCut;
    },
  };
}

test("attack 20: who has stalled longest is cut when the room is needed, nobody before", async () => {
  const budget = budgetOf({ graceMs: 0 });
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
  const budget = budgetOf({});
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
  const budget = budgetOf({ graceMs: 20 });
  const first = await letIn(budget, 90);
  const second = await letIn(budget, 90);
  expect([first.isCut, second.isCut, budget.bytes]).toEqual([true, false, 90]);
});

test("bytes come back once, however a page ends", async () => {
  const budget = budgetOf({ graceMs: 0 });
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

test("attack 20: who trickles is cut when the next page has waited long enough", async () => {
  const budget = budgetOf({ graceMs: 100, patienceMs: 200 });
  const readers = [await letIn(budget, 50), await letIn(budget, 50)];
  const [slow, slower] = readers as [Reader, Reader];
  const startedMs = performance.now();
  let isLetIn = false;
  const next = letIn(budget, 50).then((reader) => {
    isLetIn = true;
    return reader;
  });
  // Both take something all the time, so none of them stands still.
  while (!isLetIn && !slower.isCut) {
    // In this order, so that a pause of the machine makes the same one stand still longest.
    slower.hold.taken(0.0001);
    slow.hold.taken(0.0002);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([slow.isCut, slower.isCut, (await next).isCut]).toEqual([false, true, false]);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(99);
});

test("who is cut may give its room back at once, and nobody behind is forgotten", async () => {
  const budget = budgetOf({ graceMs: 0 });
  const cuts: number[] = [];
  const holds: PageHold[] = [];
  const taken = Array.from({ length: 20 }, async (_, index) => {
    holds[index] = (await budget.take(60, () => {
      cuts.push(index);
      holds[index]?.release();
    })) as PageHold;
  });
  await Promise.all(taken);
  expect(cuts.length).toBe(19);
  holds[19]?.release();
  expect([budget.bytes, budget.waitingBytes]).toEqual([0, 0]);
});

test("what waits is bounded: a page beyond that gets a place, in turn", async () => {
  const budget = budgetOf({ waitingBytesMax: 50 });
  const first = await letIn(budget, 100);
  const second = letIn(budget, 30);
  expect(budget.take(30, () => undefined)).toBeUndefined();
  const order: string[] = [];
  const place = budget.place(50).then((given) => {
    order.push("place");
    return given;
  });
  // Also one that would fit must not come before the place.
  expect(budget.take(10, () => undefined)).toBeUndefined();
  first.hold.taken(30);
  await second;
  const given = await place;
  expect([order, budget.waitingBytes]).toEqual([["place"], 50]);
  const third = budget.take(40, () => undefined, given);
  expect(budget.waitingBytes).toBe(40);
  first.hold.release();
  (await third)?.release();
  (await second).hold.release();
  given.leave();
  expect([budget.bytes, budget.waitingBytes]).toEqual([0, 0]);
});
