// Every interleaving of two threads that exchange frames through their mailboxes: the shipped
// sources with rings of 64 bytes, doorbells and deferred turns that arrive in any order.

import { createPrng } from "@weft/base";
import { describe, expect, it } from "vitest";
import type { ActorPort } from "./testing/actor-port.ts";
import { type Exploration, Explorer, type Scenario } from "./testing/explorer.ts";
import { type MailboxSources, ModelThread, type Script } from "./testing/model-thread.ts";
import { loadSources, type Mutant } from "./testing/source-loader.ts";

interface Case {
  readonly name: string;
  readonly scripts: readonly [Script, Script];
  /** Texts that each thread receives at the end, data and control apart. */
  readonly expects: readonly [string, string];
  /** With a pass so short that it ends after two frames. */
  readonly smallPass?: boolean;
}

const FILES = [
  "wiring.ts",
  "ring.ts",
  "ring-writer.ts",
  "ring-reader.ts",
  "slab-stock.ts",
  "outgoing-lane.ts",
  "incoming-lane.ts",
  "mailbox.ts",
];

const SMALL_PASS: Mutant = {
  name: "a short pass",
  case: "any",
  file: "mailbox.ts",
  from: "const PASS_BYTES = 256 * 1024;",
  to: "const PASS_BYTES = 32;",
};

/** Frames in the order of their lanes: control before data says nothing about time. */
function byLane(reports: readonly string[]): string {
  const control = reports.filter((text) => text.startsWith("c"));
  return [...control, ...reports.filter((text) => !text.startsWith("c"))].join(" ");
}

function explorer(scenario: Case, mutants: readonly Mutant[] = []): Explorer {
  let current: ActorPort | null = null;
  const sources = loadSources<MailboxSources>(
    FILES,
    ["Mailbox"],
    {
      load: (words, index) => current!.load(words, index),
      store: (words, index, value) => current!.store(words, index, value),
      compareExchange: (words, index, expected, value) =>
        current!.compareExchange(words, index, expected, value),
    },
    scenario.smallPass === true ? [...mutants, SMALL_PASS] : mutants,
  );
  const directions = [
    [0, 1],
    [1, 0],
  ];
  const rings = directions.flatMap(([from, to]) =>
    ["control", "data"].map((kind) => ({
      name: `${kind} ${from}>${to}`,
      writer: `${from}`,
      reader: `${to}`,
      capacityBytes: 64,
    })),
  );
  const model: Scenario = {
    rings,
    actors: scenario.scripts.map((script, index) => ({
      name: `${index}`,
      events: script.turns.map(() => "script"),
      run: (actor) => new ModelThread(sources, index, script, actor).run(),
    })),
    isScripted: (event) => event === "script",
    checkRest(state) {
      for (const { name, reader } of rings) {
        if (state.occupied(name) && !state.isDone(reader)) return `frames rest in ${name}`;
      }
      if (!state.finished) return null;
      for (const index of [0, 1]) {
        if (state.isDone(`${index}`)) continue;
        const got = byLane(state.reports.get(`${index}`)!);
        if (got !== scenario.expects[index]) return `${index} got "${got}"`;
      }
      return null;
    },
    statesMax: 5_000_000,
  };
  return new Explorer(model, (port) => {
    current = port;
  });
}

function expectNoViolation({ states, violation, steps }: Exploration): void {
  if (violation !== null) throw new Error(`${violation}\n${steps.join("\n")}`);
  expect(states).toBeGreaterThan(50);
}

const SILENT: Script = { turns: [] };
const ECHO: Script = { turns: [], echoes: true };
const CASES: readonly Case[] = [
  { name: "one data frame", scripts: [{ turns: ["d"] }, SILENT], expects: ["", "d0"] },
  {
    name: "both lanes in one turn",
    scripts: [{ turns: ["cdd"] }, SILENT],
    expects: ["", "c0 d0 d1"],
  },
  { name: "two turns", scripts: [{ turns: ["d", "d"] }, SILENT], expects: ["", "d0 d1"] },
  {
    name: "a frame each way",
    scripts: [{ turns: ["d"] }, { turns: ["d"] }],
    expects: ["d0", "d0"],
  },
  { name: "an answer", scripts: [{ turns: ["d"] }, ECHO], expects: ["e0", "d0"] },
  {
    name: "a pass that ends early",
    scripts: [{ turns: ["dddd"] }, SILENT],
    expects: ["", "d0 d1 d2 d3"],
    smallPass: true,
  },
  {
    name: "a full data lane",
    scripts: [{ turns: ["ddddd"] }, SILENT],
    expects: ["", "d0 d1 d2 d3 d4"],
  },
  {
    name: "a handler that refuses",
    scripts: [{ turns: ["ddd"] }, { turns: [], refuses: [0] }],
    expects: ["", "d0 d1 d2"],
  },
  {
    name: "close while frames are under way",
    scripts: [{ turns: ["dd"], closesAfter: 1 }, { turns: ["d"] }],
    expects: ["", "d0 d1"],
  },
];

/** Some hundred thousand states and more each. */
const DEEP_CASES: readonly Case[] = [
  {
    name: "a full control lane",
    scripts: [{ turns: ["ccccc", "c"] }, SILENT],
    expects: ["", "c0 c1 c2 c3 c4 c5"],
  },
  {
    name: "a full lane and a short pass",
    scripts: [{ turns: ["dddddd"] }, SILENT],
    expects: ["", "d0 d1 d2 d3 d4 d5"],
    smallPass: true,
  },
  {
    name: "a full lane and a handler that refuses",
    scripts: [{ turns: ["dddddd"] }, { turns: [], refuses: [1] }],
    expects: ["", "d0 d1 d2 d3 d4 d5"],
  },
];

/** Too many states for all of them: random interleavings. */
const LARGE_CASES: readonly Case[] = [
  {
    name: "full lanes both ways",
    scripts: [{ turns: ["dddddd", "dd"] }, { turns: ["ddddddd"] }],
    expects: ["d0 d1 d2 d3 d4 d5 d6", "d0 d1 d2 d3 d4 d5 d6 d7"],
    smallPass: true,
  },
  {
    name: "answers, refusals and control frames in full lanes",
    scripts: [
      { turns: ["ddcccccddddd", "dcccd"], refuses: [0, 4] },
      { turns: ["ccccccc"], refuses: [1, 5], echoes: true },
    ],
    expects: [
      "c0 c1 c2 c3 c4 c5 c6 e0 e1 e2 e3 e4 e5 e6 e7 e8",
      "c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7 d8",
    ],
  },
];

const MAILBOX = "mailbox.ts";
const LANE = "outgoing-lane.ts";
const MUTANTS: readonly Mutant[] = [
  {
    name: "no first turn",
    case: "one data frame",
    file: MAILBOX,
    from: ["start(): void {", "this.#defer();"],
    to: "start(): void {",
  },
  {
    name: "asleep although frames came in meanwhile",
    case: "one data frame",
    file: MAILBOX,
    from: "else if (lane.result === DRAIN_EMPTIED && !lane.sleep()) this.#defer();",
    to: "else if (lane.result === DRAIN_EMPTIED) lane.sleep();",
  },
  {
    name: "a lane whose pass ended early is forgotten",
    case: "a pass that ends early",
    file: MAILBOX,
    from: ["if (lane.result === DRAIN_BUDGET) this.#defer();", "else"],
    to: "",
  },
  {
    name: "a pass that ended early falls asleep",
    case: "a pass that ends early",
    file: "incoming-lane.ts",
    from: ["this.#asleep = this.#ring.arm();", "return this.#asleep;"],
    to: ["this.#asleep = true;", "this.#ring.arm();", "return true;"],
    also: [],
  },
  {
    name: "the bell of one lane is forgotten over the other",
    case: "both lanes in one turn",
    file: MAILBOX,
    from: "if (lane.publish()) this.#peer(lane.to).bellIsDue = true;",
    to: "this.#peer(lane.to).bellIsDue = lane.publish();",
  },
  {
    name: "a bell wakes the control lane only",
    case: "one data frame",
    file: MAILBOX,
    from: "const dataWoke = peer.dataIn.wake();",
    to: "const dataWoke = false;",
  },
  {
    name: "a refused lane does not ask for space",
    case: "a full data lane",
    file: MAILBOX,
    from: "if (lane.waits && lane.wantSpace()) this.#defer();",
    to: "",
  },
  {
    name: "space that came before it was asked for is overlooked",
    case: "a full data lane",
    file: MAILBOX,
    from: "if (lane.waits && lane.wantSpace()) this.#defer();",
    to: "if (lane.waits) lane.wantSpace();",
  },
  {
    name: "frames written into new space are not published",
    case: "a full data lane",
    file: MAILBOX,
    from: "if (this.#offerSpace(this.#peer(to))) this.#flush();",
    to: "this.#offerSpace(this.#peer(to));",
  },
  {
    name: "the writer is not told of space",
    case: "a full control lane",
    file: "incoming-lane.ts",
    from: "if (this.#ring.writerWaits) this.#wiring.ringSpace(this.from);",
    to: "",
  },
  {
    name: "a spilled frame is overtaken",
    case: "a full control lane",
    file: LANE,
    from: "if (this.#spill.length === 0) this.#direct = !this.#abandoned;",
    to: "this.#direct = true;",
    also: [[["this.#spillBytes += this.bytes.length;", "this.#direct = false;"], ""]],
  },
  {
    name: "what stays in the spill does not ask for space",
    case: "a full control lane",
    file: LANE,
    from: "return this.#refused || this.#spill.length > 0;",
    to: "return this.#refused;",
  },
  {
    name: "resuming a lane does not drain it",
    case: "a handler that refuses",
    file: MAILBOX,
    from: ["this.#peer(from).dataIn.resume();", "this.#defer();"],
    to: "this.#peer(from).dataIn.resume();",
  },
  {
    name: "a closing peer's last frames are not drained",
    case: "close while frames are under way",
    file: MAILBOX,
    from: ["peer.dataIn.wake();", "this.#defer();"],
    to: "peer.dataIn.wake();",
  },
];

describe("all interleavings of two mailboxes", () => {
  const deep = process.env["WEFT_DEEP"] === "1";
  for (const scenario of deep ? [...CASES, ...DEEP_CASES] : CASES) {
    it(scenario.name, { timeout: 600_000 }, () => {
      expectNoViolation(explorer(scenario).explore());
    });
  }
});

describe("random interleavings of two mailboxes", () => {
  const walksCount = process.env["WEFT_DEEP"] === "1" ? 1_000 : 10;
  for (const scenario of LARGE_CASES) {
    it(scenario.name, { timeout: 600_000 }, () => {
      expectNoViolation(explorer(scenario).sample(walksCount, createPrng(1)));
    });
  }
});

describe("the search finds the mistake:", () => {
  for (const mutant of MUTANTS) {
    it(mutant.name, () => {
      const scenario = [...CASES, ...DEEP_CASES].find(({ name }) => name === mutant.case)!;
      expect(explorer(scenario, [mutant]).explore().violation).not.toBeNull();
    });
  }
});
