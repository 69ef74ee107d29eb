import { encodeFacts, FIGURE_IN_MESSAGES, UNKNOWN_FACTS } from "@weft/base";
import { ConnectionSlots, connectionSlotsRegion, SharedGauge } from "@weft/shm";
import { expect, test } from "vitest";
import { AccountLedger } from "./account-ledger.ts";
import { ConnectionRegistry } from "./connection-registry.ts";

/** A ledger over one board with so many connections of account A, and one message each. */
function ledgerOf(connections: number) {
  const board = connectionSlotsRegion(8_192);
  const slots = new ConnectionSlots(board);
  let readings = 0;
  const registry = new ConnectionRegistry({ boards: [board], closedMax: 4, closedCount: () => 0 });
  const gauge = new SharedGauge(SharedGauge.createRegion(4));
  const facts = encodeFacts({ ...UNKNOWN_FACTS, account: "A" });
  const places = Array.from({ length: connections }, (_, index) => {
    const place = slots.take(index + 1, 100);
    slots.describe(place, facts);
    slots.figures[place + FIGURE_IN_MESSAGES] = 1;
    gauge.tryAcquire(2, connections);
    return place;
  });
  const counted = {
    liveInSlices: () => {
      readings += 1;
      return registry.liveInSlices();
    },
    finishedTotals: (name: string) => registry.finishedTotals(name),
  };
  const accounts: { name: string; nameTag?: string }[] = ["$G", "$SYS", "A"].map((name) => {
    return { name };
  });
  const ledger = new AccountLedger(accounts, counted, gauge);
  return {
    accounts,
    ledger,
    slots,
    places,
    readings: () => readings,
  };
}

test("SY-03: thousands of connections are summed in slices, others have their turn between", async () => {
  const { ledger } = ledgerOf(5_000);
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const [statistics] = await ledger.statistics([2]);
  isDone = true;
  expect(statistics).toMatchObject({ acc: "A", conns: 5_000, received: { msgs: 5_000 } });
  expect(turns).toBeGreaterThan(15);
});

test("SY-03: whoever asks while a reading is under way shares the next one", async () => {
  const { ledger, slots, places, readings } = ledgerOf(2_000);
  const first = ledger.statistics([2]);
  for (const place of places) slots.figures[place + FIGURE_IN_MESSAGES] = 3;
  const others = Array.from({ length: 50 }, () => ledger.statistics([2]));
  await first;
  for (const other of others) {
    expect((await other)[0]).toMatchObject({ received: { msgs: 6_000 } });
  }
  expect(readings()).toBe(2);
  expect((await ledger.statistics([2]))[0]).toMatchObject({ conns: 2_000 });
  expect(readings()).toBe(3);
});

test("SY-03, SY-32: an account by token is named as its token says, as it says now", async () => {
  const { ledger, accounts } = ledgerOf(1);
  expect((await ledger.statistics([2]))[0]).toMatchObject({ acc: "A", name: "A" });
  for (const nameTag of ["SHOP", "STORE"]) {
    accounts[2] = { name: "A", nameTag };
    expect((await ledger.statistics([2]))[0]).toMatchObject({ acc: "A", name: nameTag, conns: 1 });
  }
});
