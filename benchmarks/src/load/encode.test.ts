import { describe, expect, it } from "vitest";
import { encodeChunks, encodeMessage, encodePublish, ORDINARY, subjectAt } from "./encode.ts";
import { readNumber, writeNumber } from "./requests.ts";

describe("encode", () => {
  it("gives every subject of a range the same number of times, in turn", () => {
    const subjects = { prefix: "bench.", count: 1000, width: 3 };
    const chunks = encodeChunks({ subjects, payloadBytes: 16 }, "");
    const text = Buffer.concat(chunks.map(({ bytes }) => bytes)).toString();
    const found = [...text.matchAll(/PUB (\S+) 16\r\na{16}\r\n/g)].map((match) => match[1]);
    expect(found.length).toBe(chunks.reduce((sum, { messages }) => sum + messages, 0));
    expect(found.length % 1000).toBe(0);
    for (const [n, subject] of found.entries()) expect(subject).toBe(subjectAt(subjects, n));
  });

  it("covers a range that needs many chunks exactly once", () => {
    const subjects = { prefix: "bench.", count: 20_000, width: 6 };
    const chunks = encodeChunks({ subjects, payloadBytes: 16 }, "");
    const text = Buffer.concat(chunks.map(({ bytes }) => bytes)).toString();
    const found = new Set([...text.matchAll(/PUB (\S+) 16\r\n/g)].map((match) => match[1]));
    expect(chunks.length).toBeGreaterThan(1);
    expect(found.size).toBe(20_000);
  });

  it("ends each chunk with the trailer", () => {
    const subjects = { prefix: "bench.0", count: 1, width: 0 };
    for (const { bytes, messages } of encodeChunks({ subjects, payloadBytes: 16 }, "PING\r\n")) {
      const operation = encodePublish("bench.0", 16, ORDINARY);
      expect(bytes.length).toBe(messages * operation.length + 6);
      expect(bytes.toString("latin1", bytes.length - 6)).toBe("PING\r\n");
    }
  });

  it("encodes what a subscriber gets", () => {
    expect(encodeMessage("a.b", "1", 3, ORDINARY).toString()).toBe("MSG a.b 1 3\r\naaa\r\n");
  });

  it("reads back the numbers that it writes", () => {
    const bytes = Buffer.from("x".repeat(11));
    for (const number of [0, 1, 42, 123_456_789, 999_999_999]) {
      writeNumber(bytes, 1, number);
      expect(readNumber(bytes, 1)).toBe(number);
      expect(bytes.toString()).toBe(`x${String(number).padStart(9, "0")}x`);
    }
  });
});
