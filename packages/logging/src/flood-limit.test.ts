// What is left out when many lines come, and that it is summed up.
import { expect, test } from "vitest";
import { CONNECTION_LINES_MAX, FloodLimit, THREAD_LINES_MAX } from "./flood-limit.ts";

function connection(clientId: number) {
  const label = `10.0.0.1:1 - cid:${clientId}`;
  return { clientId, address: "10.0.0.1", port: 1, account: "A", user: "", label };
}

test("LG-13: equal lines of a connection are written once a window and counted", () => {
  const limit = new FloodLimit();
  const line = { level: "error", text: "no", connection: connection(1) } as const;
  expect([1, 2, 3].map(() => limit.admits(line))).toEqual([true, false, false]);
  expect(limit.admits({ ...line, connection: connection(2) })).toBe(true);
  expect(limit.admits({ ...line, level: "warn" })).toBe(true);
  expect(limit.sums()).toEqual([{ ...line, text: "no - 2 more within a second" }]);
  expect(limit.isCounting).toBe(false);
  expect(limit.admits(line)).toBe(true);
});

test("attack 66: a connection that varies its lines is limited too", () => {
  const limit = new FloodLimit();
  const about = connection(1);
  let admitted = 0;
  for (let line = 0; line < 1_000; line += 1) {
    if (limit.admits({ level: "error", text: `Subject "${line}"`, connection: about }))
      admitted += 1;
  }
  expect(admitted).toBe(CONNECTION_LINES_MAX);
  const text = `${1_000 - admitted} other log lines of this connection left out within a second`;
  expect(limit.sums()).toEqual([{ level: "warn", text, connection: about }]);
});

test("attack 66: many connections together are limited, and memory with them", () => {
  const limit = new FloodLimit();
  let admitted = 0;
  for (let id = 0; id < 5_000; id += 1) {
    if (limit.admits({ level: "error", text: "no", connection: connection(id) })) admitted += 1;
  }
  expect(admitted).toBe(THREAD_LINES_MAX);
  const text = `${5_000 - admitted} other log lines of this thread left out within a second`;
  expect(limit.sums()).toEqual([{ level: "warn", text }]);
});

test("LG-11: what was asked for is never left out here", () => {
  const limit = new FloodLimit();
  for (const level of ["debug", "trace"] as const) {
    for (let line = 0; line < 2_000; line += 1) {
      expect(limit.admits({ level, text: "x", connection: connection(1) })).toBe(true);
    }
  }
  expect(limit.isCounting).toBe(false);
});
