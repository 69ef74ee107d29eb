// The same reload, the same effects: pairs of configurations against the server, compared with what
// the clients of the reference saw. Where nats-server is installed, the recorded notes are compared
// with it first; WEFT_RECORD_ANSWERS=1 records them anew.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  comparisonWith,
  isRecording,
  type Recorded,
  readRecorded,
  reference,
} from "./reference.ts";
import { RELOAD_PAIRS, type ReloadPair } from "./reload-pairs.ts";
import { playOn, playPair, type ReloadNotes } from "./reload-player.ts";
import { describeWithWorkers, isOtherServer, useServer } from "./server-under-test.ts";

const recordedFile = fileURLToPath(new URL("testdata/reload-notes.json", import.meta.url));

interface RecordedNotes extends Recorded {
  readonly notes: Readonly<Record<string, ReloadNotes>>;
}

function recordedNotes(): RecordedNotes["notes"] {
  return readRecorded<RecordedNotes>(recordedFile).notes;
}

const { isComparable, installed, why } = comparisonWith(recordedFile);

/** A line that the reference sends in front of a close is lost now and then: the close resets. */
const LOST_NOW_AND_THEN = "-ERR 'maximum connections exceeded'";

function withoutRaces(notes: unknown): unknown {
  return JSON.parse(JSON.stringify(notes), (key, value: unknown) =>
    key === "lines" && Array.isArray(value)
      ? value.filter((line) => line !== LOST_NOW_AND_THEN)
      : value,
  );
}

describe.skipIf(!isComparable)(`recorded notes${why}`, () => {
  it("are what clients of the reference here see", { timeout: 120_000 }, async () => {
    const notes: Record<string, ReloadNotes> = {};
    for (const pair of RELOAD_PAIRS) {
      const command = reference === undefined ? [] : [reference];
      const wanted = isRecording ? undefined : recordedNotes()[pair.name];
      notes[pair.name] = await playPair(pair, { workers: 0, command }, wanted);
    }
    if (isRecording) {
      const recorded: RecordedNotes = { version: installed, notes };
      writeFileSync(recordedFile, `${JSON.stringify(recorded, undefined, 1)}\n`);
    }
    expect(withoutRaces(notes)).toEqual(withoutRaces(recordedNotes()));
  });
});

/** What is waited for: nothing where the product does something else. */
function awaited(pair: ReloadPair): ReloadNotes | undefined {
  return pair.differs === undefined ? recordedNotes()[pair.name] : undefined;
}

function expectSame(pair: ReloadPair, notes: ReloadNotes): void {
  const wanted = recordedNotes()[pair.name];
  if (pair.differs === undefined) expect(notes).toEqual(wanted);
  else if (!isOtherServer) expect(notes, "differs no more").not.toEqual(wanted);
}

/** No reload leads there (RL-05). */
const NEEDS_A_START = /config reload not supported for NoAuthUser/;

/** One number of workers begins each pair with a server of its own, all with the deep form. */
const isFreshEach = (workers: number): boolean =>
  isOtherServer || workers === 2 || process.env["WEFT_DEEP"] === "1";

describeWithWorkers("the same reload has the same effects", (workers) => {
  if (isFreshEach(workers)) {
    it.each(RELOAD_PAIRS)("$name", async (pair) => {
      expectSame(pair, await playPair(pair, { workers }, awaited(pair)));
    });
    return;
  }
  // One server goes through all of them: each first configuration comes by a reload as well.
  const server = useServer({ workers });
  it.each(RELOAD_PAIRS)("$name", async (pair) => {
    const outcome = await server().reload(pair.before);
    if (NEEDS_A_START.test(outcome)) {
      expectSame(pair, await playPair(pair, { workers }, awaited(pair)));
      return;
    }
    expect(outcome).toMatch(/^Reloaded/);
    expectSame(pair, await playOn(server(), pair, awaited(pair)));
  });
});

describe("the pairs", () => {
  it("are many, have names of their own, and say why they differ", () => {
    expect(RELOAD_PAIRS.filter(({ differs }) => differs === undefined).length).toBeGreaterThan(25);
    expect(new Set(RELOAD_PAIRS.map(({ name }) => name)).size).toBe(RELOAD_PAIRS.length);
    for (const { differs } of RELOAD_PAIRS) if (differs) expect(differs.length).toBeGreaterThan(20);
  });
});
