import { describe, expect, it } from "vitest";
import { encodeMessage, FINAL, ORDINARY } from "./encode.ts";
import { FixedStream } from "./fixed-stream.ts";
import { FixedWalker } from "./fixed-walker.ts";

const message = encodeMessage("bench.0", "1", 16, ORDINARY);
const last = encodeMessage("bench.0", "1", 16, FINAL);
const ping = Buffer.from("PING\r\n");
/** Control lines at the start, between messages, twice in a row and at the end. */
const input = Buffer.concat([ping, message, message, ping, ping, message, last, ping]);

function fed(split: readonly number[]): { stream: FixedStream; lines: string[] } {
  const lines: string[] = [];
  const stream = new FixedStream(message.length, (line) => lines.push(line));
  stream.keepsTail = true;
  let from = 0;
  for (const end of [...split, input.length]) {
    // Through a larger shared buffer, as reads come.
    const shared = Buffer.alloc(1024, 0x50);
    input.copy(shared, 0, from, end);
    stream.push(shared, end - from);
    from = end;
  }
  return { stream, lines };
}

function expectAll({ stream, lines }: ReturnType<typeof fed>): void {
  expect(stream.bytes).toBe(4 * message.length);
  expect(stream.messages).toBe(4);
  expect(lines).toEqual(["PING", "PING", "PING", "PING"]);
  expect(stream.head.equals(message)).toBe(true);
  expect(stream.tail.equals(last)).toBe(true);
}

describe("FixedStream", () => {
  it("counts message bytes only, whatever the splits", () => {
    expectAll(fed([]));
    for (let a = 0; a <= input.length; a++) {
      expectAll(fed([a]));
      for (let b = a; b <= input.length; b++) expectAll(fed([a, b]));
    }
  });

  it("counts the same byte by byte", () => {
    expectAll(fed(Array.from({ length: input.length - 1 }, (_, n) => n + 1)));
  });

  it("refuses a stream that is neither messages nor lines", () => {
    const stream = new FixedStream(message.length, () => {});
    const junk = Buffer.alloc(5000, 0x61);
    expect(() => stream.push(junk, junk.length)).toThrow(/no message and no control line/);
  });

  it("shows a message of another length", () => {
    const lines: string[] = [];
    const stream = new FixedStream(message.length, (line) => lines.push(line));
    const longer = encodeMessage("bench.00", "1", 16, ORDINARY);
    const bytes = Buffer.concat([message, longer, message]);
    stream.push(bytes, bytes.length);
    expect(lines.length).toBeGreaterThan(0);
  });
});

describe("FixedWalker", () => {
  it("hands over each message whole, whatever the splits", () => {
    for (let split = 0; split <= input.length; split++) {
      const messages: string[] = [];
      const lines: string[] = [];
      let chunks = 0;
      const walker = new FixedWalker(
        message.length,
        (bytes, at) => messages.push(bytes.toString("latin1", at, at + message.length)),
        () => chunks++,
        (line) => lines.push(line),
      );
      walker.push(input, split);
      const rest = Buffer.from(input.subarray(split));
      walker.push(rest, rest.length);
      expect(messages).toEqual([message, message, message, last].map((bytes) => bytes.toString()));
      expect(lines).toHaveLength(4);
      expect(chunks).toBe(2);
    }
  });
});
