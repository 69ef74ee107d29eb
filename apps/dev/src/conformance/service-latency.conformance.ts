// Service latency: what is measured, and what a measurement says, as the reference says it. Its
// measurements are recorded; where that nats-server is installed, they are compared with it first.
// WEFT_RECORD_ANSWERS=1 records them anew.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { connectForTest } from "./client-library.ts";
import { LATENCY_CASES, LATENCY_CONFIG, playLatencyCase } from "./latency-cases.ts";
import { answer, MessageLog } from "./message-log.ts";
import {
  comparisonWith,
  isRecording,
  type Recorded,
  readRecorded,
  reference,
} from "./reference.ts";
import { describeWithWorkers, serverForTest, useServer } from "./server-under-test.ts";

const file = fileURLToPath(new URL("testdata/reference-latency.json", import.meta.url));

interface RecordedMeasurements extends Recorded {
  readonly measurements: Readonly<Record<string, readonly string[]>>;
}

function recordedMeasurements(): RecordedMeasurements["measurements"] {
  return readRecorded<RecordedMeasurements>(file).measurements;
}

const { isComparable, installed, why } = comparisonWith(file);

describe.skipIf(!isComparable)(`recorded measurements${why}`, () => {
  it("are what the reference on this machine publishes", { timeout: 120_000 }, async () => {
    const server = await serverForTest({
      config: LATENCY_CONFIG,
      command: [reference ?? ""],
      workers: 0,
    });
    const measurements: Record<string, string[]> = {};
    for (const one of LATENCY_CASES) measurements[one.name] = await playLatencyCase(server, one);
    const recorded: RecordedMeasurements = { version: installed, measurements };
    if (isRecording) writeFileSync(file, `${JSON.stringify(recorded, undefined, 1)}\n`);
    expect(measurements).toEqual(recordedMeasurements());
  });
});

describeWithWorkers("service latency", (workers) => {
  const server = useServer({ config: LATENCY_CONFIG, workers });

  it.each(LATENCY_CASES)("$name", async (one) => {
    expect(await playLatencyCase(server(), one)).toEqual(recordedMeasurements()[one.name]);
  });

  it("AC-61: the times add up", async () => {
    const shop = await connectForTest(server(), { user: "shop", pass: "pw" });
    const buyer = await connectForTest(server(), { user: "buyer", pass: "pw" });
    const results = new MessageLog(shop, "results.shared");
    answer(shop, "shared", (request) => setTimeout(() => request.respond("here"), 120));
    await shop.flush();
    const before = Date.now();
    await buyer.request("shared", "please");
    const took = Date.now() - before;
    const [measured] = await results.waitForCount(1);
    const { service, total, system, requestor, responder, start, id, timestamp } = JSON.parse(
      measured?.string() ?? "",
    );
    const answeredAfter = service + responder.rtt;
    expect(answeredAfter).toBeGreaterThan(118e6);
    expect(answeredAfter).toBeLessThan((took + 2) * 1e6);
    expect(total).toBe(requestor.rtt + answeredAfter + system);
    expect(Date.parse(start)).toBeGreaterThan(before - 100);
    expect(Date.parse(start)).toBeLessThan(Date.parse(timestamp));
    expect(id).toMatch(/^[0-9A-Za-z]{22}$/);
  });

  it("AC-60: a part of the requests is measured, and a reload changes which", async () => {
    const own = await serverForTest({ config: LATENCY_CONFIG, workers });
    const shop = await connectForTest(own, { user: "shop", pass: "pw" });
    const buyer = await connectForTest(own, { user: "buyer", pass: "pw" });
    const results = new MessageLog(shop, "results.>");
    const marks = new MessageLog(shop, "silent");
    answer(shop, "plain", (request) => request.respond("here"));
    await shop.flush();
    const askMany = async (): Promise<string[]> => {
      const before = results.messages.length;
      for (let count = 0; count < 40; count += 1) await buyer.request("plain");
      // On the same way as the measurements, and behind them.
      const ends = marks.messages.length + 1;
      buyer.publish("silent");
      await marks.waitForCount(ends);
      return results.subjects.slice(before);
    };
    expect(await askMany()).toEqual(new Array(40).fill("results.plain"));
    const part = LATENCY_CONFIG.replace(
      'latency: "results.plain"',
      'latency: { sampling: "50%", subject: results.other }',
    );
    expect(await own.reload(part)).toContain("Reloaded");
    const some = await askMany();
    // All or none of 40 come by chance once in 5 × 10^11 runs.
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(40);
    expect(new Set(some)).toEqual(new Set(["results.other"]));
    const none = LATENCY_CONFIG.replace(', latency: "results.plain"', "");
    expect(await own.reload(none)).toContain("Reloaded");
    expect(await askMany()).toEqual([]);
  });
});
