// Rights to answer: counts, times, bounds, and a random run against a plain model.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { ResponseTracker } from "./response-tracker.ts";

describe("response tracker", () => {
  test("AZ-11, attack 46: one answer by default, none to anybody else", () => {
    const tracker = new ResponseTracker({ messagesMax: 1, expiresMs: 120_000 });
    tracker.delivered("inbox.1", 0);
    expect(tracker.answerAllowed("inbox.2", 1)).toBe(false);
    expect(tracker.answerAllowed("inbox.1", 1)).toBe(true);
    expect(tracker.answerAllowed("inbox.1", 2)).toBe(false);
    expect(tracker.size).toBe(0);
  });

  test("attack 46: no answer after the expiry, one exactly at it", () => {
    const tracker = new ResponseTracker({ messagesMax: 5, expiresMs: 100 });
    tracker.delivered("a", 0);
    expect(tracker.answerAllowed("a", 100)).toBe(true);
    expect(tracker.answerAllowed("a", 101)).toBe(false);
    tracker.delivered("b", 200);
    tracker.delivered("c", 301);
    expect(tracker.size).toBe(1);
  });

  test("AZ-11: negative limits are none", () => {
    const tracker = new ResponseTracker({ messagesMax: -1, expiresMs: -1 });
    tracker.delivered("a", 0);
    for (let round = 0; round < 50; round += 1) {
      expect(tracker.answerAllowed("a", round * 1e9)).toBe(true);
    }
  });

  test("AZ-12: the oldest reply subject makes room; a new delivery renews", () => {
    const tracker = new ResponseTracker({ messagesMax: 1, expiresMs: -1 }, 3);
    for (const [at, reply] of ["a", "b", "c", "a", "d"].entries()) tracker.delivered(reply, at);
    expect(tracker.size).toBe(3);
    expect(["a", "b", "c", "d"].map((reply) => tracker.answerAllowed(reply, 9))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  test("a random run equals a plain model", () => {
    const prng = createPrng(46);
    for (const messagesMax of [-1, 1, 3]) {
      const tracker = new ResponseTracker({ messagesMax, expiresMs: 20 }, 1_000);
      const model = new Map<string, { since: number; left: number }>();
      let now = 0;
      for (let step = 0; step < 3_000; step += 1) {
        now += prng.below(3);
        const subject = `r${prng.below(20)}`;
        if (prng.below(2) === 0) {
          tracker.delivered(subject, now);
          model.set(subject, { since: now, left: messagesMax < 0 ? Infinity : messagesMax });
          continue;
        }
        const right = model.get(subject);
        const allowed = right !== undefined && now - right.since <= 20 && right.left > 0;
        if (allowed) right.left -= 1;
        expect(tracker.answerAllowed(subject, now)).toBe(allowed);
      }
    }
  });
});
