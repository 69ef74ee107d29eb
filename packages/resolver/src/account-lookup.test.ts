// Lookups of accounts: one question for many logins, order of the sources, time, and floods.
import { describe, expect, test } from "vitest";
import { AccountLookup, type LookupEffect, type LookupOptions } from "./account-lookup.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";
import { accountClaim, accountKey, plainReader } from "./testing/plain-claims.ts";

const A = accountKey(1);
const TEXT = accountClaim(A, 1, 0, "a");
const UNIX = 1_000_000;
const URL_ONLY: LookupOptions = { hasDirectory: false, remote: "url", timeoutMs: 100 };

class Lookups {
  readonly out: LookupEffect[] = [];
  readonly core: AccountLookup;
  nowMs = 0;
  #waiters = 0;

  constructor(options: LookupOptions) {
    this.core = new AccountLookup(options, plainReader, this.out);
  }

  ask(key = A): LookupEffect[] {
    this.#waiters += 1;
    this.core.lookup(key, this.#waiters, this.nowMs, UNIX);
    return this.out.splice(0);
  }

  tick(nowMs: number): LookupEffect[] {
    this.nowMs = nowMs;
    this.core.tick(nowMs, UNIX);
    return this.out.splice(0);
  }

  fetched(flight: number, answer: Parameters<AccountLookup["fetchDone"]>[1]): LookupEffect[] {
    this.core.fetchDone(flight, answer, this.nowMs, UNIX);
    return this.out.splice(0);
  }

  read(flight: number, text: string | undefined): LookupEffect[] {
    this.core.readDone(flight, text, this.nowMs, UNIX);
    return this.out.splice(0);
  }
}

describe("AC-80: memory", () => {
  test("preloaded accounts need no question, others are missing", () => {
    const lookups = new Lookups({ hasDirectory: false, remote: "none", timeoutMs: 100 });
    lookups.core.preload(A, TEXT);
    expect(lookups.ask()).toEqual([{ kind: "resolved", waiters: [1], key: A, text: TEXT }]);
    expect(lookups.ask(accountKey(2))).toMatchObject([
      { kind: "failed", failure: "not-found", error: "account missing" },
    ]);
    expect(lookups.ask("nonsense")).toMatchObject([
      { failure: "invalid-key", error: "will only fetch valid account keys" },
    ]);
  });
});

describe("AC-81: URL", () => {
  test("many logins are one question, and the answer is kept for a while", () => {
    const lookups = new Lookups(URL_ONLY);
    expect(lookups.ask()).toEqual([{ kind: "fetch", flight: 1, key: A, deadlineMs: 100 }]);
    expect(lookups.ask()).toEqual([]);
    expect(lookups.fetched(1, { kind: "found", text: TEXT })).toEqual([
      { kind: "resolved", waiters: [1, 2], key: A, text: TEXT },
    ]);
    expect(lookups.ask()).toMatchObject([{ kind: "resolved", waiters: [3] }]);
    lookups.nowMs = RESOLVER_LIMITS.foundTtlMs;
    expect(lookups.ask()).toMatchObject([{ kind: "fetch", flight: 2 }]);
  });

  test("an endpoint that is down later does not lock out whom it knew; one that forgot does", () => {
    const lookups = new Lookups(URL_ONLY);
    lookups.ask();
    lookups.fetched(1, { kind: "found", text: TEXT });
    lookups.nowMs = RESOLVER_LIMITS.foundTtlMs;
    lookups.ask();
    const down = { kind: "unavailable", error: "could not fetch" } as const;
    expect(lookups.fetched(2, down)).toMatchObject([{ kind: "resolved", text: TEXT }]);
    expect(lookups.ask()).toMatchObject([{ kind: "resolved", text: TEXT }]);
    lookups.nowMs += RESOLVER_LIMITS.unavailableTtlMs;
    expect(lookups.ask()).toMatchObject([{ kind: "fetch", flight: 3 }]);
    expect(lookups.fetched(3, { kind: "absent" })).toMatchObject([{ failure: "not-found" }]);
    lookups.nowMs += RESOLVER_LIMITS.absentTtlMs;
    lookups.ask();
    expect(lookups.fetched(4, down)).toMatchObject([{ failure: "unavailable" }]);
  });

  test("what is not there is not asked for again at once", () => {
    const lookups = new Lookups(URL_ONLY);
    lookups.ask();
    lookups.fetched(1, { kind: "absent", error: "404" });
    expect(lookups.ask()).toMatchObject([{ failure: "not-found", error: "404" }]);
    lookups.nowMs = RESOLVER_LIMITS.absentTtlMs;
    expect(lookups.ask()).toMatchObject([{ kind: "fetch" }]);
  });

  test("another account's JWT, or nobody's, is no answer", () => {
    const texts = [accountClaim(accountKey(2), 1, 0, "a"), accountClaim(A, 1, 0, "!"), "<html>"];
    for (const text of texts) {
      const lookups = new Lookups(URL_ONLY);
      lookups.ask();
      expect(lookups.fetched(1, { kind: "found", text })).toMatchObject([
        { kind: "failed", failure: "refused", error: "account validation failed" },
      ]);
    }
  });

  test("time is up: everybody is told once, and a late answer is nothing", () => {
    const lookups = new Lookups(URL_ONLY);
    lookups.ask();
    lookups.ask();
    expect(lookups.core.nextDueMs()).toBe(100);
    expect(lookups.tick(99)).toEqual([]);
    expect(lookups.tick(100)).toEqual([
      { kind: "abandon", flight: 1 },
      {
        kind: "failed",
        waiters: [1, 2],
        key: A,
        failure: "timeout",
        error: "fetching jwt timed out",
      },
    ]);
    expect(lookups.fetched(1, { kind: "found", text: TEXT })).toEqual([]);
    expect(lookups.core.flightCount).toBe(0);
  });

  test("who went away is not told; the last one takes the question along", () => {
    const lookups = new Lookups(URL_ONLY);
    lookups.ask();
    lookups.ask();
    lookups.core.cancel(1);
    expect(lookups.out).toEqual([]);
    lookups.core.cancel(2);
    expect(lookups.out.splice(0)).toEqual([{ kind: "abandon", flight: 1 }]);
    expect(lookups.core.flightCount).toBe(0);
  });

  test("a push answers who waits", () => {
    const lookups = new Lookups(URL_ONLY);
    lookups.ask();
    lookups.core.changed(A, TEXT, 0, UNIX);
    expect(lookups.out).toEqual([
      { kind: "abandon", flight: 1 },
      { kind: "resolved", waiters: [1], key: A, text: TEXT },
    ]);
  });

  test("the end tells everybody", () => {
    const lookups = new Lookups(URL_ONLY);
    lookups.ask();
    lookups.core.stop();
    expect(lookups.out.splice(0)).toMatchObject([{ failure: "stopped", waiters: [1] }]);
    expect(lookups.ask()).toMatchObject([{ failure: "stopped" }]);
  });
});

describe("AC-82, AC-83: directory, then the mesh", () => {
  const both: LookupOptions = { hasDirectory: true, remote: "mesh", timeoutMs: 100 };

  test("the directory has it", () => {
    const lookups = new Lookups(both);
    expect(lookups.ask()).toEqual([{ kind: "read", flight: 1, key: A }]);
    expect(lookups.read(1, TEXT)).toMatchObject([{ kind: "resolved" }]);
  });

  test("the mesh has it, and the directory keeps it", () => {
    const lookups = new Lookups(both);
    lookups.ask();
    expect(lookups.read(1, undefined)).toMatchObject([{ kind: "fetch", flight: 1 }]);
    expect(lookups.fetched(1, { kind: "found", text: TEXT })).toEqual([
      { kind: "keep", key: A, text: TEXT },
      { kind: "resolved", waiters: [1], key: A, text: TEXT },
    ]);
  });

  test("SA-14: a read-only directory without others", () => {
    const lookups = new Lookups({ hasDirectory: true, remote: "none", timeoutMs: 100 });
    lookups.ask();
    expect(lookups.read(1, undefined)).toMatchObject([{ failure: "not-found" }]);
    lookups.ask(accountKey(2));
    const untrusted = accountClaim(accountKey(2), 1, 0, "!");
    expect(lookups.read(2, untrusted)).toMatchObject([{ failure: "refused" }]);
  });
});

describe("a flood of accounts that nobody knows", () => {
  test("is bounded, and a known account still gets through", () => {
    const lookups = new Lookups(URL_ONLY);
    lookups.ask();
    lookups.fetched(1, { kind: "found", text: TEXT });
    lookups.nowMs = RESOLVER_LIMITS.foundTtlMs;
    const effects: LookupEffect[] = [];
    for (let index = 2; index < 3_000; index += 1) effects.push(...lookups.ask(accountKey(index)));
    const kinds = (kind: string): number => effects.filter((effect) => effect.kind === kind).length;
    const { flightsMax, flightsQueuedMax, unknownFlightsMax } = RESOLVER_LIMITS;
    expect(kinds("fetch")).toBe(unknownFlightsMax);
    expect(lookups.core.flightCount).toBe(flightsMax + flightsQueuedMax);
    expect(kinds("failed")).toBe(2_998 - flightsMax - flightsQueuedMax);
    expect(lookups.ask(accountKey(5_000))).toMatchObject([{ failure: "busy" }]);
    expect(lookups.ask()).toMatchObject([{ kind: "fetch", key: A }]);
    // Everybody is told in the end.
    let told = kinds("failed");
    for (let round = 0; round < 100 && lookups.core.flightCount > 0; round += 1) {
      const ended = lookups.tick(lookups.nowMs + 100);
      told += ended.filter(({ kind }) => kind === "failed" || kind === "resolved").length;
    }
    expect(lookups.core.flightCount).toBe(0);
    expect(told).toBe(2_999);
  });
});
