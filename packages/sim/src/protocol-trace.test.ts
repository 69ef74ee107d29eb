// LG-11: the protocol is traced of connections that are there, of those that come, and of what a worker
// itself says in the system account; and no longer when that is switched off.
import { expect, test } from "vitest";
import { World } from "./world.ts";

const TRACE = { payloadBytesMax: 0, headersOnly: false, own: true };
const ACCOUNTS = [{ name: "$SYS" }, { name: "A" }];
const USERS = [
  { user: "sys", password: "x", account: "$SYS" },
  { user: "a", password: "x", account: "A" },
];
const A = { user: "a", pass: "x" };

test("LG-11: who is there, who comes, and the server itself are traced, or nobody", () => {
  const lines: string[] = [];
  const onLog = (text: string): void => {
    lines.push(text);
  };
  const world = new World({ seed: 1, workers: 1, accounts: ACCOUNTS, users: USERS, onLog });
  const early = world.connect(1, A);
  world.settle();
  const system = world.connect(1, { user: "sys", pass: "x" });
  system.subscribe("1", "$SYS.ACCOUNT.A.CONNECT");
  world.settle();
  const taken = (): string[] => lines.splice(0, lines.length);
  expect(taken()).toEqual([]);

  world.core(1).setTrace(TRACE);
  early.ping();
  const late = world.connect(1, A);
  late.subscribe("7", "x");
  world.settle();
  const traced = taken();
  const has = (part: string): boolean => traced.some((line) => line.includes(part));
  expect([has("<<- [PING]"), has("<<- [SUB x 7]")]).toEqual([true, true]);
  expect(has("SYSTEM - <<- [PUB $SYS.ACCOUNT.A.CONNECT ")).toBe(true);

  world.core(1).setTrace(undefined);
  for (const client of [early, late, world.connect(1, A)]) client.ping();
  world.settle();
  expect(taken()).toEqual([]);
  expect(system.deliveries).toHaveLength(2);
});
