// Digests and durations. Test.
import { describe, expect, it, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";
import { loadText, sha256Hex } from "./testdata/memory-source.ts";

function digestOf(text: string, environment: Record<string, string> = {}): string {
  const result = loadText(text, environment);
  if (!result.ok) throw new Error(result.errors[0]?.message);
  return result.digest;
}

describe("digest (CF-16)", () => {
  it("is the hash of the sorted JSON with a newline, as Go writes it", () => {
    const text = 'server_tags: [a, "<&>\u2028"]\nport: 4k # comment\ndebug: off\n';
    const json = '{"debug":false,"port":4000,"server_tags":["a","\\u003c\\u0026\\u003e\\u2028"]}\n';
    expect(digestOf(text)).toBe(`sha256:${sha256Hex(json)}`);
  });

  it("keeps integers and empty containers exactly", () => {
    const text = "max_pending: 8000000000000001\nserver_tags: []\nserver_metadata { }\n";
    const json = '{"max_pending":8000000000000001,"server_metadata":{},"server_tags":[]}\n';
    expect(digestOf(text)).toBe(`sha256:${sha256Hex(json)}`);
  });

  it("does not change with order and comments, but with values", () => {
    const digest = digestOf("port: 4222\ndebug: true\n");
    expect(digestOf("# x\ndebug = yes; port = 4222")).toBe(digest);
    expect(digestOf("debug = yes; port = 4223")).not.toBe(digest);
    expect(digestOf("port: $P", { P: "1" })).not.toBe(digestOf("port: $P", { P: "2" }));
  });
});

describe("durations (CF-18)", () => {
  test.each<[string, number | string]>([
    ["10s", 10_000],
    ["1h2m3.5s", 3_723_500],
    ["300ms", 300],
    ["-2m", -120_000],
    ["+.5s", 500],
    ["0", 0],
    ["1us", 0.001],
    ["1µs", 0.001],
    ["", 'time: invalid duration ""'],
    ["10", 'time: missing unit in duration "10"'],
    ["10x", 'time: unknown unit "x" in duration "10x"'],
    ["1constructor", 'time: unknown unit "constructor" in duration "1constructor"'],
    ["s", 'time: invalid duration "s"'],
    ["1s 2s", 'time: unknown unit "s " in duration "1s 2s"'],
    ["9999999999h", 'time: invalid duration "9999999999h"'],
  ])("%s", (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each<[number, string]>([
    [0, "0s"],
    [10_000, "10s"],
    [120_000, "2m0s"],
    [3_723_500, "1h2m3.5s"],
    [50, "50ms"],
    [1.5, "1.5ms"],
    [0.0015, "1.5µs"],
    [0.000_005, "5ns"],
    [-29_000, "-29s"],
  ])("%d ms is printed as %s", (durationMs, expected) => {
    expect(formatDuration(durationMs)).toBe(expected);
  });
});
