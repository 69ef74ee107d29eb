// What the reply subjects of an account's sessions may take of a worker's heap, and who gives way.
import { ResponseTracker } from "@weft/auth";
import { describe, expect, test } from "vitest";
import { ResponseShares } from "./response-shares.ts";

const BYTES_MAX = 160_000;
/** So many of 250 bytes for one account. */
const ALONE_MAX = BYTES_MAX / 250;
const FOREVER = { messagesMax: 1, expiresMs: -1 };

interface Scene {
  readonly shares: ResponseShares;
  session(account: number, expiresMs?: number): ResponseTracker;
}

function scene(): Scene {
  const shares = new ResponseShares(BYTES_MAX);
  return {
    shares,
    session: (account, expiresMs = -1) => {
      return new ResponseTracker({ ...FOREVER, expiresMs }, { account, room: shares });
    },
  };
}

function fill(tracker: ResponseTracker, count: number): void {
  for (let at = 0; at < count; at += 1) tracker.delivered(`${"r".repeat(46)}${1_000 + at}`, at);
}

describe("reply subjects of many sessions", () => {
  test("AZ-12, A57: one account does not take the room of all, and its sessions not each other's", () => {
    const { shares, session } = scene();
    const crowd = Array.from({ length: 20 }, () => session(2));
    for (const one of crowd) fill(one, 1_000);
    expect(shares.of(2)).toBeLessThanOrEqual(ALONE_MAX * 250);
    for (const one of crowd) expect(one.size).toBeGreaterThan(20);
    const late = session(2);
    fill(late, 5);
    expect(late.size).toBe(5);
    const other = session(3);
    fill(other, 20);
    expect(other.size).toBe(20);
    for (const one of crowd) fill(one, 1_000);
    expect([late.size, other.size]).toEqual([5, 20]);
  });

  test("the oldest of whoever has most make room", () => {
    const { shares, session } = scene();
    const greedy = session(2);
    fill(greedy, 1_000);
    const all = greedy.size;
    expect(all).toBe(ALONE_MAX);
    const quiet = session(2);
    fill(quiet, 10);
    expect([quiet.size, greedy.size]).toEqual([10, all - 10]);
    fill(greedy, 2_000);
    expect([quiet.size, greedy.size]).toEqual([10, all - 10]);
    expect(greedy.answerAllowed(`${"r".repeat(46)}2999`, 0)).toBe(true);
    expect(greedy.answerAllowed(`${"r".repeat(46)}1000`, 0)).toBe(false);
    expect(shares.of(2)).toBe((all - 1) * 250);
  });

  test("AZ-12, A57: an account with its fair share loses nothing to many greedy ones", () => {
    const { shares, session } = scene();
    const quiet = session(2);
    fill(quiet, 40);
    for (let account = 3; account < 12; account += 1) fill(session(account), 1_000);
    expect(quiet.size).toBe(40);
    const late = session(12);
    fill(late, 50);
    expect(late.size).toBe(50);
    const sums = Array.from({ length: 11 }, (_, at) => shares.of(2 + at));
    expect(sums.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(BYTES_MAX);
    // All of the greedy have about as much.
    const greedy = sums.slice(1, 10);
    expect(Math.max(...greedy) - Math.min(...greedy)).toBeLessThan(BYTES_MAX / 10);
  });

  test("AZ-12: what is over takes no room, also where nothing more comes", () => {
    const { shares, session } = scene();
    const idle = Array.from({ length: 200 }, (_, at) => session(2 + (at % 5), 1_000));
    for (const one of idle) fill(one, 20);
    shares.tick(900);
    expect(shares.of(2)).toBeGreaterThan(0);
    for (let now = 2_000; now < 4_000; now += 100) shares.tick(now);
    expect([2, 3, 4, 5, 6].map((account) => shares.of(account))).toEqual([0, 0, 0, 0, 0]);
    expect(idle.map(({ size }) => size)).toEqual(idle.map(() => 0));
  });

  test("what goes leaves nothing behind", () => {
    const { shares, session } = scene();
    const crowd = Array.from({ length: 30 }, (_, at) => session(2 + (at % 3)));
    for (const one of crowd) fill(one, 300);
    for (const one of crowd) one.drop();
    expect([2, 3, 4].map((account) => shares.of(account))).toEqual([0, 0, 0]);
    const again = session(2);
    fill(again, 1_000);
    expect(again.size).toBe(ALONE_MAX);
  });

  test("the sum is that of the sessions, whatever is delivered, answered and dropped", () => {
    const { shares, session } = scene();
    const crowd = Array.from({ length: 12 }, (_, at) => session(2 + (at % 2)));
    for (let step = 0; step < 20_000; step += 1) {
      const at = (step * 7_919) % 12;
      const one = crowd[at] as ResponseTracker;
      const reply = `${(step * 31) % 1_500}`.repeat(1 + (step % 40));
      if (step % 5 === 0) one.answerAllowed(reply, step);
      else if (step % 501 === 0) one.drop();
      else one.delivered(reply, step);
    }
    for (const account of [2, 3]) {
      const own = crowd.filter((one) => one.account === account);
      expect(shares.of(account)).toBe(own.reduce((sum, one) => sum + one.bytes, 0));
      expect(shares.of(account)).toBeGreaterThan(10_000);
    }
  });
});
