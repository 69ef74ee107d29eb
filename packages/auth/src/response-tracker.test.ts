// Rights to answer: counts, times, bounds, and a random run against a plain model.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { type ResponseRoom, ResponseTracker } from "./response-tracker.ts";
import type { ResponsePermission } from "./spec.ts";

/** So much is there for each. */
function roomOf(bytesMax: number): ResponseRoom {
  return {
    take: (tracker, bytes) => tracker.bytes + bytes <= bytesMax,
    give: () => undefined,
  };
}

function trackerOf(permission: ResponsePermission, bytesMax?: number): ResponseTracker {
  return new ResponseTracker(permission, { account: 1, room: roomOf(1e9), bytesMax });
}

describe("response tracker", () => {
  test("AZ-11, attack 46: one answer by default, none to anybody else", () => {
    const tracker = trackerOf({ messagesMax: 1, expiresMs: 120_000 });
    tracker.delivered("inbox.1", 0);
    expect(tracker.answerAllowed("inbox.2", 1)).toBe(false);
    expect(tracker.answerAllowed("inbox.1", 1)).toBe(true);
    expect(tracker.answerAllowed("inbox.1", 2)).toBe(false);
    expect(tracker.size).toBe(0);
  });

  test("attack 46: no answer after the expiry, one exactly at it", () => {
    const tracker = trackerOf({ messagesMax: 5, expiresMs: 100 });
    tracker.delivered("a", 0);
    expect(tracker.answerAllowed("a", 100)).toBe(true);
    expect(tracker.answerAllowed("a", 101)).toBe(false);
    tracker.delivered("b", 200);
    tracker.delivered("c", 301);
    expect(tracker.size).toBe(1);
  });

  test("AZ-11: negative limits are none", () => {
    const tracker = trackerOf({ messagesMax: -1, expiresMs: -1 });
    tracker.delivered("a", 0);
    for (let round = 0; round < 50; round += 1) {
      expect(tracker.answerAllowed("a", round * 1e9)).toBe(true);
    }
  });

  test("AZ-12: the oldest reply subject makes room; a new delivery renews", () => {
    const tracker = trackerOf({ messagesMax: 1, expiresMs: -1 }, 3 * 250);
    for (const [at, reply] of ["a", "b", "c", "a", "d"].entries()) tracker.delivered(reply, at);
    expect(tracker.size).toBe(3);
    expect(["a", "b", "c", "d"].map((reply) => tracker.answerAllowed(reply, 9))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  test("AZ-12: long reply subjects make room for each other by their length", () => {
    const tracker = trackerOf({ messagesMax: 1, expiresMs: -1 });
    const replies = Array.from({ length: 10_000 }, (_, at) => `${"r".repeat(3_950)}${at}`);
    for (const [at, reply] of replies.entries()) tracker.delivered(reply, at);
    expect(tracker.bytes).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect(tracker.size).toBeGreaterThan(4_000);
    expect(tracker.answerAllowed(replies[0] as string, 1e5)).toBe(false);
    expect(tracker.answerAllowed(replies.at(-1) as string, 1e5)).toBe(true);
  });

  test("what is forgotten is given back, however it is; what finds no room is no right", () => {
    let held = 0;
    const room: ResponseRoom = {
      take: (_, bytes) => {
        if (held + bytes > 1_000) return false;
        held += bytes;
        return true;
      },
      give: (_, bytes) => {
        held -= bytes;
      },
    };
    const tracker = new ResponseTracker({ messagesMax: 1, expiresMs: 10 }, { account: 1, room });
    for (const reply of ["a", "b", "c", "d", "e"]) tracker.delivered(reply, 0);
    expect([tracker.size, held, tracker.bytes]).toEqual([4, 804, 804]);
    expect(tracker.answerAllowed("e", 0)).toBe(false);
    tracker.delivered("a", 0);
    expect(held).toBe(804);
    tracker.answerAllowed("a", 1);
    expect(held).toBe(603);
    tracker.answerAllowed("b", 11);
    expect(held).toBe(402);
    tracker.delivered("f", 11);
    expect([tracker.size, held]).toEqual([1, 201]);
    tracker.drop();
    expect([tracker.size, held, tracker.bytes]).toEqual([0, 0, 0]);
    expect(tracker.answerAllowed("f", 11)).toBe(false);
  });

  test("a random run equals a plain model", () => {
    const prng = createPrng(46);
    for (const messagesMax of [-1, 1, 3]) {
      const tracker = trackerOf({ messagesMax, expiresMs: 20 });
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
