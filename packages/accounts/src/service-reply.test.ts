// Reply mappings: what comes back, for how long, and that nothing else does.
import { randomFillSync } from "node:crypto";
import { createPrng, type Entropy } from "@weft/base";
import { describe, expect, test } from "vitest";
import { isServiceReply, type ReplyBounds, ServiceReplyTable } from "./service-reply.ts";
import type { ServiceImportSnapshot } from "./snapshot.ts";
import type { ResponseType } from "./spec.ts";

const ENTROPY: Entropy = { fill: (out) => void randomFillSync(out) };

function slots(slots: number): ReplyBounds {
  return { slots, bytes: 1 << 20, bytesPerAccount: 1 << 20 };
}

function spec(responseType: ResponseType, responseThresholdMs = 100): ServiceImportSnapshot {
  return {
    importer: 2,
    exporter: 3,
    from: "a",
    to: "b",
    toIsLiteral: true,
    responseType,
    responseThresholdMs,
    share: false,
    allowTrace: false,
    latency: undefined,
  };
}

/** A request whose reply subject stands between other bytes. */
function create(
  table: ServiceReplyTable,
  service: ServiceImportSnapshot,
  connection: number,
  reply: string,
  now: number,
): number {
  const input = Buffer.from(`PUB ${reply} 2`);
  return table.create(service, 2, connection, input, 4, input.length - 2, now);
}

function replyOf(table: ServiceReplyTable, slot: number): string {
  const out = Buffer.alloc(2 + table.replyBytes(slot), "-");
  table.copyReply(slot, out, 2);
  return out.toString("latin1", 2);
}

function subjectOf(table: ServiceReplyTable, slot: number): Buffer {
  const out = Buffer.alloc(table.subjectBytes + 3);
  expect(table.writeSubject(slot, out, 3)).toBe(out.length);
  return out.subarray(3);
}

function find(table: ServiceReplyTable, subject: Buffer, now: number): number {
  const padded = Buffer.concat([Buffer.from("xx"), subject, Buffer.from(" 12")]);
  return table.find(padded, 2, 2 + subject.length, now);
}

describe("service replies", () => {
  test("AC-28: a subject leads back to its request", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1");
    const slot = create(table, spec("singleton"), 77, "_INBOX.1", 0);
    const subject = subjectOf(table, slot);
    expect(subject.toString()).toMatch(/^_R_\.w1\.[A-Za-z0-9_-]{20}$/);
    expect(isServiceReply(subject, 0, subject.length)).toBe(true);
    expect(find(table, subject, 1)).toBe(slot);
    expect([table.account(slot), table.connection(slot), replyOf(table, slot)]).toEqual([
      2,
      77,
      "_INBOX.1",
    ]);
    expect(table.import(slot).exporter).toBe(3);
  });

  test("AC-30: requests expire in time, each of 40,000 with a time of its own", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1", slots(1 << 17));
    const times = 40_000;
    for (let round = 0; round < 2; round += 1) {
      const start = round * 1_000_000;
      for (let time = 1; time <= times; time += 1) {
        create(table, spec("singleton", round + 2 * time), time, "_INBOX.1", start);
      }
      expect(table.expire(start + times + 1)).toBe(times / 2);
      expect(table.size).toBe(times / 2);
      expect(table.expire(start + 2 * times + 1)).toBe(times / 2);
    }
    expect(table.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test("AC-29: singleton, streamed and chunked", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1");
    for (const type of ["singleton", "stream", "chunked"] as const) {
      const slot = create(table, spec(type), 1, "r", 0);
      const subject = subjectOf(table, slot);
      expect(table.takesMore(slot, 5, 90)).toBe(type !== "singleton");
      expect(find(table, subject, 150)).toBe(type === "singleton" ? -1 : slot);
      if (type === "singleton") continue;
      expect(table.takesMore(slot, 5, 150)).toBe(true);
      expect(find(table, subject, 240)).toBe(slot);
      expect(table.takesMore(slot, 0, 240)).toBe(false);
      expect(find(table, subject, 241)).toBe(-1);
      const undelivered = create(table, spec(type), 1, "r", 300);
      const lost = subjectOf(table, undelivered);
      expect(table.takesMore(undelivered, 5, 301)).toBe(true);
      table.release(undelivered);
      expect(find(table, lost, 302)).toBe(-1);
    }
    expect(table.size).toBe(0);
  });

  test("AC-30: requests expire by their own threshold", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1");
    expect(table.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
    const slow = subjectOf(table, create(table, spec("singleton", 1_000), 1, "slow", 0));
    const quick = subjectOf(table, create(table, spec("singleton", 100), 1, "quick", 50));
    expect(table.nextDeadlineMs()).toBe(150);
    expect(find(table, quick, 149)).not.toBe(-1);
    expect(find(table, quick, 150)).toBe(-1);
    expect(table.expire(999)).toBe(0);
    expect(find(table, slow, 999)).not.toBe(-1);
    expect(table.expire(1_000)).toBe(1);
    expect(table.size).toBe(0);
  });

  test("attack 42: malformed, foreign and guessed subjects find nothing", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1");
    const other = new ServiceReplyTable(ENTROPY, "w1");
    const subject = subjectOf(table, create(table, spec("singleton"), 1, "r", 0));
    create(other, spec("singleton"), 1, "r", 0);
    expect(find(other, subject, 1)).toBe(-1);
    for (let at = 0; at < subject.length; at += 1) {
      for (const code of [0x00, 0x20, 0x2e, 0x41, 0xff]) {
        const changed = Buffer.from(subject);
        changed[at] = code;
        if (!changed.equals(subject)) expect(find(table, changed, 1)).toBe(-1);
      }
      expect(find(table, subject.subarray(0, at), 1)).toBe(-1);
      expect(find(table, subject.subarray(at + 1), 1)).toBe(-1);
    }
    const far = Buffer.from(subject);
    far.write("____", 7);
    expect(find(table, far, 1)).toBe(-1);
    expect(isServiceReply(Buffer.from("_R_"), 0, 3)).toBe(false);
    expect(isServiceReply(Buffer.from("_R_."), 0, 4)).toBe(false);
  });

  test("growth keeps all requests", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1");
    const subjects: Buffer[] = [];
    for (let at = 0; at < 5_000; at += 1) {
      subjects.push(subjectOf(table, create(table, spec("singleton"), at, `r${at}`, 0)));
    }
    for (const [at, subject] of subjects.entries()) {
      expect(replyOf(table, find(table, subject, 1))).toBe(`r${at}`);
    }
    expect(new Set(subjects.map(String)).size).toBe(5_000);
    expect(table.expire(100)).toBe(5_000);
  });

  test("replies of any length, in places that were given back and taken again", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1");
    for (let round = 0; round < 3; round += 1) {
      const slots = new Map<number, string>();
      for (let at = 0; at < 3_000; at += 1) {
        const reply = `r${round}.`.padEnd(3 + (at % 130), `${at}`);
        slots.set(create(table, spec("stream"), at, reply, round * 1_000), reply);
        // Places are taken out of order.
        if (at % 3 === 2) {
          const [slot] = slots.keys();
          if (slot !== undefined) {
            table.release(slot);
            slots.delete(slot);
          }
        }
      }
      for (const [slot, reply] of slots) expect(replyOf(table, slot)).toBe(reply);
      expect(table.size).toBe(slots.size);
      expect(table.expire(round * 1_000 + 500)).toBe(slots.size);
      expect(table.expire(round * 1_000 + 501)).toBe(0);
    }
  });

  test("a request that was just answered is the last one to make room", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1", slots(2));
    const asked = create(table, spec("stream"), 1, "asked", 0);
    const subject = subjectOf(table, asked);
    create(table, spec("stream"), 1, "other", 1);
    expect(table.takesMore(asked, 5, 2)).toBe(true);
    create(table, spec("singleton"), 1, "while it is routed", 2);
    expect(find(table, subject, 2)).toBe(asked);
    table.release(asked);
    expect(table.size).toBe(1);
  });

  test("a slot that was used again does not answer to its old subject", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1", slots(1));
    const old = subjectOf(table, create(table, spec("singleton"), 1, "old", 0));
    const slot = create(table, spec("singleton"), 1, "new", 1);
    expect(find(table, old, 2)).toBe(-1);
    expect(find(table, subjectOf(table, slot), 2)).toBe(slot);
    expect(table.size).toBe(1);
  });

  test("a random run equals a plain model, with eviction of the oldest", () => {
    const prng = createPrng(28);
    const table = new ServiceReplyTable(ENTROPY, "w1", slots(600));
    const model = new Map<string, { since: number; ttl: number; type: ResponseType }>();
    const types = ["singleton", "stream", "chunked"] as const;
    let now = 0;
    let evicted = 0;
    for (let step = 0; step < 6_000; step += 1) {
      now += 1;
      if (prng.below(3) < 2) {
        const type = types[prng.below(3)] as ResponseType;
        const ttl = 500 * (1 + prng.below(8));
        now += 1;
        table.expire(now);
        for (const [key, one] of model) if (now >= one.since + one.ttl) model.delete(key);
        if (model.size === 600) {
          evicted += 1;
          let oldest: [string, number] = ["", Number.POSITIVE_INFINITY];
          for (const [key, { since }] of model) if (since < oldest[1]) oldest = [key, since];
          model.delete(oldest[0]);
        }
        const reply = `r${step}`.repeat(1 + prng.below(20));
        const slot = create(table, spec(type, ttl), step, reply, now);
        expect(replyOf(table, slot)).toBe(reply);
        model.set(subjectOf(table, slot).toString(), { since: now, ttl, type });
      } else {
        const keys = [...model.keys()];
        const key = keys[prng.below(keys.length + 1)] ?? "_R_.w1.AAAAAAAAAAAAAAAAAAAA";
        const known = model.get(key);
        const slot = find(table, Buffer.from(key), now);
        const alive = known !== undefined && now < known.since + known.ttl;
        if ((slot !== -1) !== alive) expect([key, slot, now]).toBe(alive);
        if (!alive) model.delete(key);
        if (slot === -1 || known === undefined) continue;
        const bytes = prng.below(4);
        table.takesMore(slot, bytes, now);
        if (known.type === "singleton" || bytes === 0) model.delete(key);
        else known.since = now;
      }
    }
    table.expire(now);
    for (const [key, one] of model) if (now >= one.since + one.ttl) model.delete(key);
    expect(table.size).toBe(model.size);
    expect(evicted).toBeGreaterThan(100);
  });
});
