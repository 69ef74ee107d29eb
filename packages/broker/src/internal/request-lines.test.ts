import { expect, test } from "vitest";
import { RequestLines } from "./request-lines.ts";

interface Request {
  readonly subject: string;
  readonly at: number;
  readonly reply: string;
  readonly header: Buffer;
  readonly payload: Buffer;
}

const EMPTY = Buffer.alloc(0);
const PLAIN = { reply: "", header: EMPTY, payload: EMPTY };

function ask(lines: RequestLines<Request>, subject: string, count: number): void {
  for (let at = 0; at < count; at += 1) {
    if (lines.admits(subject)) lines.addForeign({ subject, at, ...PLAIN });
  }
}

test("a flood from one account keeps neither the operator nor another account waiting", () => {
  const lines = new RequestLines<Request>();
  ask(lines, "EVIL", 9_000);
  expect([lines.dropped, lines.isFull]).toEqual([9_000 - 8_192, false]);
  ask(lines, "APP", 1);
  lines.addOwn({ subject: "KICK", at: 0, ...PLAIN });
  const first = Array.from({ length: 3 }, () => lines.take()?.subject);
  expect(first.sort()).toEqual(["APP", "EVIL", "KICK"]);
});

test("accounts that ask on several subjects leave others a place", () => {
  const lines = new RequestLines<Request>();
  for (const subject of ["CONNZ A", "STATZ A", "INFO A", "INFO B"]) ask(lines, subject, 9_000);
  lines.dropped = 0;
  ask(lines, "INFO C", 1_000);
  expect(lines.dropped).toBe(0);
});

test("own requests and those of others are taken in turn, each line in its order", () => {
  const lines = new RequestLines<Request>();
  for (let at = 0; at < 3; at += 1) lines.addOwn({ subject: "own", at, ...PLAIN });
  ask(lines, "A", 2);
  ask(lines, "B", 1);
  const order: string[] = [];
  for (let one = lines.take(); one !== undefined; one = lines.take()) {
    order.push(`${one.subject}${one.at}`);
  }
  expect(order).toEqual(["own0", "A0", "own1", "B0", "own2", "A1"]);
});

test("every line is bounded, and has room again", () => {
  const lines = new RequestLines<Request>();
  for (let account = 0; account < 100; account += 1) ask(lines, `${account}`, 400);
  expect(lines.dropped).toBe(40_000 - 32_766);
  for (let taken = 0; taken < 32_766; taken += 1) expect(lines.take()).toBeDefined();
  expect(lines.take()).toBeUndefined();
  lines.dropped = 0;
  ask(lines, "again", 1);
  expect(lines.dropped).toBe(0);
  for (let at = 0; at < 255; at += 1) lines.addOwn({ subject: "own", at, ...PLAIN });
  expect(lines.isFull).toBe(false);
  lines.addOwn({ subject: "own", at: 255, ...PLAIN });
  expect(lines.isFull).toBe(true);
});

test("bodies are bounded in bytes, whoever sent them, until they are taken", () => {
  const lines = new RequestLines<Request>();
  const large = { ...PLAIN, payload: Buffer.alloc(16 * 1024 * 1024) };
  for (const subject of ["A", "B"]) {
    expect(lines.admits(subject)).toBe(true);
    lines.addForeign({ subject, at: 0, ...large });
  }
  expect([lines.admits("C"), lines.isFull]).toEqual([false, false]);
  for (let at = 0; at < 2; at += 1) lines.addOwn({ subject: "own", at, ...large });
  expect(lines.isFull).toBe(true);
  lines.take();
  lines.take();
  expect([lines.admits("C"), lines.isFull]).toEqual([true, false]);
});

test("headers, subjects and reply subjects count as bodies do", () => {
  const quarter = 8 * 1024 * 1024;
  const subject = "s".repeat(quarter);
  const request = {
    subject,
    at: 0,
    reply: "r".repeat(quarter),
    header: Buffer.alloc(quarter),
    payload: Buffer.alloc(quarter - 1),
  };
  const lines = new RequestLines<Request>();
  lines.addForeign(request);
  lines.addOwn(request);
  expect([lines.admits("A"), lines.isFull]).toEqual([true, false]);
  ask(lines, "A", 1);
  lines.addOwn({ subject: "A", at: 1, ...PLAIN });
  expect([lines.admits("B"), lines.isFull]).toEqual([false, true]);
  for (let taken = 0; taken < 4; taken += 1) expect(lines.take()).toBeDefined();
  lines.addForeign(request);
  lines.addOwn(request);
  expect([lines.admits("A"), lines.isFull]).toEqual([true, false]);
});

test("long requests of one account leave room for those of another", () => {
  const lines = new RequestLines<Request>();
  const header = Buffer.alloc(64 * 1024);
  let taken = 0;
  for (let at = 0; at < 1_000; at += 1) {
    if (!lines.admits("EVIL")) continue;
    lines.addForeign({ subject: "EVIL", at, ...PLAIN, header });
    taken += 1;
  }
  expect(taken).toBe(32);
  expect(lines.admits("APP")).toBe(true);
  lines.take();
  expect(lines.admits("EVIL")).toBe(true);
});
