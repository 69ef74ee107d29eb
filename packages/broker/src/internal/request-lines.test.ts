import { expect, test } from "vitest";
import { RequestLines } from "./request-lines.ts";

interface Request {
  readonly subject: string;
  readonly at: number;
  readonly payload: Buffer;
}

const EMPTY = Buffer.alloc(0);

function ask(lines: RequestLines<Request>, subject: string, count: number): void {
  for (let at = 0; at < count; at += 1) {
    if (lines.admits(subject)) lines.addForeign({ subject, at, payload: EMPTY });
  }
}

test("a flood from one account keeps neither the operator nor another account waiting", () => {
  const lines = new RequestLines<Request>();
  ask(lines, "EVIL", 9_000);
  expect([lines.dropped, lines.isFull]).toEqual([9_000 - 8_192, false]);
  ask(lines, "APP", 1);
  lines.addOwn({ subject: "KICK", at: 0, payload: EMPTY });
  const first = Array.from({ length: 3 }, () => lines.take()?.subject);
  expect(first.sort()).toEqual(["APP", "EVIL", "KICK"]);
});

test("own requests and those of others are taken in turn, each line in its order", () => {
  const lines = new RequestLines<Request>();
  for (let at = 0; at < 3; at += 1) lines.addOwn({ subject: "own", at, payload: EMPTY });
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
  expect(lines.dropped).toBe(40_000 - 32_768);
  for (let taken = 0; taken < 32_768; taken += 1) expect(lines.take()).toBeDefined();
  expect(lines.take()).toBeUndefined();
  lines.dropped = 0;
  ask(lines, "again", 1);
  expect(lines.dropped).toBe(0);
  for (let at = 0; at < 255; at += 1) lines.addOwn({ subject: "own", at, payload: EMPTY });
  expect(lines.isFull).toBe(false);
  lines.addOwn({ subject: "own", at: 255, payload: EMPTY });
  expect(lines.isFull).toBe(true);
});

test("bodies are bounded in bytes, whoever sent them, until they are taken", () => {
  const lines = new RequestLines<Request>();
  const payload = Buffer.alloc(16 * 1024 * 1024);
  for (const subject of ["A", "B"]) {
    expect(lines.admits(subject)).toBe(true);
    lines.addForeign({ subject, at: 0, payload });
  }
  expect([lines.admits("C"), lines.isFull]).toEqual([false, false]);
  for (let at = 0; at < 2; at += 1) lines.addOwn({ subject: "own", at, payload });
  expect(lines.isFull).toBe(true);
  lines.take();
  lines.take();
  expect([lines.admits("C"), lines.isFull]).toEqual([true, false]);
});
