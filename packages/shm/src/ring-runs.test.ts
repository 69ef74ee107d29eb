// Frames whose length is known at the commit: a reservation gets more room than it asked for, and
// less or more than asked for is committed. By tables, against a plain queue, and in all
// interleavings with a reader, with mistakes that the search must find.
import { AssertionFailure, createPrng } from "@weft/base";
import { describe, expect, it } from "vitest";
import {
  DATA_WORD,
  type FrameHandler,
  HEAD_WORD,
  KIND_WRAP,
  RING_HEADER_BYTES,
  TAIL_WORD,
} from "./ring.ts";
import { RingReader } from "./ring-reader.ts";
import { RingWriter } from "./ring-writer.ts";
import type { ActorPort } from "./testing/actor-port.ts";
import { type Exploration, Explorer, type Scenario } from "./testing/explorer.ts";
import { loadSources, type Mutant } from "./testing/source-loader.ts";

class Collector implements FrameHandler {
  readonly frames: string[] = [];

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    this.frames.push(bytes.toString("latin1", start, end));
    return true;
  }

  onSlabReference(): boolean {
    return false;
  }
}

function ends(
  capacityBytes: number,
  position = 0,
): { writer: RingWriter; reader: RingReader; words: Int32Array } {
  const region = new ArrayBuffer(RING_HEADER_BYTES + capacityBytes);
  const words = new Int32Array(region);
  words[HEAD_WORD] = position;
  words[TAIL_WORD] = position;
  return { writer: new RingWriter(region), reader: new RingReader(region), words };
}

/** A frame of `text`, reserved as `least` and `most` bytes. Returns the room, -1 when full. */
function put(writer: RingWriter, text: string, least: number, most: number): number {
  const start = writer.reserve(least, most);
  if (start < 0) return -1;
  const { room } = writer;
  // All of the room is the writer's.
  writer.bytes.fill(0x7e, start, start + room);
  writer.bytes.write(text, start, "latin1");
  writer.commit(text.length);
  return room;
}

describe("a reservation with room", () => {
  it("gets what it asked for at most, and a quarter of the ring at most", () => {
    const { writer } = ends(1_024);
    expect(put(writer, "abc", 3, 100)).toBe(100);
    expect(put(writer, "abc", 3, 10_000)).toBe(writer.frameBytesMax);
    expect(put(writer, "abc", 3, 3)).toBe(3);
    expect(writer.reserve(5)).toBeGreaterThan(0);
    expect(writer.room).toBe(5);
  });

  it("ends at the end of the ring, and is not wrapped for the sake of more", () => {
    // 48 bytes before the end.
    const { writer, reader, words } = ends(1_024, 122);
    expect(put(writer, "x".repeat(40), 10, 200)).toBe(40);
    expect(put(writer, "second", 6, 200)).toBe(200);
    writer.publish();
    const seen = new Collector();
    reader.drain(seen, 1 << 20);
    expect(seen.frames).toEqual(["x".repeat(40), "second"]);
    expect(words[TAIL_WORD]).toBe(130);
  });

  it("is wrapped for the least, and a short commit behind the marker counts from there", () => {
    const { writer, reader, words } = ends(1_024, 122);
    expect(put(writer, "short", 41, 200)).toBe(200);
    expect(words[DATA_WORD + 122 * 2 + 1]).toBe((122 << 2) | KIND_WRAP);
    writer.publish();
    expect(words[HEAD_WORD]).toBe(130);
    const seen = new Collector();
    reader.drain(seen, 1 << 20);
    expect(seen.frames).toEqual(["short"]);
  });

  it("ends at what is not read yet, also behind a wrap marker", () => {
    const { writer, reader } = ends(128, 2);
    const seen = new Collector();
    put(writer, "a".repeat(24), 24, 24);
    put(writer, "b".repeat(24), 24, 24);
    put(writer, "c".repeat(16), 16, 16);
    writer.publish();
    reader.drain(seen, 8);
    expect(seen.frames).toHaveLength(1);
    // Three units to the end, six free in front of the second frame.
    expect(put(writer, "d", 17, 24)).toBe(24);
    expect(put(writer, "e", 1, 24)).toBe(24);
    expect(put(writer, "f", 1, 24)).toBe(8);
    expect(put(writer, "g", 1, 24)).toBe(-1);
    writer.publish();
    reader.drain(seen, 1 << 20);
    expect(seen.frames.map((text) => text[0]).join("")).toBe("abcdef");
  });

  it("that was abandoned leaves no trace", () => {
    const { writer, reader } = ends(256, 30);
    writer.bytes.fill(0x7e, writer.reserve(17, 56), 0);
    expect(writer.dirty).toBe(false);
    expect(put(writer, "kept", 4, 40)).toBeGreaterThanOrEqual(4);
    writer.publish();
    const seen = new Collector();
    reader.drain(seen, 1 << 20);
    expect(seen.frames).toEqual(["kept"]);
  });

  it("refuses a commit of nothing or of more than the room", () => {
    for (const bytes of [0, 41]) {
      const { writer } = ends(1_024);
      writer.reserve(10, 40);
      expect(() => writer.commit(bytes)).toThrow(AssertionFailure);
    }
  });

  it("equals a plain queue over random sizes, at all places and the int32 limit", () => {
    const runs = process.env["WEFT_DEEP"] === "1" ? 3_000 : 16;
    for (let seed = 0; seed < runs; seed += 1) {
      const prng = createPrng(seed);
      const position = seed % 2 === 0 ? 0x7fff_ff00 : prng.below(64);
      const { writer, reader, words } = ends(64 << prng.below(6), position);
      const seen = new Collector();
      const sent: string[] = [];
      for (let step = 0; step < 400; step += 1) {
        const least = 1 + prng.below(writer.frameBytesMax);
        const most = least + prng.below(2) * prng.below(4 * writer.frameBytesMax);
        const start = writer.reserve(least, most);
        if (start >= 0) {
          const { room } = writer;
          expect(room).toBeGreaterThanOrEqual(least);
          expect(room).toBeLessThanOrEqual(Math.min(most, writer.frameBytesMax));
          writer.bytes.fill(0x7e, start, start + room);
          const length = prng.below(3) === 0 ? room : 1 + prng.below(room);
          const text = String.fromCharCode(97 + (step % 26)).repeat(length);
          if (prng.below(6) > 0) {
            writer.bytes.write(text, start, "latin1");
            if (length === least && prng.below(2) === 0) writer.commit();
            else writer.commit(length);
            sent.push(text);
          }
        }
        if (prng.below(2) > 0) writer.publish();
        if (prng.below(3) === 0) reader.drain(seen, prng.below(2_000));
        const used = ((words[HEAD_WORD] as number) - (words[TAIL_WORD] as number)) | 0;
        expect(used).toBeGreaterThanOrEqual(0);
      }
      writer.publish();
      reader.drain(seen, 1 << 30);
      expect(seen.frames, `seed ${seed}`).toEqual(sent);
    }
  });
});

interface Sources {
  readonly RingWriter: new (region: ArrayBuffer) => RingWriter;
  readonly RingReader: new (region: ArrayBuffer) => RingReader;
}

/** One frame: reserved as `[least, most]`; as much of the room as there is, `most` at most. */
type Wish = readonly [least: number, most: number, committed: number];

interface Case {
  readonly name: string;
  readonly turns: readonly (readonly Wish[])[];
  readonly capacityBytes: number;
  readonly budgetBytes: number;
  readonly position?: number;
}

const letter = (ordinal: number): string => String.fromCharCode(97 + ordinal);

/** Writes all frames, byte by byte of the room that it got, and ends. */
function writeAll(sources: Sources, turns: Case["turns"], actor: ActorPort): void {
  const writer = actor.boot(() => new sources.RingWriter(actor.region("ring")));
  let ordinal = 0;
  for (const turn of turns) {
    for (const [least, most, committed] of turn) {
      for (;;) {
        actor.checkpoint(writer, ordinal);
        const start = writer.reserve(least, most);
        if (start >= 0) {
          actor.touch("ring", 0, 0);
          writer.bytes.fill(0x7e, start, start + writer.room);
          const length = Math.min(committed, writer.room);
          writer.bytes.write(letter(ordinal).repeat(length), start, "latin1");
          actor.touch("ring", 0, 0);
          writer.commit(length);
          break;
        }
        if (writer.publish()) actor.signal("reader", "frames");
        if (!writer.wantSpace()) actor.wait();
      }
      ordinal += 1;
    }
    if (writer.publish()) actor.signal("reader", "frames");
  }
}

function readAll(sources: Sources, scenario: Case, actor: ActorPort): void {
  const reader = actor.boot(() => new sources.RingReader(actor.region("ring")));
  const frames: FrameHandler = {
    onFrame(bytes, start, end) {
      actor.touch("ring", start, end);
      actor.report(bytes.toString("latin1", start, end));
      return true;
    },
    onSlabReference: () => false,
  };
  for (;;) {
    actor.checkpoint(reader);
    const result = reader.drain(frames, scenario.budgetBytes);
    if (reader.writerWaits) actor.signal("writer", "space");
    if (result !== 0) continue;
    if (reader.arm()) actor.wait();
  }
}

/** Null if each frame came once, in order, whole, and with at least what was asked for. */
function judge(wishes: readonly Wish[], got: readonly string[]): string | null {
  if (got.length !== wishes.length) return `read ${got.length} frames of ${wishes.length}`;
  for (const [ordinal, [least, most, committed]] of wishes.entries()) {
    const text = got[ordinal] as string;
    if (text !== letter(ordinal).repeat(text.length)) return `frame ${ordinal} is ${text}`;
    const atLeast = Math.min(committed, least);
    if (text.length < atLeast || text.length > Math.min(committed, most)) {
      return `frame ${ordinal} has ${text.length} bytes`;
    }
  }
  return null;
}

function explore(scenario: Case, mutants: readonly Mutant[] = []): Exploration {
  let current: ActorPort | null = null;
  const sources = loadSources<Sources>(
    ["ring.ts", "ring-writer.ts", "ring-reader.ts"],
    ["RingWriter", "RingReader"],
    {
      load: (words, index) => current!.load(words, index),
      store: (words, index, value) => current!.store(words, index, value),
      compareExchange: (words, index, expected, value) =>
        current!.compareExchange(words, index, expected, value),
    },
    mutants,
  );
  const { capacityBytes, position } = scenario;
  const model: Scenario = {
    rings: [{ name: "ring", writer: "writer", reader: "reader", capacityBytes, position }],
    actors: [
      { name: "writer", events: [], run: (actor) => writeAll(sources, scenario.turns, actor) },
      { name: "reader", events: [], run: (actor) => readAll(sources, scenario, actor) },
    ],
    isScripted: () => false,
    checkRest(state) {
      if (!state.isDone("writer")) return "the writer waits, and nobody will wake it";
      if (state.occupied("ring")) return "the reader sleeps with frames in the ring";
      return judge(scenario.turns.flat(), state.reports.get("reader") ?? []);
    },
    statesMax: 2_000_000,
  };
  return new Explorer(model, (port) => {
    current = port;
  }).explore();
}

const SHORT = "short commits";
const WRAP = "a short commit behind a wrap marker";
const FULL = "room up to the unread";
const END = "room up to the end";
const BEHIND = "room behind a wrap marker, up to the unread";
const CASES: readonly Case[] = [
  {
    name: SHORT,
    turns: [
      [
        [8, 24, 1],
        [8, 24, 24],
      ],
      [[16, 24, 3]],
    ],
    capacityBytes: 128,
    budgetBytes: 1_024,
  },
  {
    name: WRAP,
    turns: [[[8, 24, 24]], [[17, 24, 2]], [[8, 24, 24]]],
    capacityBytes: 128,
    budgetBytes: 1_024,
    position: 11,
  },
  {
    name: FULL,
    turns: [[[24, 24, 24]], [[24, 24, 24]], [[8, 24, 24]], [[1, 24, 24]], [[1, 24, 24]]],
    capacityBytes: 128,
    budgetBytes: 32,
    position: 0x7fff_fffa,
  },
  {
    name: END,
    turns: [[[8, 24, 24]], [[8, 24, 2]]],
    capacityBytes: 128,
    budgetBytes: 1_024,
    position: 13,
  },
  {
    name: BEHIND,
    turns: [[[24, 24, 24]], [[24, 24, 24]], [[24, 24, 24]], [[8, 24, 24]]],
    capacityBytes: 128,
    budgetBytes: 32,
    position: 3,
  },
];

const WRITER = "ring-writer.ts";
const MUTANTS: readonly Mutant[] = [
  {
    name: "the head moves by what was reserved",
    case: SHORT,
    file: WRITER,
    from: "this.#reservedHead = (this.#reservedHead + after - before) | 0;",
    to: "",
  },
  {
    name: "the length stays what was reserved",
    case: SHORT,
    file: WRITER,
    from: "this.#words[this.#lengthWord] = frameBytes;",
    to: "",
  },
  {
    name: "the length is written in front of the wrap marker",
    case: WRAP,
    file: WRITER,
    from: "this.#lengthWord = DATA_WORD + unit * 2;",
    to: "this.#lengthWord = DATA_WORD + (this.#head & (this.#unitsMax - 1)) * 2;",
  },
  {
    name: "room goes on behind the end of the ring",
    case: END,
    file: WRITER,
    from: "Math.min(this.#unitsFree() - taken, this.#unitsMax - unit)",
    to: "this.#unitsFree() - taken",
  },
  {
    name: "room goes on over what is not read",
    case: FULL,
    file: WRITER,
    from: "Math.min(this.#unitsFree() - taken, this.#unitsMax - unit)",
    to: "this.#unitsMax - unit",
  },
  {
    name: "the skipped end of the ring counts as room",
    case: BEHIND,
    file: WRITER,
    from: "const taken = ((this.#reservedHead - this.#head) | 0) - units;",
    to: "const taken = 0;",
  },
  {
    name: "the header does not count in the room",
    case: FULL,
    file: WRITER,
    from: "free * 8 - FRAME_HEADER_BYTES);",
    to: "free * 8);",
  },
];

describe("all interleavings of a writer with room and a reader", () => {
  for (const scenario of CASES) {
    it(scenario.name, () => {
      const { states, violation, steps } = explore(scenario);
      if (violation !== null) throw new Error(`${violation}\n${steps.join("\n")}`);
      expect(states).toBeGreaterThan(50);
    });
  }
});

describe("the search finds the mistake:", () => {
  for (const mutant of MUTANTS) {
    it(mutant.name, () => {
      const scenario = CASES.find(({ name }) => name === mutant.case) as Case;
      expect(explore(scenario, [mutant]).violation).not.toBeNull();
    });
  }
});
