// The queue of password hashes: what waits for nobody costs nothing (A30).
import { LIMITS } from "@weft/base";
import { defaultOptions } from "@weft/config";
import { hashSync } from "bcryptjs";
import { expect, test } from "vitest";
import { HashPool } from "./hash-pool.ts";

const CHEAP = hashSync("secret", 4);
/** Some 0.3 s each. */
const COSTLY = hashSync("secret", 12);

function poolFor(authTimeoutMs: number): HashPool {
  const pool = new HashPool((text) => expect.unreachable(text));
  const { auth } = defaultOptions();
  pool.follow({ auth: { ...auth, authTimeoutMs } });
  return pool;
}

test("A30: logins whose time is over are not compared any more", async () => {
  const pool = poolFor(600);
  try {
    expect(await pool.compareLogin(CHEAP, "secret")).toBe(true);
    const flood = Array.from({ length: 200 }, () => pool.compareLogin(COSTLY, "wrong"));
    const patient = pool.compare(CHEAP, "secret");
    const began = performance.now();
    expect(await Promise.all(flood)).toEqual(flood.map(() => false));
    expect(await patient).toBe(true);
    // All of them would take half a minute.
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await pool.compareLogin(CHEAP, "secret")).toBe(true);
    expect(pool.waiting).toBe(0);
  } finally {
    await pool.close();
  }
});

test("what does not fit is refused at once, and close answers what waits", async () => {
  const pool = poolFor(600_000);
  const flood = Array.from({ length: LIMITS.hashQueueMax }, () => pool.compareLogin(COSTLY, "a"));
  expect(pool.waiting).toBe(LIMITS.hashQueueMax);
  expect(await pool.compareLogin(CHEAP, "secret")).toBe(false);
  await pool.close();
  expect(await Promise.all(flood)).toEqual(flood.map(() => false));
});
