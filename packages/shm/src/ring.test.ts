import { AssertionFailure, createPrng } from "@weft/base";
import { describe, expect, it } from "vitest";
import { sharedRegion } from "./region.ts";
import {
  DATA_WORD,
  DRAIN_BUDGET,
  DRAIN_EMPTIED,
  DRAIN_STOPPED,
  type FrameHandler,
  HEAD_WORD,
  RING_BYTES_MAX,
  RING_BYTES_MIN,
  RING_HEADER_BYTES,
  type RingRegion,
  ringRegionBytes,
  TAIL_WORD,
} from "./ring.ts";
import { RingReader } from "./ring-reader.ts";
import { RingWriter } from "./ring-writer.ts";

class Collector implements FrameHandler {
  readonly frames: string[] = [];
  readonly references: [number, number][] = [];
  accepts = Number.POSITIVE_INFINITY;

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    if (this.accepts-- <= 0) return false;
    this.frames.push(bytes.toString("latin1", start, end));
    return true;
  }

  onSlabReference(frameBytes: number, slabBytes: number): boolean {
    if (this.accepts-- <= 0) return false;
    this.references.push([frameBytes, slabBytes]);
    return true;
  }
}

function ends(region: RingRegion = new ArrayBuffer(RING_HEADER_BYTES + 128)): {
  writer: RingWriter;
  reader: RingReader;
  words: Int32Array;
} {
  return {
    writer: new RingWriter(region, 1 << 20),
    reader: new RingReader(region),
    words: new Int32Array(region),
  };
}

function put(writer: RingWriter, text: string): boolean {
  const start = writer.reserve(text.length);
  if (start < 0) return false;
  writer.bytes.write(text, start, "latin1");
  writer.commit();
  return true;
}

describe("ring", () => {
  it("delivers committed frames after publish, in order, once", () => {
    const { writer, reader } = ends();
    const seen = new Collector();
    put(writer, "one");
    put(writer, "two");
    expect(writer.dirty).toBe(true);
    expect(reader.drain(seen, 1 << 20)).toBe(DRAIN_EMPTIED);
    expect(seen.frames).toEqual([]);
    expect(writer.publish()).toBe(false);
    expect(writer.dirty).toBe(false);
    reader.drain(seen, 1 << 20);
    reader.drain(seen, 1 << 20);
    expect(seen.frames).toEqual(["one", "two"]);
  });

  it("abandons a reservation that is not committed", () => {
    const { writer, reader } = ends();
    const seen = new Collector();
    writer.reserve(20);
    put(writer, "kept");
    writer.publish();
    reader.drain(seen, 1 << 20);
    expect(seen.frames).toEqual(["kept"]);
  });

  it("stops at the refused frame and hands it out again", () => {
    const { writer, reader } = ends();
    const seen = new Collector();
    for (const text of ["a", "b", "c"]) put(writer, text);
    writer.publish();
    seen.accepts = 1;
    expect(reader.drain(seen, 1 << 20)).toBe(DRAIN_STOPPED);
    seen.accepts = 9;
    expect(reader.drain(seen, 1 << 20)).toBe(DRAIN_EMPTIED);
    expect(seen.frames).toEqual(["a", "b", "c"]);
  });

  it("stops when the budget is used up", () => {
    const { writer, reader } = ends();
    const seen = new Collector();
    for (const text of ["a", "b", "c"]) put(writer, text);
    writer.publish();
    expect(reader.drain(seen, 32)).toBe(DRAIN_BUDGET);
    expect(seen.frames).toEqual(["a", "b"]);
    expect(reader.drain(seen, 32)).toBe(DRAIN_EMPTIED);
  });

  it("rings a sleeper once, and finds what came while it fell asleep", () => {
    const { writer, reader } = ends();
    const seen = new Collector();
    expect(reader.arm()).toBe(true);
    put(writer, "a");
    expect(writer.publish()).toBe(true);
    put(writer, "b");
    expect(writer.publish()).toBe(false);
    reader.drain(seen, 1 << 20);
    put(writer, "c");
    expect(writer.publish()).toBe(false);
    expect(reader.arm()).toBe(false);
    reader.drain(seen, 1 << 20);
    expect(reader.arm()).toBe(true);
    reader.disarm();
    put(writer, "d");
    expect(writer.publish()).toBe(false);
  });

  it("refuses when full, and tells the writer of space once", () => {
    const { writer, reader } = ends();
    const seen = new Collector();
    while (put(writer, "sixteen bytes ..")) writer.publish();
    expect(writer.wantSpace()).toBe(false);
    reader.drain(seen, 8);
    expect(reader.writerWaits).toBe(true);
    expect(writer.spaceIsThere()).toBe(true);
    reader.drain(seen, 1 << 20);
    expect(reader.writerWaits).toBe(false);
    expect(put(writer, "sixteen bytes ..")).toBe(true);
  });

  it("finds space that came before it asked", () => {
    const { writer, reader } = ends();
    while (put(writer, "sixteen bytes ..")) writer.publish();
    reader.drain(new Collector(), 1 << 20);
    expect(writer.wantSpace()).toBe(true);
    put(writer, "x");
    writer.publish();
    reader.drain(new Collector(), 1 << 20);
    expect(reader.writerWaits).toBe(false);
  });

  it("takes the longest frame at every position of an empty ring", () => {
    for (let lead = 0; lead < 64; lead++) {
      const { writer, reader } = ends();
      const seen = new Collector();
      for (let i = 0; i < lead; i++) {
        put(writer, "x");
        writer.publish();
        reader.drain(seen, 1 << 20);
      }
      const text = "y".repeat(writer.frameBytesMax);
      expect(put(writer, text)).toBe(true);
      writer.publish();
      reader.drain(seen, 1 << 20);
      expect(seen.frames.at(-1)).toBe(text);
    }
  });

  it("passes slab references in order and counts their bytes until they are read", () => {
    const { writer, reader } = ends();
    const seen = new Collector();
    expect(writer.reserveReference(700_000, 1 << 20)).toBe(true);
    writer.commit();
    expect(writer.reserveReference(5, 64)).toBe(false);
    expect(put(writer, "between")).toBe(true);
    writer.publish();
    expect(writer.wantSpace()).toBe(false);
    seen.accepts = 0;
    expect(reader.drain(seen, 1 << 20)).toBe(DRAIN_STOPPED);
    seen.accepts = 9;
    reader.drain(seen, 1 << 20);
    expect(reader.writerWaits).toBe(true);
    expect(seen.references).toEqual([[700_000, 1 << 20]]);
    expect(seen.frames).toEqual(["between"]);
    expect(writer.slabBytesReturned()).toBe(writer.slabBytesSent);
    expect(writer.reserveReference(9_000_000, 1 << 24)).toBe(true);
  });

  it("survives positions that wrap as int32", () => {
    const region = new ArrayBuffer(RING_HEADER_BYTES + 64);
    const words = new Int32Array(region);
    words[HEAD_WORD] = 0x7fff_fffb;
    words[TAIL_WORD] = 0x7fff_fffb;
    const { writer, reader } = ends(region);
    const seen = new Collector();
    const sent: string[] = [];
    for (let i = 0; i < 40; i++) {
      const text = String(i).repeat(1 + (i % 4));
      if (!put(writer, text)) {
        reader.drain(seen, 1 << 20);
        expect(put(writer, text)).toBe(true);
      }
      writer.publish();
      sent.push(text);
    }
    reader.drain(seen, 1 << 20);
    expect(seen.frames).toEqual(sent);
    expect(words[HEAD_WORD]).toBeLessThan(0);
  });

  it("equals a plain queue over random frames, budgets and refusals", () => {
    const runs = process.env["WEFT_DEEP"] === "1" ? 2_000 : 20;
    for (let seed = 0; seed < runs; seed++) {
      const prng = createPrng(seed);
      const { writer, reader } = ends(new ArrayBuffer(RING_HEADER_BYTES + (64 << prng.below(5))));
      const seen = new Collector();
      const sent: string[] = [];
      for (let step = 0; step < 1_000; step++) {
        const length = 1 + prng.below(writer.frameBytesMax);
        const text = String.fromCharCode(97 + (step % 26)).repeat(length);
        if (prng.below(3) > 0 && put(writer, text)) sent.push(text);
        if (prng.below(2) > 0) writer.publish();
        seen.accepts = prng.below(20);
        if (prng.below(3) === 0) reader.drain(seen, prng.below(2_000));
      }
      writer.publish();
      seen.accepts = Number.POSITIVE_INFINITY;
      reader.drain(seen, 1 << 30);
      expect(seen.frames, `seed ${seed}`).toEqual(sent);
    }
  });
});

describe("a ring that cannot be real fails the thread", () => {
  const corruptions: [string, (words: Int32Array) => void][] = [
    ["a length of zero", (words) => words.fill(0, DATA_WORD, DATA_WORD + 1)],
    ["a negative length", (words) => words.fill(-8, DATA_WORD, DATA_WORD + 1)],
    ["a length above a quarter", (words) => words.fill(25, DATA_WORD, DATA_WORD + 1)],
    ["a length beyond the head", (words) => words.fill(20, DATA_WORD, DATA_WORD + 1)],
    ["a stamp of another position", (words) => words.fill(5, DATA_WORD + 1, DATA_WORD + 2)],
    ["an unknown kind", (words) => words.fill(0, DATA_WORD + 1, DATA_WORD + 2)],
    ["a wrap marker at the start", (words) => words.set([0, 2], DATA_WORD)],
    ["a reference of a wrong length", (words) => words.set([3, 3], DATA_WORD)],
    ["a reference to a slab too small", (words) => words.set([8, 3, 100, 64], DATA_WORD)],
    ["a head that went back", (words) => words.fill(-1, HEAD_WORD, HEAD_WORD + 1)],
  ];
  for (const [what, corrupt] of corruptions) {
    it(what, () => {
      const { writer, reader, words } = ends();
      put(writer, "abc");
      writer.publish();
      corrupt(words);
      expect(() => reader.drain(new Collector(), 1 << 20)).toThrow(AssertionFailure);
    });
  }

  it("a reservation of nothing, or of more than a quarter", () => {
    const { writer } = ends();
    expect(() => writer.reserve(0)).toThrow(AssertionFailure);
    expect(() => writer.reserve(writer.frameBytesMax + 1)).toThrow(AssertionFailure);
  });

  it("a capacity that is not allowed", () => {
    for (const capacity of [0, 4096, RING_BYTES_MIN + 8, 3 * RING_BYTES_MIN, 2 * RING_BYTES_MAX]) {
      expect(() => ringRegionBytes(capacity)).toThrow(AssertionFailure);
    }
    expect(ringRegionBytes(RING_BYTES_MAX)).toBe(RING_BYTES_MAX + RING_HEADER_BYTES);
    expect(() => sharedRegion(0)).toThrow(AssertionFailure);
    expect(() => new RingWriter(new ArrayBuffer(RING_HEADER_BYTES + 96))).toThrow(AssertionFailure);
  });
});
