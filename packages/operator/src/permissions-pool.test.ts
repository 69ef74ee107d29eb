// The pool of compiled permissions is bounded by what its sets take, not only by their number.
import { expect, test } from "vitest";
import { PermissionsPool } from "./permissions-pool.ts";

const long = (number: number) => ({ publish: { allow: [`${"a.".repeat(1_300)}u${number}`] } });

test("AN-53: sets are kept while they are small, and make room when they are large", () => {
  const pool = new PermissionsPool();
  const first = pool.of({ publish: { allow: ["small"] } });
  expect(pool.of({ publish: { allow: ["small"] } })).toBe(first);
  for (let number = 0; number < 1_000; number += 1) {
    const { permissions } = pool.of(long(number));
    expect(permissions.publishAllowed(`${"a.".repeat(1_300)}u${number}`)).toBe(true);
    expect(pool.tokensCount).toBeLessThanOrEqual(65_536);
  }
  expect(pool.of(long(999))).toBe(pool.of(long(999)));
  expect(pool.of({ publish: { allow: ["small"] } })).not.toBe(first);
});

test("AN-53: sets of few tokens and long texts make room for each other too", () => {
  const pool = new PermissionsPool();
  const text = "x".repeat(60_000);
  const first = pool.of({ publish: { allow: [`${text}0`] } });
  for (let number = 1; number < 200; number += 1) pool.of({ publish: { allow: [text + number] } });
  expect(pool.of({ publish: { allow: [`${text}0`] } })).not.toBe(first);
  expect(pool.tokensCount).toBeGreaterThan(60_000);
});

test("AN-53: a set larger than the pool is used, and not kept", () => {
  const pool = new PermissionsPool();
  const allow = Array.from({ length: 40 }, (_, number) => `${number}.${"a.".repeat(2_000)}b`);
  expect(pool.of({ publish: { allow } }).permissions.publishAllowed("x")).toBe(false);
  expect(pool.tokensCount).toBe(0);
});
