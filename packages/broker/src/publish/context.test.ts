// Contexts that nobody uses go: when there are many, and when their permissions take much.
import { compilePermissions } from "@weft/auth";
import { expect, test } from "vitest";
import { ContextTable } from "./context.ts";

test("AN-53: contexts of large permissions go long before there are thousands", () => {
  const table = new ContextTable();
  const used = table.client(1, "used", compilePermissions({ publish: { allow: ["a"] } }));
  let sweeps = 0;
  const inUse = () => {
    sweeps += 1;
    return [used];
  };
  for (let number = 0; number < 200; number += 1) {
    const allow = [`${"a.".repeat(1_300)}u${number}`];
    table.client(1, `${number}`, compilePermissions({ publish: { allow } }));
    table.sweep(inUse);
  }
  // 1,302 tokens each, and as much text as 17 take: fifty of them are above the bound.
  expect(sweeps).toBe(4);
  expect(table.client(1, "used")).toBe(used);
  for (let number = 0; number < 4_096; number += 1) table.client(1, `small ${number}`);
  table.sweep(inUse);
  expect(sweeps).toBe(5);
  expect(table.client(1, "used")).toBe(used);
});

test("A57: an account has seven eighths of the room at most, as long as others have none", () => {
  const table = new ContextTable();
  const permissions = compilePermissions({ publish: { allow: ["a.b.c.d"] } });
  const { tokensCount } = permissions;
  const fill = (account: number): number => {
    let count = 0;
    while (table.hasRoomFor(account, `${count}`, permissions, 160 * tokensCount)) {
      table.client(account, `${count}`, permissions);
      count += 1;
    }
    return count;
  };
  expect(fill(1)).toBe(140);
  expect(fill(2)).toBe(17);
  // What is there takes no more room.
  expect(table.hasRoomFor(1, "0", permissions, 160 * tokensCount)).toBe(true);
  table.sweep(() => []);
  expect(fill(2)).toBe(140);
  table.reset();
  expect(fill(1)).toBe(140);
});
