// Who has to make room when very many requests are measured, and what is left of it.
import type { ServiceImportSnapshot } from "@weft/accounts";
import type { UnixNanos } from "@weft/base";
import { describe, expect, test } from "vitest";
import type { ClientSession } from "../session/client-session.ts";
import { type Measured, MeasuredRequests, weightOf } from "./measured-requests.ts";

function request(slot: number, account: number, header?: string): Measured {
  const reply = `inbox.${slot}`;
  return {
    service: {} as ServiceImportSnapshot,
    requestor: {} as ClientSession,
    header,
    receivedAt: 0n as UnixNanos,
    receivedMs: 0,
    reply,
    account,
    slot,
    weight: weightOf(reply, header),
    older: undefined,
    newer: undefined,
  };
}

function scene(weightMax?: number): { requests: MeasuredRequests; dropped: Measured[] } {
  const dropped: Measured[] = [];
  return { requests: new MeasuredRequests((one) => dropped.push(one), weightMax), dropped };
}

function slots(requests: MeasuredRequests): number[] {
  const all: number[] = [];
  const values = requests.values();
  for (let next = values.next(); next.done !== true; next = values.next())
    all.push(next.value.slot);
  return all;
}

describe("measured requests", () => {
  test("AC-60, A57: of 100,000 the newest 65,536 are kept, each other one is dropped once", () => {
    const { requests, dropped } = scene();
    for (let slot = 0; slot < 100_000; slot += 1) requests.add(request(slot, 2));
    expect(requests.size).toBe(65_536);
    expect(dropped.map(({ slot }) => slot)).toEqual(Array.from({ length: 34_464 }, (_, at) => at));
    expect(requests.take(0)).toBeUndefined();
    expect(requests.take(99_999)?.reply).toBe("inbox.99999");
    expect(requests.take(99_999)).toBeUndefined();
    for (const slot of slots(requests)) requests.take(slot);
    expect([requests.size, requests.weight]).toEqual([0, 0]);
  });

  test("a flood takes its own, until others have their share", () => {
    const { requests, dropped } = scene(100);
    for (let slot = 0; slot < 200; slot += 1) requests.add(request(slot, 2));
    for (let slot = 200; slot < 300; slot += 1) requests.add(request(slot, 3));
    const held = (account: number): number =>
      slots(requests).filter((slot) => slot < 200 === (account === 2)).length;
    expect([held(2), held(3)]).toEqual([50, 50]);
    dropped.length = 0;
    for (let slot = 300; slot < 310; slot += 1) requests.add(request(slot, 4));
    for (let slot = 1_000; slot < 2_000; slot += 1) requests.add(request(slot, 3));
    expect(dropped.filter(({ account }) => account === 4)).toEqual([]);
    expect(requests.size).toBe(100);
  });

  test("long texts weigh more; one that is above its share is not kept, and costs nobody", () => {
    const { requests, dropped } = scene(100);
    for (let slot = 0; slot < 90; slot += 1) requests.add(request(slot, 2));
    requests.add(request(90, 3, "h".repeat(40 * 512)));
    expect(requests.weight).toBe(100);
    expect(dropped).toHaveLength(31);
    expect(new Set(dropped.map(({ account }) => account))).toEqual(new Set([2]));
    requests.add(request(91, 4, "h".repeat(512 * 512)));
    expect(dropped).toHaveLength(32);
    expect(dropped[31]?.account).toBe(4);
    expect(requests.weight).toBe(100);
  });
});
