// Accounts that are made to let circles be searched for long (attack 45): a change costs a bounded time,
// those who are not part of it get what they ask for, and nothing that worked is lost.
import { describe, expect, test } from "vitest";
import { CYCLE_ERRORS } from "./cycles.ts";
import { LiveAccounts, type LiveChange } from "./live-accounts.ts";
import type { AccountSpec } from "./spec.ts";
import { importOf, service, snapshotOf, stream } from "./testing/specs.ts";

/** Of this thread on a processor, on a machine that others use as well. */
const CHANGE_MS_MAX = 1_500;

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function live(): LiveAccounts {
  return new LiveAccounts(snapshotOf([]), { takeFreeIndex: () => undefined });
}

function textsOf({ problems }: LiveChange, name: string): string[] {
  return (problems.get(name) ?? []).map(({ message }) => message.split(": ")[1] as string);
}

/** Accounts whose requests can go round in very many ways. */
function knot(count: number): AccountSpec[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `K${at}`,
    exports: [service(">")],
    imports: Array.from({ length: count }, (_, other) =>
      importOf("service", `K${other}`, `*.${other}.>`, { to: `*.${at}.${other}.>` }),
    ).filter((_, other) => other !== at),
  }));
}

/** Time of the change that takes longest. */
function longest(changes: readonly (() => unknown)[]): number {
  return Math.max(
    ...changes.map((change) => {
      const started = threadMs();
      change();
      return threadMs() - started;
    }),
  );
}

describe("AC-36: searches for circles, attack 45", () => {
  test("a knot costs each change a bounded time, also those that have nothing to do with it", () => {
    const accounts = live();
    const specs = knot(50);
    const all = longest([() => accounts.change(specs)]);
    // Another import of each: all of them are searched again.
    const renewed = specs.map((spec) => ({
      ...spec,
      imports: [...(spec.imports ?? []), importOf("service", "K0", "more", { to: spec.name })],
    }));
    const others = longest([
      () => accounts.change(renewed),
      ...Array.from({ length: 20 }, (_, at) => () => accounts.change([{ name: `X${at}` }])),
      // What opens a circle lets those that were refused be searched again.
      ...Array.from({ length: 2 }, (_, at) => () => accounts.change([], [`K${at}`])),
    ]);
    expect(Math.max(all, others)).toBeLessThan(CHANGE_MS_MAX);
    let changes = 0;
    while (accounts.isUnfinished && changes < 1_000) {
      accounts.change([]);
      changes += 1;
    }
    expect(accounts.isUnfinished).toBe(false);
  });

  test("an account with 20,000 imports that all overlap is found at a bounded price", () => {
    const accounts = live();
    const count = 20_000;
    const mill: AccountSpec = {
      name: "MILL",
      exports: [service(">"), stream(">")],
      imports: Array.from({ length: count }, (_, at) =>
        importOf("service", "BACK", `s.${at}`, { to: `t.${at}` }),
      ),
    };
    const back: AccountSpec = { name: "BACK", exports: [service(">")] };
    const asking = (name: string, many: number): AccountSpec => ({
      name,
      imports: Array.from({ length: many }, (_, at) =>
        importOf("service", "MILL", `t.${at}.>`, { to: `u.${at}.>` }),
      ),
    });
    const wild: AccountSpec = {
      name: "WILD",
      imports: Array.from({ length: 2_000 }, (_, at) =>
        importOf("service", "MILL", ">", { to: `u.${at}.>` }),
      ),
    };
    accounts.change([back, mill]);
    let change: LiveChange | undefined;
    const slowest = longest([
      () => {
        change = accounts.change([wild]);
      },
      () => accounts.change([{ name: "Y" }]),
    ]);
    expect(slowest).toBeLessThan(CHANGE_MS_MAX);
    expect(textsOf(change as LiveChange, "WILD")).toContain(CYCLE_ERRORS.depth);
    expect(textsOf(accounts.change([asking("CALM", 100)]), "CALM")).toEqual([]);
  });

  test("who found no time beside others gets it with the changes that follow", () => {
    const accounts = live();
    const count = 1_000;
    const calm: AccountSpec = {
      name: "CALM",
      exports: [service("z.*")],
      imports: Array.from({ length: count }, (_, at) => importOf("service", "SHOP", `price.${at}`)),
    };
    const shop: AccountSpec = {
      name: "SHOP",
      exports: [service("price.*")],
      imports: Array.from({ length: count }, (_, at) => importOf("service", "CALM", `z.${at}`)),
    };
    const few: AccountSpec = { name: "FEW", imports: [importOf("service", "SHOP", "price.x")] };
    // All of it at once, the calm ones at the end.
    const first = accounts.change([...knot(70), calm, shop, few]);
    // A few imports find their time in any case.
    expect(textsOf(first, "FEW")).toEqual([]);
    expect(textsOf(first, "CALM").concat(textsOf(first, "SHOP"))).toContain(CYCLE_ERRORS.depth);
    const told = new Map<string, string[]>();
    for (let changes = 0; accounts.isUnfinished && changes < 1_000; changes += 1) {
      const change = accounts.change([]);
      for (const name of change.problems.keys()) told.set(name, textsOf(change, name));
    }
    for (const name of ["CALM", "SHOP"]) expect(told.get(name) ?? []).toEqual([]);
    const imports = accounts.snapshot().serviceImports.map(({ importer }) => importer);
    for (const name of ["CALM", "SHOP"]) {
      const index = accounts.indexOf(name);
      expect(imports.filter((importer) => importer === index)).toHaveLength(count);
    }
  });

  test("what is dear of one exporter does not keep out what comes from the others", () => {
    const accounts = live();
    const count = 12;
    let starts = [""];
    for (let at = 0; at < count; at += 1) {
      starts = starts.flatMap((start) => [`${start}a.`, `${start}*.`]);
    }
    const storm = starts.map((start, at) => service(`${start}only${at}`));
    const asked = "a.".repeat(count);
    // What is asked of one of these goes many ways, each of which goes many ways from there.
    const mills = [0, 1, 2, 3].map((mill) => ({
      name: `MILL${mill}`,
      exports: [service(">")],
      imports: Array.from({ length: 900 }, (_, at) =>
        importOf("service", "BACK", `s.${at}`, { to: `t.${at}` }),
      ),
    }));
    const back: AccountSpec = { name: "BACK", exports: [service(">")] };
    const far = Array.from({ length: 60 }, (_, at) => ({
      name: `FAR${at}`,
      exports: [service("p.*")],
    }));
    const ways = far.map(({ name }) => importOf("service", name, "p.*", { to: "s.*" }));
    accounts.change([
      ...mills,
      back,
      ...far,
      { name: "STORM", exports: storm },
      { name: "CALM", exports: [service("p.*")], imports: [importOf("service", "FAR0", "p.*")] },
    ]);
    accounts.change([{ ...back, imports: ways }]);
    const change = accounts.change([
      {
        name: "HUB",
        imports: [
          ...[0, 1, 2, 3].map((at) => importOf("service", `MILL${at}`, ">", { to: `in.${at}.>` })),
          ...Array.from({ length: 200 }, (_, at) => importOf("service", "STORM", `${asked}x${at}`)),
          importOf("service", "CALM", "p.x"),
        ],
      },
    ]);
    const texts = (change.problems.get("HUB") ?? []).map(({ message }) => message);
    expect(texts.filter((text) => text.includes('">"') && text.endsWith("exhausted"))).toHaveLength(
      4,
    );
    expect(texts.filter((text) => text.includes(asked))).toHaveLength(200);
    expect(texts.at(-1)).toMatch(/exhausted$/);
    expect(texts.join()).not.toContain('"p.x"');
    const hub = accounts.indexOf("HUB");
    const { serviceImports } = accounts.snapshot();
    expect(serviceImports.filter(({ importer }) => importer === hub)).toHaveLength(1);
  });

  test("what was accepted is not searched again when its account or exporter is renewed", () => {
    const accounts = live();
    const specs = knot(60);
    accounts.change(specs);
    const before = accounts.snapshot();
    const [first] = specs as [AccountSpec];
    const renew = (spec: AccountSpec) => () => {
      const { delta } = accounts.change([spec]);
      expect(delta.imports.filter(({ importer }) => importer !== 2).length).toBe(0);
    };
    const slowest = longest([
      renew({ ...first, limits: { connectionsMax: 1 } }),
      renew({ ...first, exports: [service(">"), stream("s")] }),
    ]);
    expect(slowest).toBeLessThan(CHANGE_MS_MAX);
    const kept = new Set(accounts.snapshot().serviceImports.map((one) => JSON.stringify(one)));
    const lost = before.serviceImports.filter((one) => !kept.has(JSON.stringify(one)));
    expect([before.serviceImports.length > 1_000, lost.length]).toEqual([true, 0]);
  });

  test("streams: an exporter that exports more can close a circle of imports that were accepted", () => {
    const accounts = live();
    const first: AccountSpec = {
      name: "A",
      exports: [stream("y")],
      imports: [importOf("stream", "B", "b", { to: "x" })],
    };
    const second: AccountSpec = {
      name: "B",
      exports: [stream("b")],
      imports: [importOf("stream", "A", "y", { to: "x" })],
    };
    accounts.change([first, second]);
    const change = (spec: AccountSpec): string[] => {
      const { problems } = accounts.change([spec]);
      return [...problems.values()].flat().map(({ message }) => message.split(": ")[1] as string);
    };
    expect(change({ ...first, limits: { connectionsMax: 1 } })).toEqual([]);
    expect(change({ ...second, exports: [stream("b"), stream("x")] })).toEqual([
      CYCLE_ERRORS.cycle,
    ]);
    expect(accounts.snapshot().streamImports).toHaveLength(1);
    expect(change(second)).toEqual([]);
    expect(accounts.snapshot().streamImports).toHaveLength(2);
  });
});
