// All interleavings of small cases of the writer/reader protocol, on the real code; and the faults
// that the exploration must be able to find, so that its silence means something.
import { describe, expect, test } from "vitest";
import { explore } from "./explorer.model.ts";
import {
  lookups,
  planning,
  protocolModel,
  type Scenario,
  unannouncedLookup,
  WRITER_MUTATIONS,
} from "./protocol.model.ts";

const DEEP = process.env["WEFT_DEEP"] === "1";
const STATES_MAX = 5_000_000;

const SCENARIOS: Record<string, Scenario> = {
  "insert || lookup": { before: ["+b"], during: ["+a"], readers: [lookups("a")] },
  "insert || lookup of another": { before: ["+b"], during: ["+a"], readers: [lookups("b")] },
  "insert a path || lookup": { before: [], during: ["+a.*"], readers: [lookups("a.x")] },
  "insert a tail || lookup": { before: ["+a.b"], during: ["+a.>"], readers: [lookups("a.b")] },
  "second interest || lookup": { before: ["+a"], during: ["+a", "-a"], readers: [lookups("a")] },
  "remove || lookup": { before: ["+a", "+b"], during: ["-a"], readers: [lookups("b", "a")] },
  "remove the older || lookup": { before: ["+b", "+a"], during: ["-b"], readers: [lookups("a")] },
  "remove a path || lookup": {
    before: ["+a.b.*", "+a.>"],
    during: ["-a.b.*"],
    readers: [lookups("a.b.c")],
  },
  "remove, reuse || lookup": {
    before: ["+a", "+b", "+c"],
    during: ["-b", "+d"],
    readers: [lookups("a")],
  },
  "remove, reuse as a wildcard || lookup": {
    before: ["+a"],
    during: ["-a", "+*"],
    readers: [lookups("a")],
  },
  "add a group || walk": { before: ["+a p"], during: ["+a q"], readers: [lookups("a")] },
  "remove a group || walk": { before: ["+a p", "+a q"], during: ["-a p"], readers: [lookups("a")] },
  "remove, reuse a group || walk": {
    before: ["+a p", "+a q"],
    during: ["-a q", "+a r"],
    readers: [lookups("a")],
  },
  "change a weight || walk": {
    before: ["+a p"],
    during: ["+a p", "-a p"],
    readers: [lookups("a")],
  },
  "insert || plan": { before: ["+b"], during: ["+a"], readers: [planning("a")] },
  "insert a wildcard || plan": { before: ["+a"], during: ["+*"], readers: [planning("a")] },
  "remove, insert || plan": { before: ["+a"], during: ["-a", "+a"], readers: [planning("a")] },
  "insert twice || plan": { before: [], during: ["+a.b", "+a.>"], readers: [planning("a.b")] },
  "groups || plan": { before: ["+a p"], during: ["+a q", "-a p"], readers: [planning("a")] },
  "growing weight || plan": {
    before: ["+a p"],
    during: ["+a p", "+a p"],
    readers: [planning("a")],
  },
  "shrinking weight || plan": {
    before: ["+a p", "+a p", "+a p"],
    during: ["-a p", "-a p"],
    readers: [planning("a")],
  },
  "insert || two lookups": {
    before: [],
    during: ["+a"],
    readers: [lookups("a"), lookups("a")],
  },
};

const LARGE_SCENARIOS: Record<string, Scenario> = {
  "remove, reuse || lookup after lookup": {
    before: ["+a", "+b", "+c"],
    during: ["-b", "+d"],
    readers: [lookups("a", "d")],
  },
  "remove, reuse a path as a wildcard || lookup": {
    before: ["+a.b"],
    during: ["-a.b", "+*.b"],
    readers: [lookups("a.b")],
  },
  "remove, reuse groups || walk": {
    before: ["+a p", "+a q"],
    during: ["-a q", "+a r", "-a p"],
    readers: [lookups("a")],
  },
  "remove, reuse || two lookups": {
    before: ["+a", "+b"],
    during: ["-a", "+d"],
    readers: [lookups("b"), lookups("d")],
  },
};

/** Many states once loads may return old values. */
const LARGE_IF_RELAXED = [
  "remove, reuse a group || walk",
  "groups || plan",
  "insert || two lookups",
];

describe("every interleaving of", () => {
  const scenarios = DEEP ? { ...SCENARIOS, ...LARGE_SCENARIOS } : SCENARIOS;
  for (const [name, scenario] of Object.entries(scenarios)) {
    for (const relaxed of [false, true]) {
      if (relaxed && !DEEP && LARGE_IF_RELAXED.includes(name)) continue;
      test(`${name}, ${relaxed ? "relaxed" : "ordered"} memory`, () => {
        const { states, violation, trace } = explore(protocolModel(scenario), relaxed, STATES_MAX);
        expect(violation, trace.join("\n")).toBeNull();
        expect(states).toBeGreaterThan(100);
      }, 120_000);
    }
  }
});

type Fault = keyof typeof WRITER_MUTATIONS;

const FAULTS: Record<Fault, readonly [scenario: string, violation: RegExp]> = {
  publishBeforeWrite: ["insert || lookup of another", /changes its meaning/],
  reuseWithoutQuiescence: ["remove, reuse || lookup", /changes its meaning/],
  unlinkAfterCapture: ["remove, reuse || lookup", /changes its meaning|present all|end/],
  forgetNextOnUnlink: ["remove || lookup", /missed|held/],
  bumpBeforePublish: ["insert || plan", /judged current/],
  epochBeforeSlot: ["insert || plan", /judged current/],
  sketchAfterBump: ["insert || plan", /judged current/],
};

describe("the explorer finds", () => {
  for (const [fault, [name, expected]] of Object.entries(FAULTS)) {
    test(`${fault} in: ${name}`, () => {
      const writerMutation = WRITER_MUTATIONS[fault as Fault];
      const scenario = { ...(SCENARIOS[name] as Scenario), writerMutation };
      const { violation } = explore(protocolModel(scenario), false, STATES_MAX);
      expect(violation).toMatch(expected);
    });
  }

  test("a group published before it is written", () => {
    const writerMutation = WRITER_MUTATIONS.publishBeforeWrite;
    const scenario = { ...(SCENARIOS["add a group || walk"] as Scenario), writerMutation };
    expect(explore(protocolModel(scenario), false, STATES_MAX).violation).toMatch(/changes its/);
  });

  test("a group reused while a reader walks", () => {
    const writerMutation = WRITER_MUTATIONS.reuseWithoutQuiescence;
    const scenario = {
      ...(SCENARIOS["remove, reuse a group || walk"] as Scenario),
      writerMutation,
    };
    expect(explore(protocolModel(scenario), false, STATES_MAX).violation).toMatch(/changes its/);
  });

  test("a reader that does not announce itself", () => {
    const scenario = {
      ...(SCENARIOS["remove, reuse || lookup"] as Scenario),
      readers: [unannouncedLookup("a")],
    };
    expect(explore(protocolModel(scenario), false, STATES_MAX).violation).toMatch(/changes its/);
  });

  test("a plan stamped after its match", () => {
    const scenario = {
      ...(SCENARIOS["insert || plan"] as Scenario),
      readers: [planning("a", true)],
    };
    expect(explore(protocolModel(scenario), false, STATES_MAX).violation).toMatch(/judged current/);
  });
});
