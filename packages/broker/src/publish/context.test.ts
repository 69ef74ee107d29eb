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
  // 1,302 tokens each: fifty of them are above the bound.
  expect(sweeps).toBe(3);
  expect(table.client(1, "used")).toBe(used);
  for (let number = 0; number < 4_096; number += 1) table.client(1, `small ${number}`);
  table.sweep(inUse);
  expect(sweeps).toBe(4);
  expect(table.client(1, "used")).toBe(used);
});
