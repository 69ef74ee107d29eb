// Who has to make room when very many reports are waited for, and when events leave.
import type { Clock } from "@weft/base";
import { describe, expect, test } from "vitest";
import { AwaitedReports } from "./awaited-reports.ts";
import { MessageTrace } from "./message-trace.ts";
import { encodeReport } from "./trace-report.ts";

const REPORT = encodeReport({ delivered: 1, forwarded: 0, egress: [], entries: [] });
const MAX = 4_096;

interface Scene {
  readonly awaited: AwaitedReports;
  /** Accounts of the finished traces, in their order. */
  readonly finished: number[];
  /** A trace of `account` that waits for one report; returns its number. */
  wait(account: number, request?: string): number;
  advance(ms: number): void;
}

function scene(): Scene {
  let now = 0;
  const clock = { monotonicMs: () => now } as Clock;
  const finished: number[] = [];
  const awaited = new AwaitedReports(clock, ({ account }) => finished.push(account));
  const ingress = { clientId: 1, name: "", account: "", subject: "s", error: undefined };
  const usual = { only: false, packing: "none", destination: undefined } as const;
  return {
    awaited,
    finished,
    wait: (account, request = "{}") => {
      const trace = new MessageTrace(ingress, { ...usual, account, request, startedMs: now });
      const number = awaited.add(trace.expect(undefined, true));
      awaited.followed(trace);
      return number;
    },
    advance: (ms) => {
      now += ms;
      awaited.tick();
    },
  };
}

describe("awaited reports", () => {
  test("an event leaves when its report is there, and no earlier than its owner says", () => {
    const { awaited, finished, wait } = scene();
    const number = wait(1);
    awaited.finishDue();
    expect(finished).toEqual([]);
    awaited.take(number, REPORT);
    expect(finished).toEqual([]);
    awaited.finishDue();
    awaited.finishDue();
    expect(finished).toEqual([1]);
  });

  test("nobody waits for ever", () => {
    const { finished, wait, advance } = scene();
    wait(1);
    advance(1_900);
    expect(finished).toEqual([]);
    advance(200);
    expect(finished).toEqual([1]);
  });

  test("whoever has his share makes room himself, and none of it happens in between", () => {
    const { awaited, finished, wait } = scene();
    for (let count = 0; count < 10; count += 1) wait(2);
    for (let count = 0; count < MAX; count += 1) wait(1);
    expect(finished).toEqual([]);
    awaited.finishDue();
    // Nothing was lost by account 2.
    expect(finished.filter((account) => account === 2)).toEqual([]);
    expect(finished.length).toBeGreaterThanOrEqual(10);
    finished.length = 0;
    for (let count = 0; count < 100; count += 1) wait(3);
    awaited.finishDue();
    expect(new Set(finished)).toEqual(new Set([1]));
  });

  test("long texts count: what waits is bounded in memory", () => {
    const { awaited, finished, wait } = scene();
    const long = JSON.stringify("x".repeat(256 * 1024));
    for (let count = 0; count < 200; count += 1) wait(1, long);
    awaited.finishDue();
    expect(200 - finished.length).toBeLessThan(70);
    expect(200 - finished.length).toBeGreaterThan(50);
  });

  test("what all of them held is given back", () => {
    const { awaited, finished, wait, advance } = scene();
    for (let round = 0; round < 3; round += 1) {
      const numbers = Array.from({ length: MAX / 2 }, (_, at) => wait(at % 7));
      for (const number of numbers.slice(0, MAX / 4)) awaited.take(number, REPORT);
      for (let ticks = 0; ticks < 40; ticks += 1) advance(2_000);
      expect(finished).toHaveLength((MAX / 2) * (round + 1));
    }
  });
});
