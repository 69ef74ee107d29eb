// The writer against a reader of its own, and bytes that are known.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { snappyBlock, snappyStream } from "./snappy.ts";

/** A block as the format describes it, byte by byte. */
function readBlock(block: Buffer): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = block[at++] as number;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const out: number[] = [];
  while (at < block.length) {
    const tag = block[at++] as number;
    if ((tag & 3) === 0) {
      let bytes = tag >> 2;
      if (bytes >= 60) {
        const extra = bytes - 59;
        bytes = block.readUIntLE(at, extra);
        at += extra;
      }
      for (let k = 0; k <= bytes; k += 1) out.push(block[at++] as number);
      continue;
    }
    const distance = block.readUInt16LE(at);
    at += 2;
    if ((tag & 3) !== 2 || distance === 0 || distance > out.length) {
      throw new Error(`a copy of kind ${tag & 3} from ${distance} behind ${out.length}`);
    }
    for (let k = 0; k <= tag >> 2; k += 1) out.push(out[out.length - distance] as number);
  }
  expect(out.length).toBe(length);
  return Buffer.from(out);
}

function readStream(stream: Buffer): Buffer {
  expect(stream.subarray(0, 10).toString("hex")).toBe("ff060000734e61507059");
  const parts: Buffer[] = [];
  for (let at = 10; at < stream.length; ) {
    const bytes = stream.readUIntLE(at + 1, 3);
    const content = stream.subarray(at + 8, at + 4 + bytes);
    parts.push(stream[at] === 0 ? readBlock(content) : content);
    at += 4 + bytes;
  }
  return Buffer.concat(parts);
}

describe("snappy", () => {
  test("SY-26: the checksum of RFC 3720 B.4, masked; short input as it is", () => {
    // CRC-32C of 32 zero bytes is 8a9136aa; masked: rotated right by 15, plus a282ead8.
    const crc = 0x8a9136aa;
    const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
    const stream = snappyStream(Buffer.alloc(32));
    expect(stream.readUInt32LE(14)).toBe(masked);
    const digits = snappyStream(Buffer.from("123456789"));
    const known = 0xe3069283;
    expect(digits.readUInt32LE(14)).toBe((((known >>> 15) | (known << 17)) + 0xa282ead8) >>> 0);
    expect(digits.subarray(10, 14).toString("hex")).toBe("010d0000");
    expect(digits.subarray(18).toString()).toBe("123456789");
  });

  test("a block of one repeated byte is a literal and copies", () => {
    // Length 20; one literal byte; a copy of 19 from one byte before.
    expect(snappyBlock(Buffer.alloc(20, 0x61)).toString("hex")).toBe("14" + "0061" + "4a0100");
  });

  test("SY-26: whatever is written is read again", () => {
    const prng = createPrng(7);
    const texts = [0, 1, 3, 4, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537, 100_000];
    for (const length of texts) {
      const noise = Buffer.from(Array.from({ length }, () => prng.below(256)));
      const words = Buffer.from(
        Array.from({ length }, (_, at) => (prng.below(9) === 0 ? prng.below(256) : 97 + (at % 11))),
      );
      const json = Buffer.from(
        JSON.stringify(Array.from({ length: length / 40 }, (_, id) => ({ id, kind: "Client" }))),
      );
      for (const input of [noise, words, json]) {
        expect(readStream(snappyStream(input)).equals(input)).toBe(true);
      }
      if (length > 1_000) expect(snappyStream(json).length).toBeLessThan(json.length / 3);
    }
  });
});
