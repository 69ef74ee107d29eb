// Message tracing: what is told of a traced message, what of it is delivered and with which headers,
// as the reference does it. Its events are recorded; where a nats-server that can trace is at hand
// (installed, or named by WEFT_TRACE_REFERENCE), they are compared with it first.
// WEFT_RECORD_ANSWERS=1 records them anew.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Connection, connectForTest, transportNode } from "./client-library.ts";
import { MessageLog } from "./message-log.ts";
import {
  comparisonWith,
  reference as installedReference,
  isRecording,
  type Recorded,
  readRecorded,
  versionOf,
} from "./reference.ts";
import { describeWithWorkers, serverForTest, useServer } from "./server-under-test.ts";
import { playTraceCase, TRACE_CASES, TRACE_CONFIG } from "./trace-cases.ts";
import type { TraceOutcome } from "./trace-stage.ts";

const file = fileURLToPath(new URL("testdata/reference-traces.json", import.meta.url));

interface RecordedTraces extends Recorded {
  readonly outcomes: Readonly<Record<string, TraceOutcome>>;
}

function recordedOutcomes(): RecordedTraces["outcomes"] {
  return readRecorded<RecordedTraces>(file).outcomes;
}

/** Tracing came with 2.11. */
const reference = [process.env["WEFT_TRACE_REFERENCE"], installedReference].find(
  (path) => Number(versionOf(path).split(".")[1] ?? 0) >= 11,
);
const { isComparable, installed, why } = comparisonWith(file, reference ?? "");

describe.skipIf(!isComparable)(`recorded traces${why}`, () => {
  it("are what the reference on this machine tells", { timeout: 120_000 }, async () => {
    const command = [reference ?? ""];
    const server = await serverForTest({ config: TRACE_CONFIG, command, workers: 0 });
    const outcomes: Record<string, TraceOutcome> = {};
    for (const one of TRACE_CASES) outcomes[one.name] = await playTraceCase(server, one);
    const recorded: RecordedTraces = { version: installed, outcomes };
    if (isRecording) writeFileSync(file, `${JSON.stringify(recorded, undefined, 1)}\n`);
    expect(outcomes).toEqual(recordedOutcomes());
  });
});

describeWithWorkers("message tracing", (workers) => {
  const server = useServer({ config: TRACE_CONFIG, workers });

  it.each(TRACE_CASES)("$name", async (one) => {
    expect(await playTraceCase(server(), one)).toEqual(recordedOutcomes()[one.name]);
  });

  it("AC-70: exactly one member of a group gets a traced message, and is told of", async () => {
    const publisher = await connectForTest(server(), { user: "shop", pass: "pw" });
    const traces = new MessageLog(publisher, "traces.groups");
    const members: MessageLog[] = [];
    const connections: Connection[] = [];
    for (let count = 0; count < 6; count += 1) {
      const name = `member ${count}`;
      const member = await connectForTest(server(), { user: "shop", pass: "pw", name });
      members.push(new MessageLog(member, "g.x", { queue: "q" }));
      connections.push(member);
      await member.flush();
    }
    const headers = transportNode.headers();
    headers.set("Nats-Trace-Dest", "traces.groups");
    for (let count = 0; count < 50; count += 1) publisher.publish("g.x", `${count}`, { headers });
    const told = await traces.waitForCount(50);
    const names = told.map((message) => {
      const { events } = message.json<{ events: { type: string; name?: string }[] }>();
      const egress = events.filter(({ type }) => type === "eg");
      expect(egress).toHaveLength(1);
      return egress[0]?.name ?? "";
    });
    for (const connection of connections) await connection.flush();
    for (const [at, { messages }] of members.entries()) {
      expect(names.filter((name) => name === `member ${at}`)).toHaveLength(messages.length);
    }
    expect(members.reduce((sum, { messages }) => sum + messages.length, 0)).toBe(50);
  });

  it("AC-73: a part of the messages is traced, the others say that they are not", async () => {
    const config = TRACE_CONFIG.replace(
      'msg_trace: "traces.others"',
      "msg_trace: { dest: traces.others, sampling: 50% }",
    );
    const own = await serverForTest({ config, workers });
    const client = await connectForTest(own, { user: "shop", pass: "pw" });
    const traces = new MessageLog(client, "traces.others");
    const messages = new MessageLog(client, "a.b");
    await client.flush();
    const headers = transportNode.headers();
    headers.set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    for (let count = 0; count < 60; count += 1) client.publish("a.b", "", { headers });
    await messages.waitForCount(60);
    const disabled = messages.messages.filter(
      (message) => message.headers?.get("Nats-Trace-Dest") === "trace disabled",
    );
    await traces.waitForCount(60 - disabled.length);
    // All or none of 60 come by chance once in 5 × 10^17 runs.
    expect(traces.messages.length).toBeGreaterThan(0);
    expect(disabled.length).toBeGreaterThan(0);
    expect(traces.messages.length + disabled.length).toBe(60);
  });

  it("AC-70: messages keep their order, traced or not", async () => {
    const publisher = await connectForTest(server(), { user: "shop", pass: "pw" });
    const receiver = await connectForTest(server(), { user: "shop", pass: "pw" });
    const log = new MessageLog(receiver, "o.x");
    await receiver.flush();
    const headers = transportNode.headers();
    headers.set("Nats-Trace-Dest", "traces.order");
    for (let count = 0; count < 2_000; count += 1) {
      publisher.publish("o.x", `${count}`, count % 3 === 0 ? { headers } : {});
    }
    const messages = await log.waitForCount(2_000);
    expect(messages.map((message) => Number(message.string()))).toEqual(
      Array.from({ length: 2_000 }, (_, index) => index),
    );
  });
});
