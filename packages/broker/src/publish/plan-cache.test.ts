// Which plans are kept, and for how long.
import { LIMITS, makeView } from "@weft/base";
import { describe, expect, test } from "vitest";
import { Plan } from "./plan.ts";
import { PlanCache } from "./plan-cache.ts";
import { hashSubject } from "./plan-compiler.ts";

const SEED = 0x1234;

function hashOf(subject: string): number {
  return hashSubject(Buffer.from(subject), 0, subject.length, SEED);
}

function planFor(contextId: number, subject: string, bytes: number): Plan {
  const plan = new Plan(makeView(Buffer.from(`--${subject}`)));
  plan.contextId = contextId;
  plan.hash = hashOf(subject);
  plan.subjectStart = 2;
  plan.subjectLength = subject.length;
  plan.bytesCharged = bytes;
  return plan;
}

function find(cache: PlanCache, contextId: number, subject: string): Plan | undefined {
  const input = Buffer.from(`PUB ${subject} 1`);
  return cache.find(contextId, makeView(input), 4, 4 + subject.length, hashOf(subject));
}

describe("plan cache", () => {
  test("a sweep drops what is out of date, wherever it stands, and nothing else", () => {
    const cache = new PlanCache();
    const plans = Array.from({ length: 500 }, (_, index) => planFor(1, `s.${index}`, 100));
    for (const plan of plans) cache.insert(plan);
    const stale = new Set(plans.filter((_, index) => index % 2 === 0));
    for (let pass = 0; pass < 32; pass += 1) cache.sweep(2_048, (plan) => !stale.has(plan));
    expect(plans.filter((plan, index) => find(cache, 1, `s.${index}`) === plan)).toHaveLength(250);
    expect(cache.bytes).toBe(25_000);
  });

  test("finds by context and subject", () => {
    const cache = new PlanCache();
    const plan = planFor(1, "a.b", 100);
    cache.insert(plan);
    expect(find(cache, 1, "a.b")).toBe(plan);
    expect(find(cache, 2, "a.b")).toBeUndefined();
    expect(find(cache, 1, "a.c")).toBeUndefined();
    expect(find(cache, 1, "a.bc")).toBeUndefined();
    expect(cache.bytes).toBe(100);
  });

  test("subjects with the same hash are told apart by their bytes", () => {
    const cache = new PlanCache();
    const plan = planFor(1, "a.b", 100);
    const other = planFor(1, "x.y", 100);
    other.hash = plan.hash;
    cache.insert(plan);
    expect(cache.find(1, makeView(Buffer.from("x.y")), 0, 3, plan.hash)).toBeUndefined();
    cache.insert(other);
    expect(cache.find(1, makeView(Buffer.from("x.y")), 0, 3, plan.hash)).toBe(other);
    expect(find(cache, 1, "a.b")).toBe(plan);
  });

  test("a new plan takes the place of the old one", () => {
    const cache = new PlanCache();
    cache.insert(planFor(1, "a.b", 100));
    const newer = planFor(1, "a.b", 70);
    cache.insert(newer);
    expect(find(cache, 1, "a.b")).toBe(newer);
    expect(cache.bytes).toBe(70);
  });

  test("of many steady subjects all are found worth keeping, however many share a row", () => {
    for (const [count, rounds] of [
      [1_000, 10],
      [8_000, 40],
    ] as const) {
      const cache = new PlanCache();
      let left = Array.from({ length: count }, (_, index) => hashOf(`bench.${index}`));
      for (let round = 0; round < rounds; round += 1) {
        left = left.filter((hash) => !cache.isSecondSight(1, hash));
      }
      expect(left).toEqual([]);
    }
  });

  test("a subject is worth keeping when it is seen a second time", () => {
    const cache = new PlanCache();
    expect(cache.isSecondSight(1, hashOf("steady"))).toBe(false);
    expect(cache.isSecondSight(1, hashOf("steady"))).toBe(true);
    expect(cache.isSecondSight(2, hashOf("steady"))).toBe(false);
    let kept = 0;
    for (let reply = 0; reply < 20_000; reply += 1) {
      if (cache.isSecondSight(1, hashOf(`_INBOX.${reply}`))) kept += 1;
    }
    expect(kept).toBe(0);
  });

  test("A57: a huge plan pushes nobody's out", () => {
    const cache = new PlanCache();
    for (let subject = 0; subject < 100; subject += 1) {
      cache.insert(planFor(1, `s.${subject}`, 100));
    }
    cache.insert(planFor(1, "huge", LIMITS.planCacheBytes + 1));
    expect([cache.count, cache.bytes]).toEqual([100, 10_000]);
    expect(find(cache, 1, "huge")).toBeUndefined();
    cache.insert(planFor(1, "large", LIMITS.planCacheBytes / 2));
    expect(find(cache, 1, "large")).toBeDefined();
  });

  test("is bounded in bytes, and a sweep spares nobody for ever", () => {
    const cache = new PlanCache();
    const bytes = 64 * 1024;
    const fits = LIMITS.planCacheBytes / bytes;
    for (let subject = 0; subject < fits * 4; subject += 1) {
      cache.insert(planFor(1, `s.${subject}`, bytes));
      expect(cache.bytes).toBeLessThanOrEqual(LIMITS.planCacheBytes);
    }
    let found = 0;
    for (let subject = 0; subject < fits * 4; subject += 1) {
      if (find(cache, 1, `s.${subject}`) !== undefined) found += 1;
    }
    expect(found).toBe(cache.bytes / bytes);
    expect(found).toBeGreaterThan(fits / 2);
    cache.clear();
    expect(cache.bytes).toBe(0);
    expect(find(cache, 1, "s.1")).toBeUndefined();
  });
});
