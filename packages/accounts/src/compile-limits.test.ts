// Compilation of configurations that are made to take long: an answer in bounded time.
import { describe, expect, test } from "vitest";
import type { AccountSpec } from "./spec.ts";
import { errorsOf, importOf, ring, service, snapshotOf, stream } from "./testing/specs.ts";

/** Time of this thread on a processor: what others do on the machine does not count. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

describe("attack 45: big configurations", () => {
  const COUNT = 10_000;

  test("AC-36: a chain of 10,000 accounts exhausts the search depth, in bounded time", () => {
    for (const kind of ["stream", "service"] as const) {
      const specs = ring(kind, COUNT, false);
      const started = threadMs();
      expect(
        errorsOf([
          ...specs.slice(0, -1),
          { name: `A${COUNT - 1}`, exports: [{ kind, subject: "x" }] },
        ]),
      ).toEqual([`Error adding ${kind} import "x": search cycle depth exhausted`]);
      expect(errorsOf(specs)[0]).toMatch(/search cycle depth exhausted|import forms a cycle/);
      expect(threadMs() - started).toBeLessThan(3_000);
    }
  });

  test("a hub with 10,000 accounts in both directions is fine, in bounded time", () => {
    const hub: AccountSpec = {
      name: "HUB",
      exports: [stream("news.>"), service("api.*", { accountTokenPosition: 2 })],
      imports: Array.from({ length: COUNT }, (_, at) =>
        importOf("stream", `S${at}`, `events.${at}.>`),
      ),
    };
    const spokes = Array.from({ length: COUNT }, (_, at) => ({
      name: `S${at}`,
      exports: [stream(`events.${at}.>`)],
      imports: [
        importOf("stream", "HUB", "news.>"),
        importOf("service", "HUB", `api.S${at}`, { to: "api" }),
      ],
    }));
    const started = threadMs();
    const snapshot = snapshotOf([hub, ...spokes]);
    expect(threadMs() - started).toBeLessThan(3_000);
    expect(snapshot.streamImports).toHaveLength(2 * COUNT);
    expect(snapshot.serviceImports).toHaveLength(COUNT);
  });

  test("a knot in which everything overlaps ends with an answer, in bounded time", () => {
    const count = 60;
    const specs = Array.from({ length: count }, (_, at) => ({
      name: `K${at}`,
      exports: [service(">")],
      imports: Array.from({ length: count }, (_, other) => ({
        ...importOf("service", `K${other}`, `*.${other}.>`, { to: `*.${at}.${other}.>` }),
      })).filter((_, other) => other !== at),
    }));
    const started = threadMs();
    expect(errorsOf(specs).length).toBeGreaterThan(0);
    expect(threadMs() - started).toBeLessThan(3_000);
  });
});
