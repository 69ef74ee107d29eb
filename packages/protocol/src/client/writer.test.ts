// Encoders of the client dialect (CP-46, CP-47, CP-64).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DECIMAL_BYTES_MAX,
  hmsgPrefix,
  msgPrefix,
  noRespondersMessage,
  writeDecimal,
} from "./writer.ts";

describe("writer", () => {
  test("CP-46, CP-47 prefixes keep every byte", () => {
    const subject = Buffer.from([102, 255, 0, 46]);
    expect(msgPrefix(subject, Buffer.from("1"))).toEqual(
      Buffer.concat([Buffer.from("MSG "), subject, Buffer.from(" 1 ")]),
    );
    expect(hmsgPrefix(Buffer.from("a"), Buffer.from("x.y")).toString()).toBe("HMSG a x.y ");
  });

  test("writeDecimal writes what String does, and nothing else", () => {
    const cases = fc.oneof(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.nat(9).map((digits) => 10 ** digits),
      fc.nat(9).map((digits) => 10 ** digits - 1),
    );
    fc.assert(
      fc.property(cases, fc.nat(5), (value, offset) => {
        const out = Buffer.alloc(offset + DECIMAL_BYTES_MAX + 1, 0x7e);
        const end = writeDecimal(out, offset, value);
        expect(out.toString("latin1", offset, end)).toBe(String(value));
        expect(out.subarray(0, offset).every((byte) => byte === 0x7e)).toBe(true);
        expect(out.subarray(end).every((byte) => byte === 0x7e)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("CP-64 no responders: sizes, status line and the subject that was asked", () => {
    const message = noRespondersMessage(
      Buffer.from("inbox.42"),
      Buffer.from("7"),
      Buffer.from("silent"),
    );
    const header = "NATS/1.0 503\r\nNats-Subject: silent\r\n\r\n";
    expect(message.toString()).toBe(
      `HMSG inbox.42 7 ${header.length} ${header.length}\r\n${header}\r\n`,
    );
    expect(header.length).toBe(32 + "silent".length);
  });
});
