// Header blocks (CP-42, CP-58, CP-71), attacks 43 and 49.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  copyWithHeader,
  HEADER_ROOM_BYTES,
  headerValue,
  isEmptyBlock,
  lastHeader,
  removeHeader,
} from "./headers.ts";

const block = (text: string): Buffer => Buffer.from(text, "latin1");

function value(text: string, key: string): string | undefined {
  const found = headerValue(block(text), key);
  return found === undefined ? undefined : Buffer.from(found).toString("latin1");
}

/** Copied into memory of just the promised size, with something before it. */
function withHeader(input: Uint8Array, key: string, value: string): Buffer {
  const last = lastHeader(key, value);
  const out = Buffer.alloc(3 + input.length + last.length + HEADER_ROOM_BYTES, "x");
  const end = copyWithHeader(input, Buffer.from(key), last, out, 3);
  expect(end).toBeLessThanOrEqual(out.length);
  expect(out.toString("latin1", 0, 3)).toBe("xxx");
  return out.subarray(3, end);
}

const TWO = "NATS/1.0\r\nA: 1\r\nB:  two \r\nA: 3\r\n\r\n";

describe("headerValue", () => {
  test.each([
    [TWO, "A", "1"],
    [TWO, "B", "two "],
    [TWO, "a", undefined],
    [TWO, "NATS/1.0", undefined],
    ["NATS/1.0 503\r\nA: x\r\n\r\n", "A", "x"],
    ["NATS/1.0 503 No Responders\r\nA:x\r\n\r\n", "A", "x"],
    ["NATS/1.0\r\nA:\r\n\r\n", "A", ""],
    ["NATS/1.0\r\nA: b: c\r\n\r\n", "A", "b: c"],
    ["NATS/1.0\r\nA:\tx\r\n\r\n", "A", "\tx"],
    ["NATS/1.0\r\nXA: 1\r\nAX: 2\r\nA: 3\r\n\r\n", "A", "3"],
    ["NATS/1.0\r\nB: A: 1\r\n\r\n", "A", undefined],
    ["NATS/1.0\r\nA : 1\r\n\r\n", "A", undefined],
    ["NATS/1.0\r\n A: 1\r\n\r\n", "A", undefined],
    ["NATS/1.0\nA: 1\r\n\r\n", "A", undefined],
    ["NATS/1.0\r\nB: x\nA: 1\r\n\r\n", "A", undefined],
    ["NATS/1.0\r\nA: cut", "A", "cut"],
    ["NATS/1.0\r\nA: cut\r", "A", "cut\r"],
    ["NATS/1.0\r\nA:", "A", ""],
    ["NATS/1.0\r\nA", "A", undefined],
    ["NATS/1.0\r\n", "A", undefined],
    ["NATS/1.0\r\n\r\n", "A", undefined],
    ["A: first line\r\n\r\n", "A", undefined],
    ["\r\nA: 1\r\n\r\n", "A", "1"],
    ["x", "A", undefined],
    ["", "A", undefined],
  ])("CP-71 attack 49: %j has %s = %j", (text, key, expected) => {
    expect(value(text, key)).toBe(expected);
  });
});

describe("removeHeader", () => {
  test("CP-71 takes every header of that key, exactly", () => {
    expect(removeHeader(block(TWO), "A")).toEqual(block("NATS/1.0\r\nB:  two \r\n\r\n"));
    const untouched = block(TWO);
    expect(removeHeader(untouched, "a")).toBe(untouched);
  });

  test("attack 43: a loose match takes odd case and blanks too", () => {
    const key = "Nats-Request-Info";
    const text =
      "NATS/1.0\r\nnats-request-info: 1\r\n Nats-Request-Info: 2\r\nNATS-REQUEST-INFO\t: 3\r\n" +
      "Nats-Request-Info: 4\r\nNats-Request-Infos: 5\r\nNats_Request_Info: 6\r\n\r\n";
    const loose = Buffer.from(removeHeader(block(text), key, "loose")).toString();
    expect(loose).toBe("NATS/1.0\r\nNats-Request-Infos: 5\r\nNats_Request_Info: 6\r\n\r\n");
    expect(Buffer.from(removeHeader(block(text), key)).toString()).not.toContain(": 4");
  });

  test("the last header leaves an empty block", () => {
    const left = removeHeader(block("NATS/1.0\r\nA: 1\r\n\r\n"), "A");
    expect(isEmptyBlock(left)).toBe(true);
    expect(isEmptyBlock(block(TWO))).toBe(false);
    expect(isEmptyBlock(block("NATS/1.0\r\n"))).toBe(true);
    expect(isEmptyBlock(block(""))).toBe(true);
  });
});

describe("copyWithHeader", () => {
  test.each([
    ["", "NATS/1.0\r\nK: v\r\n\r\n"],
    ["\r\n", "NATS/1.0\r\nK: v\r\n\r\n"],
    ["NATS/1.0\r\n\r\n", "NATS/1.0\r\nK: v\r\n\r\n"],
    ["NATS/1.0\r\n", "NATS/1.0\r\nK: v\r\n\r\n"],
    ["NATS/1.0\r\nA: 1\r\n\r\n", "NATS/1.0\r\nA: 1\r\nK: v\r\n\r\n"],
    ["NATS/1.0\r\nK: old\r\nA: 1\r\nK: old\r\n\r\n", "NATS/1.0\r\nA: 1\r\nK: v\r\n\r\n"],
    ["NATS/1.0\r\nK: old\r\n\r\n", "NATS/1.0\r\nK: v\r\n\r\n"],
    ["NATS/1.0\r\nA: 1\r\n k\t: old", "NATS/1.0\r\nA: 1\r\nK: v\r\n\r\n"],
    ["NATS/1.0 503\r\nA: 1\r\n\r\n", "NATS/1.0 503\r\nA: 1\r\nK: v\r\n\r\n"],
    ["NATS/1.0\r\nA: 1", "NATS/1.0\r\nA: 1\r\nK: v\r\n\r\n"],
    ["NATS/1.0\r\nA: 1\r", "NATS/1.0\r\nA: 1\r\r\nK: v\r\n\r\n"],
    ["garbage", "garbage\r\nK: v\r\n\r\n"],
  ])("CP-58 from %j", (text, expected) => {
    expect(withHeader(block(text), "K", "v").toString("latin1")).toBe(expected);
  });

  test("attack 43: what is left out is what a loose removal takes", () => {
    const text =
      "NATS/1.0\r\nnats-request-info: 1\r\n Nats-Request-Info: 2\r\nNATS-REQUEST-INFO\t: 3\r\n" +
      "Nats-Request-Info: 4\r\nNats-Request-Infos: 5\r\nNats_Request_Info: 6\r\n\r\n";
    expect(withHeader(block(text), "Nats-Request-Info", "v").toString()).toBe(
      "NATS/1.0\r\nNats-Request-Infos: 5\r\nNats_Request_Info: 6\r\nNats-Request-Info: v\r\n\r\n",
    );
  });

  test("attack 48: a value cannot start a header of its own", () => {
    const got = withHeader(block(""), "K", "v\r\nEvil: 1").toString();
    expect(got).toBe("NATS/1.0\r\nK: v  Evil: 1\r\n\r\n");
  });
});

describe("hostile blocks", () => {
  test("attack 49: 64 KiB keys and 10^5 headers are handled in one pass", () => {
    const key = "k".repeat(65_536);
    expect(value(`NATS/1.0\r\n${key}: 1\r\nA: 2\r\n\r\n`, key)).toBe("1");
    const many = block(`NATS/1.0\r\n${"A: 1\r\nB: 2\r\n".repeat(100_000)}Z: 3\r\n\r\n`);
    expect(headerValue(many, "Z")?.length).toBe(1);
    expect(removeHeader(many, "A").length).toBe(many.length - 600_000);
    const half = block(`NATS/1.0\r\n${"A".repeat(200_000)}`);
    expect(headerValue(half, "AAAAAAAAAAAAAAAB")).toBe(undefined);
    expect(withHeader(many, "B", "x").length).toBe(many.length - 600_000 + 6);
  });

  test("any bytes: what is set is found, what is removed is gone, nothing throws", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .array(fc.constantFrom("NATS/1.0", "\r\n", "K", "k", ":", " ", "v", "\r", "\n"), {
          maxLength: 20,
        })
        .map((parts) => Buffer.from(parts.join(""))),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const removed = removeHeader(input, "K", "loose");
        expect(headerValue(removed, "K")).toBe(undefined);
        const set = withHeader(input, "K", "v");
        expect(Buffer.from(headerValue(set, "K")!).toString()).toBe("v");
        // Nothing else is lost or added but line ends and the status line.
        const kept = removed.length <= 2 ? Buffer.from("NATS/1.0") : Buffer.from(removed);
        const before = set.subarray(0, set.length - "K: v\r\n\r\n".length).toString("latin1");
        expect(before.trimEnd()).toBe(kept.toString("latin1").trimEnd());
        expect(before.endsWith("\r\n")).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
