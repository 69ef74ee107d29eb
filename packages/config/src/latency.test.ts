// `latency` of an export and `msg_trace` of an account: what is read, and what is wrong, in the
// reference's words.
import { describe, expect, it } from "vitest";
import { errorsOf, loadText, optionsOf } from "./testdata/memory-source.ts";

const MISTAKES: readonly (readonly [row: string, text: string, message: string])[] = [
  [
    "AC-73",
    "accounts { A { msg_trace: 5 } }",
    'Expected account message trace "msg_trace" to be a string or a map/struct, got an integer',
  ],
  [
    "AC-73",
    "accounts { A { trace_dest: {dest: 5} } }",
    'Field "dest" should be a string, got an integer',
  ],
  [
    "AC-73",
    "accounts { A { msg_trace: {dest: a, sampling: 0} } }",
    "Ttrace destination sampling value 0 is invalid, needs to be [1..100]",
  ],
  [
    "AC-73",
    "accounts { A { msg_trace: {dest: a, sampling: much} } }",
    'Invalid trace destination sampling value "much"',
  ],
  [
    "AC-73",
    "accounts { A { msg_trace: {dest: a, sampling: true} } }",
    'Trace destination sampling field "sampling" should be an integer or a percentage, got a boolean',
  ],
  [
    "AC-73",
    "accounts { A { msg_trace: {dest: a, x: 1} } }",
    'Unknown field "x" parsing account message trace map/struct "msg_trace"',
  ],
  [
    "AC-60",
    "accounts { A { exports: [{latency: x, stream: x}] } }",
    "Detected latency directive on non-service",
  ],
  [
    "AC-60",
    "accounts { A { exports: [{service: x, latency: 5}] } }",
    "Expected latency entry to be a map/struct or string, got an integer",
  ],
  [
    "AC-60",
    "accounts { A { exports: [{service: x, latency: {sampling: 101, subject: y}}] } }",
    "bad sampling percentage, should be 1-100",
  ],
  [
    "AC-60",
    "accounts { A { exports: [{service: x, latency: {sampling: '0%', subject: y}}] } }",
    "bad sampling percentage, should be 1-100",
  ],
  [
    "AC-60",
    "accounts { A { exports: [{service: x, latency: {sampling: many, subject: y}}] } }",
    'Failed to parse latency sample: strconv.Atoi: parsing "many": invalid syntax',
  ],
  [
    "AC-60",
    "accounts { A { exports: [{service: x, latency: {sampling: true, subject: y}}] } }",
    "Expected latency sample to be a string or map/struct, got a boolean",
  ],
  [
    "AC-60",
    "accounts { A { exports: [{service: x, latency: {sampling: 5}}] } }",
    "Latency subject required, but missing",
  ],
  [
    "AC-60",
    "accounts { A { exports: [{service: x, latency: {subject: 5}}] } }",
    "Expected latency subject to be a string, got an integer",
  ],
  ["AC-73", "accounts { A { msg_trace: 'a.*' } }", 'Trace destination "a.*" is not valid'],
];

describe("measuring and tracing", () => {
  it.each(MISTAKES)("%s %s", (_row, text, message) => {
    expect(errorsOf(text)).toEqual([message]);
  });

  it("AC-60: other fields of latency are named, and ignored", () => {
    const exported = "{ service: x, latency: { Sampling: 5, subject: y } }";
    const result = loadText(`accounts { A { exports: [${exported}] } }`);
    expect(result.ok && result.options.accounts[0]?.exports?.[0]?.latency).toEqual({
      samplingPercent: 100,
      subject: "y",
    });
    expect(result.warnings.map(({ message }) => message)).toEqual([
      'unknown field "Sampling" of latency is ignored',
    ]);
  });

  it("AC-73: where messages with a traceparent are reported", () => {
    const traceOf = (text: string) =>
      optionsOf(`accounts { A { ${text} } }`).accounts[0]?.messageTrace;
    expect(traceOf("msg_trace: to.here")).toEqual({ destination: "to.here", samplingPercent: 100 });
    expect(traceOf("trace_dest: { dest: x, sampling: '10%' }")).toEqual({
      destination: "x",
      samplingPercent: 10,
    });
    expect(traceOf("msg_trace: { Dest: x, sampling: 7 }")?.samplingPercent).toBe(7);
    const without = loadText("accounts { A { msg_trace: { sampling: 7 } } }");
    expect(without.ok && without.options.accounts[0]?.messageTrace).toBeUndefined();
    expect(without.warnings.map(({ message }) => message)).toEqual([
      "Trace destination sampling ignored since no destination was set",
    ]);
  });
});
