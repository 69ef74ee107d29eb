// What threads share from the start: the secret of their token hash.
import { seedTokenHash, tokenHashSeed } from "@weft/subjects";
import { afterEach, expect, test } from "vitest";
import { createRegions, openInterest } from "./shared-state.ts";

const ZEROS = { low: 0, high: 0 };
afterEach(() => seedTokenHash(ZEROS));

test("all segments carry one random seed, and a thread that opens the index takes it", () => {
  const regions = createRegions(2);
  const seed = tokenHashSeed();
  expect(seed).not.toEqual(ZEROS);
  for (const threadIndex of [0, 1, 2]) {
    seedTokenHash(ZEROS);
    openInterest(regions, threadIndex);
    expect(tokenHashSeed()).toEqual(seed);
  }
  seedTokenHash(ZEROS);
  createRegions(1);
  expect(tokenHashSeed()).toEqual(seed);
});

test("interest of one thread is found by another", () => {
  const regions = createRegions(2);
  const { index } = openInterest(regions, 1);
  const filter = Buffer.from("orders.*.new");
  const node = index.writer?.add(3, filter, 0, filter.length, null) ?? 0;
  seedTokenHash(ZEROS);
  const other = openInterest(regions, 2).index.reader(1);
  expect(node).toBeGreaterThan(0);
  expect(other?.plainCount(node)).toBe(1);
});

test("AN-62: control has room for an inbox in each of 8,192 accounts, beside its own interest", () => {
  const regions = createRegions(1);
  const writer = openInterest(regions, 0).index.writer;
  const inbox = Buffer.from(`_INBOX.${"x".repeat(22)}.*`);
  for (let account = 0; account < 8_192; account += 1) {
    expect(writer?.add(account, inbox, 0, inbox.length, null)).toBeGreaterThan(0);
  }
  for (let count = 0; count < 2_000; count += 1) {
    const filter = Buffer.from(`$SYS.REQ.SERVER.${count}.PING`);
    expect(writer?.add(1, filter, 0, filter.length, null)).toBeGreaterThan(0);
  }
});
