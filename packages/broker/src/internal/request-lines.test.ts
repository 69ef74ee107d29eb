import { expect, test } from "vitest";
import { RequestLines } from "./request-lines.ts";

interface Request {
  readonly subject: string;
  readonly at: number;
}

function ask(lines: RequestLines<Request>, subject: string, count: number): void {
  for (let at = 0; at < count; at += 1) {
    if (lines.admits(subject)) lines.addForeign({ subject, at });
  }
}

test("a flood from one account keeps neither the operator nor another account waiting", () => {
  const lines = new RequestLines<Request>();
  ask(lines, "EVIL", 1_000);
  expect([lines.dropped, lines.isFull]).toEqual([984, false]);
  ask(lines, "APP", 1);
  lines.addOwn({ subject: "KICK", at: 0 });
  const first = Array.from({ length: 3 }, () => lines.take()?.subject);
  expect(first.sort()).toEqual(["APP", "EVIL", "KICK"]);
});

test("own requests and those of others are taken in turn, each line in its order", () => {
  const lines = new RequestLines<Request>();
  for (let at = 0; at < 3; at += 1) lines.addOwn({ subject: "own", at });
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
  for (let account = 0; account < 100; account += 1) ask(lines, `${account}`, 4);
  expect(lines.dropped).toBe(400 - 256);
  for (let taken = 0; taken < 256; taken += 1) expect(lines.take()).toBeDefined();
  expect(lines.take()).toBeUndefined();
  lines.dropped = 0;
  ask(lines, "again", 1);
  expect(lines.dropped).toBe(0);
  for (let at = 0; at < 255; at += 1) lines.addOwn({ subject: "own", at });
  expect(lines.isFull).toBe(false);
  lines.addOwn({ subject: "own", at: 255 });
  expect(lines.isFull).toBe(true);
});
