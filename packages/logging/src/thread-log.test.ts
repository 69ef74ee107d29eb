// The batches of a thread: one under way at a time, bounded, nothing dropped in silence.
import { expect, test } from "vitest";
import type { LogBatch } from "./log-batch.ts";
import { until } from "./testing/log-bench.ts";
import { BATCH_CHARACTERS_MAX, ThreadLog } from "./thread-log.ts";

function collecting(): { readonly log: ThreadLog; readonly batches: LogBatch[] } {
  const batches: LogBatch[] = [];
  const log = new ThreadLog({ debug: true, trace: true, send: (batch) => batches.push(batch) });
  return { log, batches };
}

test("lines of a turn travel together, and no batch leaves before the last was taken", async () => {
  const { log, batches } = collecting();
  log.write("debug", "a");
  log.write("debug", "b");
  await until(() => batches.length === 1);
  expect(batches[0]?.records.map(({ text }) => text)).toEqual(["a", "b"]);
  log.write("debug", "c");
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(batches).toHaveLength(1);
  log.taken();
  await until(() => batches.length === 2);
});

test("GP-11: what does not fit is counted", async () => {
  const { log, batches } = collecting();
  const text = "x".repeat(100_000);
  const lines = 100;
  for (let line = 0; line < lines; line += 1) log.write("trace", text);
  log.flush();
  const [batch] = batches;
  const kept = Math.floor(BATCH_CHARACTERS_MAX / (text.length + 200));
  expect([batch?.records.length, batch?.dropped]).toEqual([kept, lines - kept]);
  log.write("trace", "again");
  log.taken();
  await until(() => batches.length === 2);
  expect(batches[1]).toMatchObject({ dropped: 0, records: [{ text: "again" }] });
});

test("GP-11: what a record says of its connection counts as well", () => {
  const { log, batches } = collecting();
  const label = "x".repeat(100_000);
  const connection = { clientId: 1, address: "", port: 1, account: label, user: label, label };
  const lines = 100;
  for (let line = 0; line < lines; line += 1) log.write("debug", "short", connection);
  log.flush();
  const kept = Math.floor(BATCH_CHARACTERS_MAX / (3 * label.length + 205));
  const [batch] = batches;
  expect([batch?.records.length, batch?.dropped]).toEqual([kept, lines - kept]);
});

test("LG-13: what was left out is summed up at the end of the second", async () => {
  const { log, batches } = collecting();
  for (let line = 0; line < 5; line += 1) log.write("error", "no");
  await until(() => batches.length === 1);
  log.taken();
  await until(() => batches.length === 2);
  expect(batches.flatMap(({ records }) => records.map(({ text }) => text))).toEqual([
    "no",
    "no - 4 more within a second",
  ]);
});

test("LG-11: levels change while it runs; long lines are cut, traces are not", () => {
  const { log, batches } = collecting();
  log.setLevels({ debug: false, trace: true });
  expect([log.debugEnabled, log.traceEnabled]).toEqual([false, true]);
  log.write("debug", "no");
  log.write("error", "x".repeat(10_000));
  log.write("trace", "y".repeat(10_000));
  log.flush();
  const lengths = batches[0]?.records.map(({ text }) => text.length);
  expect(lengths).toEqual([4_099, 10_000]);
});
