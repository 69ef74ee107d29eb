// The same bytes, the same answers: every raw script of the corpus against the server, compared
// with what the reference answered. Where nats-server is installed, the recorded answers are
// compared with it first; WEFT_RECORD_ANSWERS=1 records them anew.
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
import { describeWithWorkers, isOtherServer, startServer } from "./server-under-test.ts";
import { WANTED_DIFFERENCES, WANTED_MASKS } from "./wanted-differences.ts";
import {
  type Answer,
  Bystander,
  maskNoResponders,
  ParkedConnections,
  playScript,
  type WireScript,
  wireConfigs,
  wireScripts,
} from "./wire-script.ts";

const recordedFile = fileURLToPath(new URL("testdata/reference-answers.json", import.meta.url));
const configNames = [...new Set(wireScripts.map((script) => script.config))];
const differing = new Set(WANTED_DIFFERENCES.map(({ script }) => script));

interface RecordedAnswers extends Recorded {
  readonly answers: Readonly<Record<string, Answer>>;
}

function recordedAnswers(): RecordedAnswers["answers"] {
  return readRecorded<RecordedAnswers>(recordedFile).answers;
}

function scriptsOf(config: string): readonly WireScript[] {
  return wireScripts.filter((script) => script.config === config);
}

/** Scripts during which somebody may listen to everything without changing the answers. */
function canBeOverheard({ config, mask }: WireScript): boolean {
  return config === "none" && mask === undefined;
}

interface PlayOptions {
  readonly workers: number;
  readonly command?: readonly string[] | undefined;
}

/** The answers of one server to the scripts of one configuration, by name. */
async function playAll(config: string, options: PlayOptions): Promise<Record<string, Answer>> {
  const { workers, command } = options;
  const server = await startServer({ config: wireConfigs[config], workers, command });
  const parked = new ParkedConnections(server.port);
  const answers: Record<string, Answer> = {};
  try {
    for (const [index, script] of scriptsOf(config).entries()) {
      await parked.setCount(index % Math.max(1, workers));
      answers[script.name] = await playScript(server.port, script);
    }
    parked.end();
    const overheard = scriptsOf(config).filter(
      (script) => canBeOverheard(script) && answers[script.name]?.closed === false,
    );
    if (overheard.length === 0) return answers;
    const bystander = await Bystander.open(server.port);
    for (const [index, script] of overheard.entries()) {
      await parked.setCount(index % Math.max(1, workers));
      answers[`${script.name} (overheard)`] = await playScript(server.port, script, bystander);
    }
    bystander.end();
    return answers;
  } finally {
    parked.end();
    await server.stop();
  }
}

function comparable(answers: Readonly<Record<string, Answer>>): Record<string, Answer> {
  const masked = Object.entries(answers)
    .filter(([name]) => !differing.has(name.replace(/ \(overheard\)$/, "")))
    .map(([name, answer]) => [name, { ...answer, text: maskNoResponders(answer.text) }]);
  return withoutPings(Object.fromEntries(masked) as Record<string, Answer>);
}

/** A server asks by its clock, which only a machine that stands still lets a script see. */
function withoutPings(answers: Record<string, Answer>): Record<string, Answer> {
  const text = JSON.stringify(answers).replaceAll(/(?<=\\r\\n|")PING\\r\\n/g, "");
  return JSON.parse(text) as Record<string, Answer>;
}

const { isComparable, installed, why } = comparisonWith(recordedFile);

describe.skipIf(!isComparable)(`recorded answers${why}`, () => {
  it("are what the reference on this machine answers", { timeout: 120_000 }, async () => {
    const answers: Record<string, Answer> = {};
    for (const config of configNames) {
      Object.assign(
        answers,
        await playAll(config, {
          workers: 0,
          command: reference === undefined ? [] : [reference],
        }),
      );
    }
    if (isRecording) {
      const recorded: RecordedAnswers = { version: installed, answers };
      writeFileSync(recordedFile, `${JSON.stringify(recorded, undefined, 1)}\n`);
    }
    expect(answers).toEqual(recordedAnswers());
  });
});

describeWithWorkers("the same bytes get the same answers", (workers) => {
  it.each(configNames)("with configuration %s", { timeout: 120_000 }, async (config) => {
    const wanted = recordedAnswers();
    const got = await playAll(config, { workers });
    const names = Object.keys(got);
    expect(names.length).toBeGreaterThanOrEqual(scriptsOf(config).length);
    const subset = Object.fromEntries(names.map((name) => [name, wanted[name]]));
    expect(comparable(got)).toEqual(comparable(subset as Record<string, Answer>));
    if (isOtherServer) return;
    for (const script of scriptsOf(config).filter(({ name }) => differing.has(name))) {
      expect(got[script.name], `${script.name} differs no more`).not.toEqual(wanted[script.name]);
    }
  });
});

describe("wanted differences", () => {
  it("are scripts of the corpus, and every mask and mark of the corpus has its reason", () => {
    const names = new Set(wireScripts.map((script) => script.name));
    for (const { script, why } of WANTED_DIFFERENCES) {
      expect(names.has(script), script).toBe(true);
      expect(why.length).toBeGreaterThan(20);
    }
    for (const { mask } of wireScripts) if (mask) expect(WANTED_MASKS[mask]).toBeDefined();
    for (const { differs, name } of wireScripts) {
      if (differs) expect(differing.has(name), name).toBe(true);
    }
    expect(wireScripts.length).toBeGreaterThanOrEqual(150);
    const recorded = Object.keys(recordedAnswers());
    expect(recorded.length).toBeGreaterThanOrEqual(wireScripts.length);
  });
});
