import { expect, test } from "vitest";
import { compileAccounts } from "./compile.ts";
import { rebaseAccounts } from "./rebase.ts";
import { AccountRouting } from "./routing.ts";
import type { AccountsSnapshot } from "./snapshot.ts";
import type { AccountSpec } from "./spec.ts";
import { streamTargets } from "./testing/stream-targets.ts";

function compiled(...specs: readonly AccountSpec[]): AccountsSnapshot {
  const result = compileAccounts(specs);
  if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join());
  return result.snapshot;
}

const named = (...names: readonly string[]): AccountsSnapshot =>
  compiled(...names.map((name) => ({ name })));

function rebase(
  previous: AccountsSnapshot,
  next: AccountsSnapshot,
  retired: readonly number[] = [],
  isFree: (index: number) => boolean = () => true,
): AccountsSnapshot & { readonly gone: readonly number[] } {
  const result = rebaseAccounts(previous, next, retired, isFree);
  if (!result.ok) throw new Error(result.error);
  return { ...result.snapshot, gone: result.retired };
}

const names = ({ accounts }: AccountsSnapshot): string[] =>
  accounts.map(({ name, retired }) => (retired ? `(${name})` : name));

test("RL-13: accounts keep their indexes by name, whatever their order", () => {
  const after = rebase(named("A", "B", "C"), named("C", "N", "A"));
  expect(names(after)).toEqual(["$G", "$SYS", "A", "(B)", "C", "N"]);
  expect(after.accounts.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(after.gone).toEqual([3]);
});

test("an account that comes back has its index again", () => {
  const without = rebase(named("A", "B"), named("B"));
  expect(names(rebase(without, named("B", "A")))).toEqual(["$G", "$SYS", "A", "B"]);
});

test("the index of a deleted account goes to another one only when it is free", () => {
  const without = rebase(named("A", "B", "C"), named("C"));
  const busy = rebase(without, named("C", "N"), [3, 2], () => false);
  expect(names(busy)).toEqual(["$G", "$SYS", "(A)", "(B)", "C", "N"]);
  const free = rebase(without, named("C", "N"), [3, 2]);
  expect(names(free)).toEqual(["$G", "$SYS", "(A)", "N", "C"]);
  const oneFree = rebase(without, named("C", "N", "M"), [3, 2], (index) => index === 2);
  expect(names(oneFree)).toEqual(["$G", "$SYS", "N", "(B)", "C", "M"]);
});

test("imports follow their accounts", () => {
  const exporter: AccountSpec = { name: "S", exports: [{ kind: "stream", subject: "x" }] };
  const importer: AccountSpec = {
    name: "R",
    imports: [{ kind: "stream", account: "S", subject: "x", to: "y" }],
  };
  const after = rebase(named("A", "R"), compiled(exporter, importer));
  expect(names(after)).toEqual(["$G", "$SYS", "(A)", "R", "S"]);
  expect(after.streamImports).toMatchObject([{ exporter: 4, importer: 3, from: "x", to: "y" }]);
  const routing = new AccountRouting(after);
  expect(streamTargets(routing.account(4), "x")).toMatchObject([{ importer: 3, subject: "y" }]);
  expect(routing.account(2).hasStreamImporters).toBe(false);
  expect(routing.indexOf("A")).toBeUndefined();
});

test("the places of $G and of the system account are theirs", () => {
  const before = compiled({ name: "$SYS", mappings: [] }, { name: "A" });
  expect(names(rebase(before, named("B")))).toEqual(["$G", "$SYS", "(A)", "B"]);
});

test("more accounts than there are places are refused", () => {
  const many = Array.from({ length: 40_000 }, (_, index) => ({ index: index + 2 }));
  const snapshot = (prefix: string): AccountsSnapshot => {
    const base = named();
    const limits = base.accounts[0]!.limits;
    const more = many.map(({ index }) => ({
      index,
      name: `${prefix}${index}`,
      limits,
      mappings: [],
    }));
    return { ...base, accounts: [...base.accounts, ...more] };
  };
  const result = rebaseAccounts(snapshot("a"), snapshot("b"), [], () => true);
  expect(result).toMatchObject({ ok: false });
});
