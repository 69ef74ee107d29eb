// What a worker pays for an account before there is a message: nobody else is served meanwhile.
import { serialize } from "node:v8";
import { compileTransform } from "@weft/subjects";
import { describe, expect, test } from "vitest";
import { AccountRouting } from "./routing.ts";
import type { AccountSpec } from "./spec.ts";
import { importOf, service, snapshotOf, stream } from "./testing/specs.ts";

/** Milliseconds of a processor: what others do on the machine does not count. */
function costOf(work: () => void): number {
  const started = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / 1_000;
}

const LONG = "x.".repeat(2_000);
const PLACES = Array.from({ length: 200 }, (_, at) => at);

/** The account B of these, told what compiling all of its transforms would cost as well. */
function accountOf(specs: AccountSpec[], name: string) {
  const snapshot = structuredClone(snapshotOf(specs));
  const compiling = costOf(() => {
    for (const at of PLACES) compileTransform(`m${at}.*`, `${LONG}$1`);
  });
  let routing = new AccountRouting({
    ...snapshot,
    accounts: [],
    streamImports: [],
    serviceImports: [],
  });
  const taking = costOf(() => {
    routing = new AccountRouting(snapshot);
  });
  const index = snapshot.accounts.findIndex((account) => account.name === name);
  return { account: routing.account(index), share: taking / compiling };
}

describe("cost of routing", () => {
  test("SU-30: a mapping is compiled when a subject falls under it", () => {
    const mappings = PLACES.map((at) => ({
      source: `m${at}.*`,
      destinations: [{ subject: `${LONG}$1` }],
    }));
    const { account, share } = accountOf([{ name: "A", mappings }], "A");
    expect(share).toBeLessThan(0.5);
    expect(account.mapping("m7.b")?.fixed).toBe(`${LONG}b`);
    expect(account.mapping("m7.c")?.fixed).toBe(`${LONG}c`);
    expect(account.mapping("m200.b")).toBeUndefined();
  });

  test("SU-30: all threads are told of a mapping in little more than its texts", () => {
    const mappings = PLACES.map((at) => ({
      source: `m${at}.*`,
      destinations: [{ subject: `n${at}.$1`, weight: 40 }, { subject: "o.$1" }].slice(
        at % 2,
        1 + (at % 2),
      ),
    }));
    const snapshot = snapshotOf([{ name: "A", mappings }]);
    const [, , account] = structuredClone(snapshot.accounts);
    expect(account?.mappings.slice(0, 2)).toEqual([
      'm0.* ["n0.$1",40,"m0.$1",60]',
      'm1.* ["o.$1",100]',
    ]);
    expect(serialize(account?.mappings).length / PLACES.length).toBeLessThan(40);
    const routed = new AccountRouting(snapshot).account(2);
    expect(routed.mapping("m1.x")?.fixed).toBe("o.x");
    const prng = { nextUint32: () => 0, below: () => 50 };
    expect(routed.mapping("m0.x")?.choose(prng)).toBe("m0.x");
  });

  test("AC-25, AC-28: an import is compiled when a subject falls under it", () => {
    const to = `${LONG}$1`;
    const streams = PLACES.map((at) => importOf("stream", "A", `m${at}.*`, { to }));
    const first = accountOf(
      [
        { name: "A", exports: [stream("*.*")] },
        { name: "B", imports: streams },
      ],
      "A",
    );
    expect(first.share).toBeLessThan(0.5);
    expect(first.account.streamTargetGroups("m7.b").map(({ subject }) => subject)).toEqual([
      `${LONG}b`,
    ]);
    const services = PLACES.map((at) => importOf("service", "A", `${LONG}*`, { to: `m${at}.*` }));
    const second = accountOf(
      [
        { name: "A", exports: [service(">")] },
        { name: "B", imports: services },
      ],
      "B",
    );
    expect(second.share).toBeLessThan(0.5);
    expect(second.account.serviceImports("m7.b").map(({ subject }) => subject)).toEqual([
      `${LONG}b`,
    ]);
  });
});
