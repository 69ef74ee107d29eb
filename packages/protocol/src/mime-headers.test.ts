// Header blocks read as mail is: what the reference does with those that other systems wrote.
import { describe, expect, test } from "vitest";
import { canonicalKey, readMimeHeaders } from "./mime-headers.ts";

function read(lines: string): Record<string, readonly string[]> | undefined {
  const headers = readMimeHeaders(Buffer.from(`NATS/1.0\r\n${lines}`, "latin1"));
  return headers && Object.fromEntries(headers);
}

describe("MIME headers", () => {
  test.each([
    ["x-b3-traceid", "X-B3-Traceid"],
    ["TRACEPARENT", "Traceparent"],
    ["b3", "B3"],
    ["a_b-c.d", "A_b-C.d"],
    ["with blank", "with blank"],
  ])("AC-63: the key %s is %s", (key, canonical) => {
    expect(canonicalKey(key)).toBe(canonical);
  });

  test("AC-63: values in order, trimmed, with their continuation lines", () => {
    expect(read("a: 1\r\nA:2 \r\nb:\t x\r\n\t y \r\n\r\n")).toEqual({ A: ["1", "2"], B: ["x y"] });
    expect(read("a:\n\n")).toEqual({ A: [""] });
    expect(read("\r\n")).toEqual({});
    expect(read("a: 1\r\n\r\nrest: 2")).toEqual({ A: ["1"] });
  });

  test("A57: blanks in the middle of a line cost what they are long", () => {
    const value = `a${" ".repeat(1_000_000)}b`;
    const startedAt = process.cpuUsage();
    expect(read(`a: ${value} \r\n\r\n`)?.["A"]?.[0] === value).toBe(true);
    expect(process.cpuUsage(startedAt).user).toBeLessThan(1_000_000);
  });

  test.each([
    ["no colon", "a: 1\r\nb\r\n\r\n"],
    ["no key", ": 1\r\n\r\n"],
    ["no word", "a(b: 1\r\n\r\n"],
    ["a control character", "a: 1\u0001\r\n\r\n"],
    ["a first line that continues", " a: 1\r\n\r\n"],
    ["no end", "a: 1\r\n"],
    ["half a line", "a: 1"],
    ["nothing", ""],
  ])("AC-63: nothing is read of a block with %s", (_what, lines) => {
    expect(read(lines)).toBeUndefined();
  });
});
