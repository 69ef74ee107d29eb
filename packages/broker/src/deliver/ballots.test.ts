// Votes of several threads on one request.
import { describe, expect, test } from "vitest";
import { Ballots } from "./ballots.ts";

describe("ballots", () => {
  test("CP-64: only the last of all votes decides", () => {
    const ballots = new Ballots();
    const [first, second] = [ballots.next(), ballots.next()];
    expect(ballots.vote(first, 3)).toBe(false);
    expect(ballots.vote(second, 2)).toBe(false);
    expect(ballots.vote(first, 3)).toBe(false);
    expect(ballots.vote(second, 2)).toBe(true);
    expect(ballots.vote(first, 3)).toBe(true);
    expect(ballots.vote(ballots.next(), 1)).toBe(true);
  });

  test("requests that somebody took are forgotten, the oldest first", () => {
    const ballots = new Ballots();
    const numbers = Array.from({ length: 5_000 }, () => ballots.next());
    for (const number of numbers) expect(ballots.vote(number, 2)).toBe(false);
    expect(ballots.vote(numbers[4_999] as number, 2)).toBe(true);
    expect(ballots.vote(numbers[0] as number, 2)).toBe(false);
  });
});
