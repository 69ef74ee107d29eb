import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { SORT_KEYS } from "./connz-order.ts";
import { FakeServer, fakeConnection, fakeFinished } from "./testing/fake-server.ts";

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
});

/** Client ids of a page. */
function idsOf(target: string): number[] {
  const page = server.json(target) as { connections: { cid: number }[] };
  return page.connections.map(({ cid }) => cid);
}

function open(count: number): void {
  server.open = Array.from({ length: count }, (_, at) => fakeConnection(at + 1));
}

/** Three connections, of which the second has the most and the third the least of it. */
type Field = keyof FakeServer["open"][number]["figures"];

test.each([
  ["subs", "subscriptions"],
  ["pending", "pendingBytes"],
  ["msgs_to", "outMessages"],
  ["msgs_from", "inMessages"],
  ["bytes_to", "outBytes"],
  ["bytes_from", "inBytes"],
  ["last", "activeAt"],
  ["rtt", "roundTripNanos"],
] as const satisfies readonly (readonly [string, Field])[])(
  "MO-19: sort=%s puts the largest first",
  (key, field) => {
    open(3);
    server.open.forEach((one, at) => {
      one.figures[field] = [20, 30, 10][at] ?? 0;
    });
    expect(idsOf(`/connz?sort=${key}`)).toEqual([2, 1, 3]);
  },
);

test("MO-19: idle is the last activity turned round, start and cid are in order of arrival", () => {
  open(3);
  server.open.reverse();
  server.open.forEach((one, at) => {
    one.figures.activeAt = [20, 30, 10][at] ?? 0;
  });
  expect(idsOf("/connz?sort=idle")).toEqual([1, 3, 2]);
  expect(idsOf("/connz?sort=cid")).toEqual([1, 2, 3]);
  expect(idsOf("/connz?sort=start")).toEqual([1, 2, 3]);
  expect(idsOf("/connz")).toEqual([1, 2, 3]);
});

test("MO-19: uptime puts the youngest first, as the reference does", () => {
  open(2);
  (server.open[0] as (typeof server.open)[number]).figures.startedAt -= 10_000;
  expect(idsOf("/connz?sort=uptime")).toEqual([2, 1]);
});

test("MO-20: finished connections list what they had subscribed to, where it is asked for", () => {
  const entry = { clientId: 1, account: 0, subject: "a.b", sid: "7", delivered: 2, max: 0 };
  server.finished = [{ ...fakeFinished(1), subscriptionList: JSON.stringify([entry]) }];
  const shown = (query: string) => server.json(`/connz?state=closed${query}`)["connections"];
  expect(shown("&subs=1")).toMatchObject([{ cid: 1, subscriptions_list: ["a.b"] }]);
  expect(shown("&subs=detail")).toMatchObject([
    { subscriptions_list_detail: [{ subject: "a.b", sid: "7", msgs: 2, cid: 1 }] },
  ]);
  expect(JSON.stringify(shown(""))).not.toContain("subscriptions_list");
});

test("MO-19: stop and reason are for finished connections", () => {
  server.finished = [
    { ...fakeFinished(1, "Write Error"), closedAt: 100 },
    { ...fakeFinished(2, "Client Closed"), closedAt: 300 },
    { ...fakeFinished(3, "Stale Connection"), closedAt: 200 },
  ];
  expect(idsOf("/connz?state=closed&sort=stop")).toEqual([2, 3, 1]);
  expect(idsOf("/connz?state=closed&sort=reason")).toEqual([2, 3, 1]);
  for (const key of ["stop", "reason"]) {
    const text = `sort by ${key} only valid on closed connections`;
    expect(server.page(`/connz?sort=${key}`)).toMatchObject({ status: 400, text });
    expect(server.page(`/connz?state=all&sort=${key}`)).toMatchObject({ status: 400, text });
  }
  expect(server.page("/connz?sort=xyz").text).toBe("invalid sorting option: xyz");
});

test("MO-19: every key sorts finished connections and mixed pages too", () => {
  open(2);
  server.finished = [fakeFinished(3), fakeFinished(4)];
  for (const key of SORT_KEYS) {
    expect(idsOf(`/connz?state=closed&sort=${key}`)).toHaveLength(2);
    if (key === "stop" || key === "reason") continue;
    expect(idsOf(`/connz?state=any&sort=${key}`)).toHaveLength(4);
  }
});

test("MO-18: pages are cut by offset and limit, whatever the numbers", () => {
  open(10);
  expect(idsOf("/connz?limit=3")).toEqual([1, 2, 3]);
  expect(idsOf("/connz?offset=8&limit=3")).toEqual([9, 10]);
  expect(idsOf("/connz?offset=-5&limit=2")).toEqual([1, 2]);
  expect(idsOf("/connz?offset=10")).toEqual([]);
  expect(server.json("/connz?limit=-1")).toMatchObject({ limit: 1024, total: 10 });
  const wide = server.page("/connz?offset=9223372036854775807&limit=9223372036854775807");
  expect(wide.text).toContain('"limit": 9223372036854775807,\n  "connections": []');
});

test("MO-18: any offset and limit give a slice of the whole", () => {
  open(30);
  const edge = fc.oneof(
    fc.bigInt({ min: -3n, max: 40n }),
    fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 31n),
  );
  fc.assert(
    fc.property(edge, edge, (offset, limit) => {
      const ids = idsOf(`/connz?offset=${offset}&limit=${limit}`);
      const from = offset < 0n ? 0 : Number(offset);
      const count = limit <= 0n ? 1_024 : Number(limit);
      const whole = Array.from({ length: 30 }, (_, at) => at + 1);
      expect(ids).toEqual(whole.slice(from, from + count));
    }),
  );
});

test("MO-18: state chooses, and total counts what was chosen from", () => {
  open(2);
  server.finished = [fakeFinished(7)];
  expect(server.json("/connz")).toMatchObject({ num_connections: 2, total: 2 });
  expect(server.json("/connz?state=closed")).toMatchObject({ num_connections: 1, total: 1 });
  expect(server.json("/connz?state=all&limit=1")).toMatchObject({ num_connections: 1, total: 3 });
});

test("MO-18: cid finds one, open or finished, and is a limit of 1", () => {
  open(3);
  server.finished = [fakeFinished(9)];
  expect(idsOf("/connz?cid=2")).toEqual([2]);
  expect(idsOf("/connz?cid=9")).toEqual([]);
  expect(idsOf("/connz?cid=9&state=all")).toEqual([9]);
  expect(idsOf("/connz?cid=18446744073709551615&state=all")).toEqual([]);
  expect(server.json("/connz?cid=2")).toMatchObject({ limit: 1, total: 3 });
});

test("MO-18: user and account filter; an account that is not there has no connections", () => {
  open(3);
  server.accounts.push({ index: 2, name: "A", isSystem: false, mappings: [] });
  const [one, two] = server.open;
  Object.assign(one?.facts ?? {}, { user: "ann", account: "A" });
  Object.assign(two?.facts ?? {}, { nkey: "UKEY" });
  const gone = fakeFinished(9);
  server.finished = [{ ...gone, account: "A" }];
  expect(idsOf("/connz?user=ann")).toEqual([1]);
  expect(idsOf("/connz?user=UKEY&auth=1")).toEqual([2]);
  expect(idsOf("/connz?acc=A")).toEqual([1]);
  expect(idsOf("/connz?acc=A&state=all")).toEqual([1, 9]);
  expect(server.json("/connz?acc=A&user=bob")).toMatchObject({ total: 1, connections: [] });
  expect(server.json("/connz?acc=none")).toMatchObject({ server_id: "", connections: null });
  expect(idsOf("/connz?mqtt_client=x")).toEqual([]);
});

test("MO-20: who a connection is stands there only with auth", () => {
  open(1);
  Object.assign(server.open[0]?.facts ?? {}, { user: "ann", account: "A" });
  const plain = server.page("/connz").text;
  expect(plain).not.toContain("ann");
  expect(plain).not.toContain('"account"');
  const [shown] = server.json("/connz?auth=true")["connections"] as object[];
  expect(shown).toMatchObject({ authorized_user: "ann", account: "A" });
});

test("MO-18: subscriptions as names and in detail, asked of the workers that have them", () => {
  open(3);
  (server.open[1] as (typeof server.open)[number]).worker = 2;
  const entry = { account: 0, sid: "1", delivered: 4, max: 0 };
  server.subscriptions = [
    { ...entry, clientId: 1, subject: "a.*" },
    { ...entry, clientId: 1, subject: "b", queue: "q", sid: "2", max: 9 },
    { ...entry, clientId: 2, subject: "c" },
  ];
  const names = server.json("/connz?subs=1")["connections"] as Record<string, unknown>[];
  expect(names.map((one) => one["subscriptions_list"])).toEqual([["a.*", "b"], ["c"], undefined]);
  const detail = server.json("/connz?subs=detail")["connections"] as Record<string, unknown>[];
  expect(detail[0]?.["subscriptions_list_detail"]).toEqual([
    { subject: "a.*", sid: "1", msgs: 4, cid: 1 },
    { subject: "b", qgroup: "q", sid: "2", msgs: 4, max: 9, cid: 1 },
  ]);
  server.asked = 0;
  server.json("/connz");
  expect(server.asked).toBe(0);
});

test("a page of ten thousand is made in slices", () => {
  open(10_000);
  expect(idsOf("/connz?sort=msgs_to&limit=10000")).toHaveLength(10_000);
  expect(server.pauses).toBeGreaterThan(30);
});
