// What one account may take of a worker's heap with its subscriptions, and what others find.
import { describe, expect, test } from "vitest";
import { HeapShares } from "./heap-shares.ts";

const SYSTEM = 1;
const BYTES_MAX = 16_000;
const ONE = 100;

/** How many there are when the first one is refused. */
function fill(shares: HeapShares, account: number): number {
  let count = 0;
  for (; shares.hasRoom(account, ONE); count += 1) shares.changed(account, ONE);
  return count;
}

describe("an account's share of the heap", () => {
  test("one has most of it, others find room, and what is given back is there again", () => {
    const shares = new HeapShares(BYTES_MAX);
    const first = fill(shares, 2);
    expect(first).toBe(140);
    expect(fill(shares, 3)).toBeGreaterThan(5);
    for (let count = 0; count < 50; count += 1) shares.changed(2, -ONE);
    expect(shares.of(2)).toBe(90 * ONE);
    expect(shares.hasRoom(2, ONE) && shares.hasRoom(3, ONE)).toBe(true);
  });

  test("the system account finds room whatever all the others have, and leaves some itself", () => {
    const crowded = new HeapShares(BYTES_MAX);
    for (let account = 2; account < 1_000; account += 1) fill(crowded, account);
    expect(fill(crowded, SYSTEM)).toBeGreaterThanOrEqual(9);
    const shares = new HeapShares(BYTES_MAX);
    expect(fill(shares, SYSTEM)).toBe(150);
    expect(fill(shares, 2)).toBeGreaterThan(0);
  });

  test("nothing is kept of an account that has none", () => {
    const shares = new HeapShares(BYTES_MAX);
    shares.changed(2, ONE);
    shares.changed(2, -ONE);
    expect(shares.of(2)).toBe(0);
    expect(fill(shares, 2)).toBe(140);
  });
});
