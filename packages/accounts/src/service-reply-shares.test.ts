// Bounds of pending service requests: who gives way, and that nobody else does.
import { createPrng, type Entropy, LIMITS } from "@weft/base";
import { describe, expect, test } from "vitest";
import { type ReplyBounds, ServiceReplyTable } from "./service-reply.ts";
import { replyCharge } from "./service-reply-subjects.ts";
import type { ServiceImportSnapshot } from "./snapshot.ts";

const prng = createPrng(42);
const ENTROPY: Entropy = {
  fill: (out) => {
    for (let at = 0; at < out.length; at += 1) out[at] = prng.below(256);
  },
};
const SPEC: ServiceImportSnapshot = {
  importer: 2,
  exporter: 3,
  from: "a",
  to: "b",
  toIsLiteral: true,
  responseType: "stream",
  responseThresholdMs: 1_000,
  share: false,
  allowTrace: false,
  latency: undefined,
};
const LONG = 1_000;

/** A request of `account` with a reply of so many bytes; returns its subject. */
function ask(table: ServiceReplyTable, account: number, bytes: number, now: number): string {
  const slot = table.create(SPEC, account, 1, Buffer.alloc(bytes, "r"), 0, bytes, now);
  const out = Buffer.alloc(table.subjectBytes);
  table.writeSubject(slot, out, 0);
  return out.toString("latin1");
}

function isAlive(table: ServiceReplyTable, subject: string, now: number): boolean {
  return table.find(Buffer.from(subject, "latin1"), 0, subject.length, now) !== -1;
}

function bounds(change: Partial<ReplyBounds>): ReplyBounds {
  return { slots: 100, bytes: 1 << 20, bytesPerAccount: 1 << 20, ...change };
}

describe("shares of service replies", () => {
  test("attack 42: a flood of one account takes no request of another", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1", bounds({}));
    const quiet = Array.from({ length: 10 }, () => ask(table, 7, 8, 0));
    const flood = Array.from({ length: 1_000 }, (_, at) => ask(table, 9, 8, 1 + at / 10_000));
    expect(quiet.every((subject) => isAlive(table, subject, 2))).toBe(true);
    expect(table.size).toBe(100);
    // Its own oldest went: the newest are there.
    expect(flood.map((subject) => isAlive(table, subject, 2)).lastIndexOf(false)).toBe(909);
  });

  test("who comes late gets its share from who has more than that", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1", bounds({}));
    for (let at = 0; at < 100; at += 1) ask(table, 9, 8, at / 100);
    const late = Array.from({ length: 80 }, (_, at) => ask(table, 7, 8, 1 + at / 100));
    expect(late.filter((subject) => isAlive(table, subject, 3)).length).toBe(50);
    const third = Array.from({ length: 40 }, (_, at) => ask(table, 60_000, 8, 2 + at / 100));
    expect(third.filter((subject) => isAlive(table, subject, 3)).length).toBe(33);
  });

  test("long reply subjects are bounded for each account and for all", () => {
    const charge = replyCharge(LONG);
    const own = bounds({ slots: 10_000, bytes: 30 * charge, bytesPerAccount: 10 * charge });
    const table = new ServiceReplyTable(ENTROPY, "w1", own);
    const short = ask(table, 9, 64, 0);
    const first = ask(table, 9, LONG, 0);
    for (let at = 0; at < 10; at += 1) ask(table, 9, LONG, 1);
    expect([isAlive(table, short, 2), isAlive(table, first, 2)]).toEqual([true, false]);
    expect(table.size).toBe(11);
    for (const account of [10, 11, 12, 13, 14]) {
      for (let at = 0; at < 10; at += 1) ask(table, account, LONG, 2);
    }
    expect(table.size).toBe(31);
    // One that no share has room for is kept all the same: the next request can do without.
    const huge = ask(table, 15, 40 * charge, 3);
    expect([isAlive(table, huge, 3), isAlive(table, short, 3), table.size]).toEqual([
      true,
      true,
      2,
    ]);
  });

  test("the bounds of the server: one account cannot take more than its part", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1");
    const bytes = 50_000;
    for (let at = 0; at < 1_000; at += 1) ask(table, 9, bytes, 0);
    const kept = Math.floor(LIMITS.serviceReplyBytesPerAccountMax / replyCharge(bytes));
    expect(table.size).toBe(kept);
  });

  test("a slot that made room is not released for who had it before", () => {
    const table = new ServiceReplyTable(ENTROPY, "w1", bounds({ slots: 1 }));
    const reply = Buffer.from("r");
    const slot = table.create(SPEC, 2, 1, reply, 0, 1, 0);
    const use = table.use(slot);
    const other = ask(table, 3, 8, 1);
    table.releaseUse(slot, use);
    expect(isAlive(table, other, 2)).toBe(true);
    table.releaseUse(slot, table.use(slot));
    expect(table.size).toBe(0);
  });

  test("a random run equals a plain model", () => {
    for (let round = 0; round < 4; round += 1) randomRun(100 + round);
  });
});

interface Request {
  readonly account: number;
  readonly charge: number;
  since: number;
}

/** The rules in plain words. Where they leave a choice, the table's choice is looked at. */
class Model {
  readonly live = new Map<string, Request>();
  readonly #bounds: ReplyBounds;

  constructor(given: ReplyBounds) {
    this.#bounds = given;
  }

  sum(account: number | undefined, of: (one: Request) => number): number {
    let total = 0;
    for (const one of this.live.values()) {
      if (account === undefined || one.account === account) total += of(one);
    }
    return total;
  }

  /** True if the rules allow that exactly `gone` made room for a request; takes these out. */
  makesRoom(account: number, charge: number, gone: ReadonlySet<string>): boolean {
    const choices = this.#choices(account, charge);
    if (choices === undefined) return gone.size === 0;
    for (const subject of choices.filter((one) => gone.has(one))) {
      const request = this.live.get(subject) as Request;
      this.live.delete(subject);
      const left = new Set(gone);
      left.delete(subject);
      if (this.makesRoom(account, charge, left)) return true;
      this.live.set(subject, request);
    }
    return false;
  }

  /** Of whom one goes next; undefined = there is room. */
  #choices(account: number, charge: number): string[] | undefined {
    const { slots, bytes, bytesPerAccount } = this.#bounds;
    const held = (one: Request): number => one.charge;
    const own = this.sum(account, held);
    const all = this.sum(undefined, held);
    if (charge > 0 && own > 0 && own + charge > bytesPerAccount) return this.#oldest([account], 1);
    if (charge > 0 && all > 0 && all + charge > bytes) {
      return this.#oldest(this.#losers(account, charge, held, bytes), 1);
    }
    if (this.live.size < slots) return undefined;
    return this.#oldest(
      this.#losers(account, 1, () => 1, slots),
      0,
    );
  }

  #losers(account: number, more: number, of: (one: Request) => number, max: number): number[] {
    const holders = new Set([...this.live.values()].filter((one) => of(one) > 0).map(accountOf));
    const share = max / new Set([...holders, account]).size;
    const own = this.sum(account, of);
    if (own > 0 && own + more > share) return [account];
    const above = [...holders].filter((one) => this.sum(one, of) > share);
    if (above.length > 0) return above;
    const most = Math.max(...[...holders].map((one) => this.sum(one, of)));
    return [...holders].filter((one) => this.sum(one, of) === most);
  }

  /** The oldest request of each account that is charged with at least so much. */
  #oldest(accounts: number[], charge: number): string[] {
    return accounts.flatMap((account) => {
      const own = [...this.live].filter(
        ([, one]) => one.account === account && one.charge >= charge,
      );
      return own
        .sort(([, a], [, b]) => a.since - b.since)
        .slice(0, 1)
        .map(([subject]) => subject);
    });
  }
}

function accountOf({ account }: Request): number {
  return account;
}

function randomRun(seed: number): void {
  const random = createPrng(seed);
  const own = { slots: 40, bytes: 8_000, bytesPerAccount: 4_000 };
  const table = new ServiceReplyTable(ENTROPY, "w1", own);
  const model = new Model(own);
  let evictions = 0;
  for (let now = 1; now < 3_000; now += 1) {
    table.expire(now);
    for (const [subject, { since }] of model.live) {
      if (now >= since + SPEC.responseThresholdMs) model.live.delete(subject);
    }
    const subjects = [...model.live.keys()];
    const known = subjects[random.below(subjects.length + 1)] ?? "";
    const slot = known === "" ? -1 : table.find(Buffer.from(known), 0, known.length, now);
    if (slot !== -1 && random.below(4) === 0) {
      const isDone = random.below(2) === 0;
      table.takesMore(slot, isDone ? 0 : 1, now);
      const request = model.live.get(known);
      if (isDone) model.live.delete(known);
      else if (request !== undefined) request.since = now;
      continue;
    }
    // Some ask often, some seldom.
    const account = Math.min(random.below(12), random.below(12));
    const bytes = random.below(3) === 0 ? 65 + random.below(900) : 1 + random.below(64);
    const made = ask(table, account, bytes, now);
    const gone = new Set(subjects.filter((subject) => !isAlive(table, subject, now)));
    expect(model.makesRoom(account, replyCharge(bytes), gone)).toBe(true);
    evictions += gone.size;
    model.live.set(made, { account, charge: replyCharge(bytes), since: now });
    expect(table.size).toBe(model.live.size);
  }
  expect(evictions).toBeGreaterThan(500);
}
