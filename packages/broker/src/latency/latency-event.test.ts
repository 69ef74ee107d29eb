// What a measurement says, and which headers ask for one.
import { describe, expect, test } from "vitest";
import { samplingHeaders } from "./header-sampling.ts";
import { type LatencyFacts, type LatencyOutcome, latencyEvent } from "./latency-event.ts";

const AT = 1_700_000_000_000_000_500n;

function event(over: Partial<LatencyFacts> = {}): Record<string, unknown> {
  const facts: LatencyFacts = {
    outcome: "answered",
    requestor: { acc: "A", rtt: 1_000 },
    responder: { acc: "B", rtt: 2_000 },
    header: undefined,
    receivedAt: AT,
    answeredAfterNanos: 10_000,
    passingNanos: 30,
    ...over,
  };
  return latencyEvent(facts, "ID", AT) as Record<string, unknown>;
}

describe("a measurement", () => {
  test("AC-61: its fields in their order, its times in nanoseconds", () => {
    expect(JSON.stringify(event({ header: { B3: ["1"] } }))).toBe(
      '{"type":"io.nats.server.metric.v1.service_latency","id":"ID",' +
        '"timestamp":"2023-11-14T22:13:20.0000005Z","status":200,' +
        '"requestor":{"acc":"A","rtt":1000},"responder":{"acc":"B","rtt":2000},' +
        '"header":{"B3":["1"]},"start":"2023-11-14T22:13:19.9999995Z",' +
        '"service":8000,"system":30,"total":11030}',
    );
  });

  test("AC-61: without a responder's round trip the server's part is not told", () => {
    expect(event({ responder: undefined })).toMatchObject({
      service: 10_000,
      system: 0,
      total: 11_000,
    });
    expect(event({ requestor: undefined })).toMatchObject({ total: 10_030 });
  });

  test("AC-61: no time is negative", () => {
    expect(event({ answeredAfterNanos: 500 })).toMatchObject({ service: 0, total: 1_530 });
  });

  test.each([
    ["withoutReply", 400, "Bad Request"],
    ["requesterGone", 408, "Request Timeout"],
    ["noResponder", 503, "Service Unavailable"],
    ["timedOut", 504, "Service Timeout"],
  ] as [LatencyOutcome, number, string][])("AC-62: %s is %i", (outcome, status, description) => {
    expect(event({ outcome, responder: undefined })).toMatchObject({
      status,
      description,
      service: 0,
      system: 0,
      total: 0,
    });
  });
});

function asks(...lines: string[]): unknown {
  return samplingHeaders(Buffer.from(`NATS/1.0\r\n${lines.join("\r\n")}\r\n\r\n`, "latin1"));
}

describe("headers that ask for a measurement", () => {
  test("AC-63: the first system that says anything decides", () => {
    expect(asks("Uber-Trace-Id: a:b:c:0", "X-B3-Sampled: 1")).toBeUndefined();
    expect(asks("X-B3-Sampled: 0", "B3: 1")).toBeUndefined();
    expect(asks("X-B3-Sampled: d", "B3: 1")).toEqual({ B3: ["1"] });
    expect(asks("B3: 0", "traceparent: 00-a-b-01")).toBeUndefined();
    expect(asks("X: y")).toBeUndefined();
  });

  test("AC-63: only the system's own headers are shown, by canonical name", () => {
    expect(asks("x: y", "uberctx-b: 2", "UBERCTX-A: 1", "uber-trace-id: a:b:c:1")).toEqual({
      "Uber-Trace-Id": ["a:b:c:1"],
      "Uberctx-A": ["1"],
      "Uberctx-B": ["2"],
    });
    expect(asks("tracestate: s", "traceparent: 00-a-b-01", "b4: 1")).toEqual({
      Traceparent: ["00-a-b-01"],
      Tracestate: ["s"],
    });
  });

  test.each([
    ["a:b:c:1", true],
    ["a:b:c:03", true],
    ["a:b:c:x1", true],
    ["a:b:c:2", false],
    ["a:b:c:001", false],
    ["a:b:c:", false],
    ["a:b:c:g", false],
    ["a:b:c", false],
  ])("AC-63: Uber-Trace-Id %s: %s", (value, isSampled) => {
    expect(asks(`Uber-Trace-Id: ${value}`) !== undefined).toBe(isSampled);
  });

  test("AC-63: traceparent is read as for message traces (AC-73)", () => {
    expect(asks("traceparent: 00-a-b-7F")).toEqual({ Traceparent: ["00-a-b-7F"] });
    expect(asks("traceparent: 00-a-b-80")).toBeUndefined();
  });

  test("AC-63: a block that cannot be read asks for nothing", () => {
    expect(asks("X-B3-Sampled: 1", "broken")).toBeUndefined();
  });
});
