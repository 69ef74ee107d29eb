import { describe, expect, test } from "vitest";
import { Breaker } from "./breaker.ts";
import { Breakers } from "./breakers.ts";

describe("AN-67: a silent service", () => {
  function silentTen(breaker: Breaker, nowMs: number): (number | undefined)[] {
    return Array.from({ length: 10 }, () => breaker.silent(nowMs));
  }

  test("rests after ten questions in a row without an answer", () => {
    const breaker = new Breaker();
    const rests = silentTen(breaker, 100);
    expect(rests.slice(0, 9)).toEqual(new Array(9).fill(undefined));
    expect(rests[9]).toBe(1_000);
    expect(breaker.state(100)).toBe("open");
    expect(breaker.mayAsk(1_099)).toBe(false);
  });

  test("one answer in between begins the count anew", () => {
    const breaker = new Breaker();
    for (let round = 0; round < 5; round += 1) {
      for (let count = 0; count < 9; count += 1) expect(breaker.silent(0)).toBeUndefined();
      expect(breaker.answered()).toBe(false);
    }
    expect(breaker.state(0)).toBe("closed");
  });

  test("is asked once after each rest, which doubles up to a bound", () => {
    const breaker = new Breaker();
    let nowMs = 0;
    let restMs: number | undefined = silentTen(breaker, nowMs)[9];
    for (const next of [2_000, 4_000, 8_000, 8_000]) {
      nowMs += restMs ?? 0;
      expect(breaker.state(nowMs)).toBe("half-open");
      expect([breaker.mayAsk(nowMs), breaker.mayAsk(nowMs)]).toEqual([true, false]);
      restMs = breaker.silent(nowMs);
      expect(restMs).toBe(next);
    }
    nowMs += restMs ?? 0;
    expect(breaker.mayAsk(nowMs)).toBe(true);
    breaker.notAsked();
    expect(breaker.mayAsk(nowMs)).toBe(true);
    expect(breaker.answered()).toBe(true);
    expect([breaker.mayAsk(nowMs), breaker.mayAsk(nowMs)]).toEqual([true, true]);
  });

  test("who was asked before the rest and is late does not lengthen it", () => {
    const breaker = new Breaker();
    silentTen(breaker, 0);
    expect(breaker.silent(10)).toBeUndefined();
    expect(breaker.state(1_000)).toBe("half-open");
  });
});

describe("AN-67: many services", () => {
  test("each rests by itself, and one that answers is not kept", () => {
    const breakers = new Breakers(10);
    for (let count = 0; count < 10; count += 1) breakers.silent("A", 0);
    breakers.silent("B", 0);
    expect([breakers.mayAsk("A", 1), breakers.mayAsk("B", 1)]).toEqual([false, true]);
    expect([breakers.state(1), breakers.state(1_000)]).toEqual(["open", "half-open"]);
    expect([breakers.answered("B"), breakers.count]).toEqual([false, 1]);
    expect([breakers.mayAsk("A", 1_000), breakers.mayAsk("A", 1_000)]).toEqual([true, false]);
    breakers.notAsked("A");
    expect(breakers.mayAsk("A", 1_000)).toBe(true);
    expect([breakers.answered("A"), breakers.count]).toEqual([true, 0]);
    expect(breakers.state(1_000)).toBe("closed");
  });

  test("their number is bounded, and those whose account is gone leave", () => {
    const breakers = new Breakers(3);
    for (const service of ["A", "B", "C", "A", "D"]) breakers.silent(service, 0);
    // B was silent least recently, and has to be silent ten times anew.
    for (let count = 0; count < 9; count += 1) {
      expect(breakers.silent("B", 0)).toBeUndefined();
    }
    expect(breakers.count).toBe(3);
    breakers.forget("B");
    expect(breakers.count).toBe(2);
    breakers.keepOnly(new Map([["A", 1]]));
    expect(breakers.count).toBe(1);
  });
});
