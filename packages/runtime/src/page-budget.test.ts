import { expect, test } from "vitest";
import { type PageBounds, PageBudget, type PageHold, type PageReader } from "./page-budget.ts";

interface Reader {
  readonly hold: PageHold;
  readonly isCut: boolean;
}

/** A budget of 100 bytes. */
function budgetOf(bounds: Partial<PageBounds>): PageBudget {
  const usual = { bytesMax: 100, waitingBytesMax: 1_000, graceMs: 60_000, patienceMs: 60_000 };
  return new PageBudget({ ...usual, ...bounds });
}

let addresses = 0;

function newAddress(): string {
  addresses += 1;
  return `10.0.0.${addresses}`;
}

/** Each reader has an address of its own, unless it is named. */
async function letIn(budget: PageBudget, bytes: number, address = newAddress()): Promise<Reader> {
  let isCut = false;
  const cut = (): void => {
    isCut = true;
    hold.release();
  };
  const hold = (await budget.take(bytes, { address, cut })) as PageHold;
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
    const cut = (): void => {
      cuts.push(index);
      holds[index]?.release();
    };
    holds[index] = (await budget.take(60, { address: "10.0.0.1", cut })) as PageHold;
  });
  await Promise.all(taken);
  expect(cuts.length).toBe(19);
  holds[19]?.release();
  expect([budget.bytes, budget.waitingBytes]).toEqual([0, 0]);
});

const SECOND: PageReader = { address: "10.0.1.2", cut: () => undefined };

test("what waits is bounded: a page beyond that gets a place, in turn", async () => {
  const budget = budgetOf({ waitingBytesMax: 50 });
  const first = await letIn(budget, 100);
  const second = letIn(budget, 30, SECOND.address);
  expect(budget.take(30, SECOND)).toBeUndefined();
  const order: string[] = [];
  const place = budget.place(50, SECOND.address).then((given) => {
    order.push("place");
    return given;
  });
  // Also one that would fit must not come before the place.
  expect(budget.take(10, SECOND)).toBeUndefined();
  first.hold.taken(30);
  await second;
  const given = await place;
  expect([order, budget.waitingBytes]).toEqual([["place"], 50]);
  const third = budget.take(40, SECOND, given);
  expect(budget.waitingBytes).toBe(40);
  first.hold.release();
  (await third)?.release();
  (await second).hold.release();
  given.leave();
  expect([budget.bytes, budget.waitingBytes]).toEqual([0, 0]);
});

test("attack 20: who holds many pages comes behind others, and is cut for them after the grace", async () => {
  const budget = budgetOf({ graceMs: 50, waitingBytesMax: 60 });
  const greedy: Reader[] = [];
  for (let count = 0; count < 4; count += 1) greedy.push(await letIn(budget, 25, "10.0.2.1"));
  const queued = [letIn(budget, 25, "10.0.2.1"), letIn(budget, 25, "10.0.2.1")];
  let isLetIn = false;
  const modest = letIn(budget, 25, "10.0.2.2").then((reader) => {
    isLetIn = true;
    return reader;
  });
  while (!isLetIn) {
    for (const { hold } of greedy) hold.taken(0.0001);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // A minute of patience was not needed, and those who waited before are still waiting.
  expect(greedy.filter(({ isCut }) => isCut).length).toBe(1);
  expect([(await modest).isCut, budget.waitingBytes]).toEqual([false, 50]);
  for (const { hold } of greedy) hold.release();
  expect((await Promise.all(queued)).every(({ isCut }) => !isCut)).toBe(true);
});

test("attack 20: where no room is left to wait, one who has nothing yet may still do so", async () => {
  const budget = budgetOf({ waitingBytesMax: 50 });
  const first = await letIn(budget, 100, "10.0.3.1");
  const queued = [letIn(budget, 25, "10.0.3.1"), letIn(budget, 25, "10.0.3.1")];
  const more = { address: "10.0.3.1", cut: () => undefined };
  expect(budget.take(25, more)).toBeUndefined();
  const behind = budget.place(50, more.address);
  const modest = letIn(budget, 30, "10.0.3.2");
  expect(budget.waitingBytes).toBe(80);
  // The bound is passed once, not once for each.
  const others = { address: "10.0.3.3", cut: () => undefined };
  expect(budget.take(30, others)).toBeUndefined();
  const place = budget.place(50, others.address);
  first.hold.taken(70);
  first.hold.taken(30);
  const readers = await Promise.all([modest, ...queued]);
  for (const { hold } of readers) hold.release();
  for (const given of [place, behind]) (await given).leave();
  expect([budget.bytes, budget.waitingBytes]).toEqual([0, 0]);
});
