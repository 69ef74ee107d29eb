// Measured services whose subjects are made to be dear to look through (AC-60, attack 45): a change costs
// a bounded time whatever accounts it touches, and who found none is measured with those that follow.
import { expect, test } from "vitest";
import { LiveAccounts } from "./live-accounts.ts";
import type { AccountSpec, ExportSpec } from "./spec.ts";
import { importOf, service, snapshotOf } from "./testing/specs.ts";

const PLACES = 11;
const MEASURED = 300;
const UNSEEN = /: too many exports to look through$/;

/** Each of two tokens at each place, and something behind that no measurement is published on. */
function storm(): ExportSpec[] {
  let starts = [""];
  for (let at = 0; at < PLACES; at += 1) {
    starts = starts.flatMap((start) => [`${start}a.`, `${start}*.`]);
  }
  return starts.map((start, at) => service(`${start}only${at}`));
}

function measured(count: number, results: (at: number) => string): ExportSpec[] {
  return Array.from({ length: count }, (_, at) =>
    service(`m.${at}`, { latency: { samplingPercent: 100, subject: results(at) } }),
  );
}

const DEAR = [...storm(), ...measured(MEASURED, (at) => `${"a.".repeat(PLACES)}other${at}`)];

function dear(count: number): AccountSpec[] {
  return Array.from({ length: count }, (_, at) => ({ name: `DEAR${at}`, exports: DEAR }));
}

function live(): LiveAccounts {
  return new LiveAccounts(snapshotOf([]), { takeFreeIndex: () => undefined });
}

test("attack 45: accounts of one change share what their measurements may cost", () => {
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  // The first one takes all that there is; the others cost little more than their lists.
  const timed = (specs: AccountSpec[]): number => {
    const accounts = live();
    const started = cpuMs();
    accounts.change(specs);
    return cpuMs() - started;
  };
  const plain = dear(24).map((spec) => ({ ...spec, exports: storm() }));
  timed(plain);
  const lists = timed(plain);
  const one = timed(dear(1));
  expect(timed(dear(24)) - lists).toBeLessThan(6 * one);
});

test("attack 45: who found no time beside others is measured with the changes that follow", () => {
  const accounts = live();
  const calm: AccountSpec = { name: "CALM", exports: measured(1_000, (at) => `results.${at}`) };
  const few: AccountSpec = { name: "FEW", exports: measured(3, (at) => `results.${at}`) };
  const asking: AccountSpec = {
    name: "ASKING",
    imports: [
      importOf("service", "CALM", "m.999", { to: "calm" }),
      importOf("service", "FEW", "m.2", { to: "few" }),
    ],
  };
  const texts = new Map<string, string[]>();
  const change = (specs: AccountSpec[]): number => {
    const { problems, delta } = accounts.change(specs);
    for (const [name, found] of problems) {
      texts.set(
        name,
        found.map(({ message }) => message),
      );
    }
    return delta.imports.length;
  };
  const latencies = () => accounts.snapshot().serviceImports.map(({ latency }) => latency?.subject);
  const unseen = (name: string) => (texts.get(name) ?? []).filter((text) => UNSEEN.test(text));
  change([...dear(4), calm, few, asking]);
  // A few measurements find their time in any case.
  expect([unseen("FEW").length, unseen("CALM").length > 0]).toEqual([0, true]);
  expect(latencies()).toEqual([undefined, "results.2"]);
  let told = 0;
  let changes = 0;
  for (; accounts.isUnfinished && changes < 100; changes += 1) told += change([]);
  expect(unseen("CALM")).toEqual([]);
  expect(latencies()).toEqual(["results.999", "results.2"]);
  expect(told).toBe(1);
  // One that had all the time of a change in vain does not wait, and one that is gone neither.
  expect([accounts.isUnfinished, changes < 10]).toEqual([false, true]);
  expect(unseen("DEAR3").length).toBeGreaterThan(0);
});

test("attack 45: an account that waits for its measurements is forgotten when it goes", () => {
  const accounts = live();
  accounts.change(dear(2));
  expect(accounts.isUnfinished).toBe(true);
  accounts.change([], ["DEAR0", "DEAR1"]);
  expect(accounts.isUnfinished).toBe(false);
});
