import { expect, test } from "vitest";
import { ServerEnd } from "./server-end.ts";

const never = new Promise<never>(() => undefined);

test("what arrives before the end is all that is told, and nothing is left of it", async () => {
  const end = new ServerEnd();
  for (let count = 0; count < 100; count += 1) {
    expect(await end.or(Promise.resolve(count))).toBe(count);
  }
  await expect(end.or(Promise.reject(new Error("no")))).rejects.toThrow("no");
  await new Promise((resolve) => setImmediate(resolve));
  expect(end.waiting).toBe(0);
});

test("F27: a death is told to all who wait, and to those who come later", async () => {
  const end = new ServerEnd();
  const waiting = [end.or(never), end.or(never)];
  end.died("worker 1 died");
  for (const one of waiting) await expect(one).rejects.toThrow("worker 1 died");
  await expect(end.or(never)).rejects.toThrow("worker 1 died");
  await expect(end.closed).rejects.toThrow("worker 1 died");
  expect(end.waiting).toBe(0);
});

test("an orderly end ends the waiting", async () => {
  const end = new ServerEnd();
  const waiting = end.or(never);
  end.reached();
  await waiting;
  await end.closed;
});
