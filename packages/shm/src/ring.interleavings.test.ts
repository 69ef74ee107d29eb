// Every interleaving of the ring's accesses to shared memory, for small rings and a few frames, on
// the shipped sources; and a list of mistakes in those sources that the search must find.
import { describe, expect, it } from "vitest";
import type * as ring from "./ring.ts";
import type { RingReader } from "./ring-reader.ts";
import type { RingWriter } from "./ring-writer.ts";
import type { ActorPort } from "./testing/actor-port.ts";
import { type Exploration, Explorer, type Scenario } from "./testing/explorer.ts";
import { loadSources, type Mutant } from "./testing/source-loader.ts";

interface Sources {
  readonly RingWriter: new (region: ArrayBuffer, slabBytesMax: number) => RingWriter;
  readonly RingReader: new (region: ArrayBuffer) => RingReader;
}

/** Lengths of the frames of each turn; a negative one is a frame in a slab of that size. */
interface Case {
  readonly name: string;
  readonly turns: readonly (readonly number[])[];
  readonly capacityBytes: number;
  readonly budgetBytes: number;
  readonly position?: number;
  /** Ordinals of the deliveries that the handler refuses at first. */
  readonly refuses?: readonly number[];
}

const DRAIN_BUDGET: typeof ring.DRAIN_BUDGET = 1;
const DRAIN_STOPPED: typeof ring.DRAIN_STOPPED = 2;
const SLAB_BYTES_MAX = 100;

function contents(ordinal: number, length: number): string {
  return String.fromCharCode(97 + ordinal).repeat(length);
}

function expectedFrames(turns: Case["turns"]): string[] {
  return turns.flat().map((length, at) => (length < 0 ? `slab ${-length}` : contents(at, length)));
}

/** A thread that writes all frames, waits for space when it must, and ends. */
function writeAll(sources: Sources, turns: Case["turns"], actor: ActorPort): void {
  const writer = actor.boot(() => new sources.RingWriter(actor.region("ring"), SLAB_BYTES_MAX));
  let ordinal = 0;
  for (const turn of turns) {
    for (const length of turn) {
      for (;;) {
        actor.checkpoint(writer, ordinal);
        const start = length < 0 ? 0 : writer.reserve(length);
        if (length < 0 ? writer.reserveReference(-length, -length) : start >= 0) {
          actor.touch("ring", 0, 0);
          if (length > 0) writer.bytes.write(contents(ordinal, length), start, "latin1");
          break;
        }
        if (writer.publish()) actor.signal("reader", "frames");
        if (!writer.wantSpace()) actor.wait();
      }
      writer.commit();
      ordinal++;
    }
    if (writer.publish()) actor.signal("reader", "frames");
  }
}

/** A thread that reads forever: drains, and sleeps when there is nothing. */
function readAll(sources: Sources, scenario: Case, actor: ActorPort): void {
  const reader = actor.boot(() => new sources.RingReader(actor.region("ring")));
  const refuses = new Set(scenario.refuses ?? []);
  const accepts = (): boolean => !refuses.delete(actor.reports.length);
  const frames: ring.FrameHandler = {
    onFrame(bytes, start, end) {
      actor.touch("ring", start, end);
      if (!accepts()) return false;
      actor.report(bytes.toString("latin1", start, end));
      return true;
    },
    onSlabReference(frameBytes) {
      if (!accepts()) return false;
      actor.report(`slab ${frameBytes}`);
      return true;
    },
  };
  for (;;) {
    actor.checkpoint(reader, refuses);
    const result = reader.drain(frames, scenario.budgetBytes);
    if (reader.writerWaits) actor.signal("writer", "space");
    if (result === DRAIN_BUDGET || result === DRAIN_STOPPED) continue;
    if (reader.arm()) actor.wait();
  }
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
  const expected = expectedFrames(scenario.turns).join();
  const model: Scenario = {
    rings: [
      {
        name: "ring",
        writer: "writer",
        reader: "reader",
        capacityBytes: scenario.capacityBytes,
        position: scenario.position,
      },
    ],
    actors: [
      { name: "writer", events: [], run: (actor) => writeAll(sources, scenario.turns, actor) },
      { name: "reader", events: [], run: (actor) => readAll(sources, scenario, actor) },
    ],
    isScripted: () => false,
    checkRest(state) {
      if (!state.isDone("writer")) return "the writer waits, and nobody will wake it";
      if (state.occupied("ring")) return "the reader sleeps with frames in the ring";
      const got = state.reports.get("reader")!.join();
      return got === expected ? null : `read ${got} instead of ${expected}`;
    },
    statesMax: 2_000_000,
  };
  return new Explorer(model, (port) => {
    current = port;
  }).explore();
}

/** A frame that ends the ring takes the position over the int32 limit. */
const NEAR_WRAP = 0x7fff_fffc;
const CASES: readonly Case[] = [
  { name: "one frame", turns: [[8]], capacityBytes: 64, budgetBytes: 1024 },
  { name: "two turns", turns: [[8], [3]], capacityBytes: 64, budgetBytes: 1024 },
  { name: "three turns", turns: [[8], [3], [8]], capacityBytes: 64, budgetBytes: 1024 },
  { name: "two in one turn", turns: [[8, 8], [1]], capacityBytes: 64, budgetBytes: 16 },
  {
    name: "a full ring and a wrap marker",
    turns: [[24], [24], [16], [24]],
    capacityBytes: 128,
    budgetBytes: 1024,
    position: 6,
  },
  {
    name: "a full ring in one turn",
    turns: [[8, 8, 8, 8, 8]],
    capacityBytes: 64,
    budgetBytes: 1024,
  },
  {
    name: "a full ring, a small budget, positions that wrap",
    turns: [[8, 8], [8, 8], [8]],
    capacityBytes: 64,
    budgetBytes: 16,
    position: NEAR_WRAP,
  },
  {
    name: "a handler that refuses",
    turns: [
      [8, 8],
      [8, 8],
    ],
    capacityBytes: 64,
    budgetBytes: 1024,
    refuses: [0, 3],
  },
  {
    name: "slabs beyond their allowance",
    turns: [[-64, -32], [-64], [-200]],
    capacityBytes: 64,
    budgetBytes: 1024,
  },
];

const WRITER = "ring-writer.ts";
const READER = "ring-reader.ts";

/** Each a mistake that somebody could make; several are the ones that hung earlier versions. */
const MUTANTS: readonly Mutant[] = [
  {
    name: "armed is loaded before the head is stored",
    case: "one frame",
    file: WRITER,
    from: [
      "Atomics.store(words, HEAD_WORD, head);",
      "return (",
      "Atomics.load(words, ARMED_WORD) === 1 &&",
    ],
    to: [
      "const armed = Atomics.load(words, ARMED_WORD);",
      "Atomics.store(words, HEAD_WORD, head);",
      "return (",
      "armed === 1 &&",
    ],
  },
  {
    name: "the writer clears armed and does not ring",
    case: "one frame",
    file: WRITER,
    from: "Atomics.compareExchange(words, ARMED_WORD, 1, 0) === 1",
    to: "Atomics.compareExchange(words, ARMED_WORD, 1, 0) === 2",
  },
  {
    name: "armed is stored after the head was looked at",
    case: "one frame",
    file: READER,
    from: [
      "Atomics.store(words, ARMED_WORD, 1);",
      "if (Atomics.load(words, HEAD_WORD) === this.#tail) return true;",
    ],
    to: [
      "if (Atomics.load(words, HEAD_WORD) === this.#tail) {",
      "Atomics.store(words, ARMED_WORD, 1);",
      "return true;",
      "}",
    ],
  },
  {
    name: "no second look at the head",
    case: "one frame",
    file: READER,
    from: "if (Atomics.load(words, HEAD_WORD) === this.#tail) return true;",
    to: "return true;",
  },
  {
    name: "waiting is stored after the tail was looked at",
    case: "a full ring in one turn",
    file: WRITER,
    from: ["Atomics.store(words, WAITING_WORD, 1);", "if (!this.spaceIsThere()) return false;"],
    to: [
      "if (!this.spaceIsThere()) {",
      "Atomics.store(words, WAITING_WORD, 1);",
      "return false;",
      "}",
    ],
  },
  {
    name: "no second look at the tail",
    case: "a full ring in one turn",
    file: WRITER,
    from: "if (!this.spaceIsThere()) return false;",
    to: "return false;",
  },
  {
    name: "the second look uses the tail seen before",
    case: "a full ring in one turn",
    file: WRITER,
    from: ["this.#tailSeen = Atomics.load(this.#words, TAIL_WORD);", "if (this.#wanted"],
    to: "if (this.#wanted",
  },
  {
    name: "waiting is loaded before the tails are stored",
    case: "slabs beyond their allowance",
    file: READER,
    from: "Atomics.load(words, WAITING_WORD) === 1 &&",
    to: "waiting === 1 &&",
    also: [
      [
        ["this.#released = tail;"],
        ["this.#released = tail;", "const waiting = Atomics.load(words, WAITING_WORD);"],
      ],
    ],
  },
  {
    name: "the reader never tells the writer of space",
    case: "a full ring in one turn",
    file: READER,
    from: "this.writerWaits = true;",
    to: "",
  },
  {
    name: "the slab bytes are given back after the look at waiting",
    case: "slabs beyond their allowance",
    file: READER,
    from: ["this.writerWaits = true;", "}"],
    to: ["this.writerWaits = true;", "}", "Atomics.store(words, SLAB_TAIL_WORD, this.#slabTail);"],
    also: [
      [
        ["Atomics.store(words, SLAB_TAIL_WORD, this.#slabTail);", "}", "Atomics.store(words, TAIL"],
        ["}", "Atomics.store(words, TAIL"],
      ],
    ],
  },
  {
    name: "the tail is stored before the frames are read",
    case: "a full ring in one turn",
    file: READER,
    from: "const releaseUnits = this.#unitsMax >>> 3;",
    to: [
      "const releaseUnits = this.#unitsMax >>> 3;",
      "if (head !== this.#tail) this.#release(head);",
    ],
  },
  {
    name: "the tail is stored one frame early",
    case: "a full ring in one turn",
    file: READER,
    from: "        if (!frames.onFrame(",
    to: ["this.#release((tail + ((frameBytes + 15) >>> 3)) | 0);", "if (!frames.onFrame("],
  },
  {
    name: "a reserved frame is published before it is filled",
    case: "one frame",
    file: WRITER,
    from: "this.#reservedHead = (head + units) | 0;",
    to: [
      "this.#reservedHead = (head + units) | 0;",
      "Atomics.store(this.#words, HEAD_WORD, this.#reservedHead);",
    ],
  },
  {
    name: "one unit too many fits",
    case: "a full ring and a wrap marker",
    file: WRITER,
    from: "return this.#unitsMax - ((this.#head - this.#tailSeen) | 0);",
    to: "return this.#unitsMax + 1 - ((this.#head - this.#tailSeen) | 0);",
  },
  {
    name: "the skipped end of the ring is not counted",
    case: "a full ring and a wrap marker",
    file: WRITER,
    from: "return toEnd < units ? toEnd + units : units;",
    to: "return units;",
  },
  {
    name: "no wrap marker",
    case: "a full ring and a wrap marker",
    file: WRITER,
    from: "words[DATA_WORD + unit * 2 + 1] = (head << 2) | KIND_WRAP;",
    to: "",
  },
  {
    name: "a refused frame is skipped",
    case: "a handler that refuses",
    file: READER,
    from: ["result = DRAIN_STOPPED;", "break;", "}", "tail = (tail + ((f"],
    to: ["result = DRAIN_STOPPED;", "}", "tail = (tail + ((f"],
  },
  {
    name: "a position does not wrap",
    case: "a full ring, a small budget, positions that wrap",
    file: READER,
    from: "tail = (tail + ((frameBytes + FRAME_HEADER_BYTES + 7) >>> 3)) | 0;",
    to: "tail = tail + ((frameBytes + FRAME_HEADER_BYTES + 7) >>> 3);",
  },
];

describe("all interleavings of one writer and one reader", () => {
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
      const scenario = CASES.find(({ name }) => name === mutant.case)!;
      expect(explore(scenario, [mutant]).violation).not.toBeNull();
    });
  }
});
