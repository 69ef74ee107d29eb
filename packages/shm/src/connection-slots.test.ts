// The connection board: what a writer puts there is what a reader on another thread finds, and never
// the figures of one connection with the text of another (MO-20).
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { FIGURE_CLIENT_ID, FIGURE_IN_MESSAGES, FIGURE_STARTED_AT, FIGURES_COUNT } from "@weft/base";
import { expect, test } from "vitest";
import {
  ConnectionSlots,
  ConnectionSlotsReader,
  connectionSlotsRegion,
} from "./connection-slots.ts";

function read(reader: ConnectionSlotsReader): Map<number, string | undefined> {
  const found = new Map<number, string | undefined>();
  const row = new Float64Array(FIGURES_COUNT);
  for (let place = 0; place < reader.places; place += 1) {
    if (!reader.figures(place, row, 0)) continue;
    const clientId = row[FIGURE_CLIENT_ID] as number;
    found.set(clientId, reader.text(place, clientId));
  }
  return found;
}

test("MO-20: places are taken, described, released and used again", () => {
  const region = connectionSlotsRegion(2);
  const slots = new ConnectionSlots(region);
  const reader = new ConnectionSlotsReader(region);
  expect(read(reader)).toEqual(new Map());
  const one = slots.take(7, 1_000);
  const two = slots.take(8, 2_000);
  expect(slots.take(9, 3_000)).toBe(-1);
  expect(slots.describe(one, "grüße")).toBe(true);
  slots.figures[one + FIGURE_IN_MESSAGES] = 5;
  expect(read(reader)).toEqual(
    new Map([
      [7, "grüße"],
      [8, ""],
    ]),
  );
  const row = new Float64Array(FIGURES_COUNT);
  expect(reader.figures(0, row, 0)).toBe(true);
  expect([row[FIGURE_STARTED_AT], row[FIGURE_IN_MESSAGES]]).toEqual([1_000, 5]);
  slots.release(one);
  expect(read(reader)).toEqual(new Map([[8, ""]]));
  expect(reader.text(0, 7)).toBeUndefined();
  expect(slots.take(10, 4_000)).toBe(one);
  // Nothing of the connection before it.
  expect(read(reader)).toEqual(
    new Map([
      [10, ""],
      [8, ""],
    ]),
  );
  expect(slots.figures[one + FIGURE_IN_MESSAGES]).toBe(0);
  slots.release(two);
  expect(read(reader)).toEqual(new Map([[10, ""]]));
});

test("MO-20: a text that does not fit is refused whole, counted in bytes", () => {
  const slots = new ConnectionSlots(connectionSlotsRegion(2));
  const reader = new ConnectionSlotsReader(connectionSlotsRegion(1));
  const place = slots.take(1, 0);
  slots.take(2, 0);
  expect(slots.describe(place, "x".repeat(288))).toBe(true);
  expect(slots.describe(place, "x".repeat(289))).toBe(false);
  expect(slots.describe(place, "€".repeat(96))).toBe(true);
  expect(slots.describe(place, "€".repeat(97))).toBe(false);
  expect(reader.places).toBe(0);
});

/** Gives places to connection after connection, each with a text that names it. */
const WRITER = `
const { workerData, parentPort } = require("node:worker_threads");
import(workerData.module).then(({ ConnectionSlots }) => {
  const slots = new ConnectionSlots(workerData.region);
  const open = [];
  let clientId = 0;
  const stop = new Int32Array(workerData.stop);
  parentPort.postMessage("ready");
  while (Atomics.load(stop, 0) === 0) {
    clientId += 1;
    const place = slots.take(clientId, clientId);
    slots.describe(place, String(clientId).repeat(1 + (clientId % 20)));
    open.push(place);
    if (open.length === 4) slots.release(open.splice(clientId % 4, 1)[0]);
  }
  parentPort.postMessage(clientId);
});
`;

test("MO-20: a reader never sees the text of one connection under the id of another", async () => {
  const region = connectionSlotsRegion(4);
  const stop = new SharedArrayBuffer(4);
  const module = new URL("./connection-slots.ts", import.meta.url).href;
  const worker = new Worker(WRITER, { eval: true, workerData: { region, stop, module } });
  await once(worker, "message");
  const reader = new ConnectionSlotsReader(region);
  let seen = 0;
  const until = performance.now() + 300;
  while (performance.now() < until) {
    for (const [clientId, text] of read(reader)) {
      if (text === undefined || text === "") continue;
      seen += 1;
      expect(text).toBe(String(clientId).repeat(1 + (clientId % 20)));
    }
  }
  Atomics.store(new Int32Array(stop), 0, 1);
  const [written] = await once(worker, "message");
  expect(written).toBeGreaterThan(1_000);
  expect(seen).toBeGreaterThan(100);
  await worker.terminate();
});
