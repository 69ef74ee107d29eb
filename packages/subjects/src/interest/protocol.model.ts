// Test support: small cases of the writer/reader protocol of the interest index, as threads for the
// explorer. The code that runs is the real writer, reader, pool, quiescence and generations; only
// the memory below it is the model's. One bucket holds all chains, so every record is a neighbour.
import { matches } from "../match.ts";
import { SubjectTokens } from "../tokens.ts";
import { BEGIN, type Model, type RecordMap, type Report } from "./explorer.model.ts";
import { Generations, generationsBytes } from "./generations.ts";
import { InterestReader } from "./interest-reader.ts";
import { InterestWriter } from "./interest-writer.ts";
import * as layout from "./layout.ts";
import { NodeList } from "./node-list.ts";
import { Quiescence, quiescenceBytes } from "./quiescence.ts";
import { SegmentView } from "./segment-view.ts";
import type { Access, ModelThread, Mutation, ThreadPort } from "./thread-tree.model.ts";

const SIZES = { recordsMax: 7, bucketsCount: 1, sketchCount: 16, accountsCount: 1 };
const SEGMENT = layout.segmentLayout(SIZES);
const THREADS = 3;
const QUIESCENCE_AT = SEGMENT.wordsCount;
const QUIESCENCE_WORDS = quiescenceBytes(THREADS) / 4;
const GENERATIONS_AT = QUIESCENCE_AT + QUIESCENCE_WORDS;
const GENERATIONS_WORDS = generationsBytes(1) / 4;
const ACCOUNT = 0;

/** `+filter`, `-filter`, `+filter queue` or `-filter queue`. */
export type Operation = string;

/** What a scenario's reader works with. */
export interface ReaderTools {
  readonly port: ThreadPort;
  readonly thread: number;
  readonly reader: InterestReader;
  readonly view: SegmentView;
  readonly quiescence: Quiescence;
  readonly generations: Generations;
  /** Epoch before any of the operations that run beside the reader. */
  readonly epochAtStart: number;
}

export interface Scenario {
  readonly before: readonly Operation[];
  readonly during: readonly Operation[];
  readonly readers: readonly ((tools: ReaderTools) => void)[];
  readonly writerMutation?: Mutation | undefined;
}

/** An interest that a reader found, `filter` or `filter queue`, with its weight (plain: 1). */
type Found = readonly [key: string, weight: number];

/** What readers report. `epochs` counts the changes that the epoch told of. */
interface Note {
  readonly subject: string;
  readonly found: readonly Found[];
  readonly plan?: { readonly epochs: number; readonly isCurrent: boolean } | undefined;
}

interface WriterNote {
  readonly key: string;
  readonly state: "present" | "absent" | "changing";
}

/** The model of a scenario. */
export function protocolModel(scenario: Scenario): Model {
  return {
    wordsCount: GENERATIONS_AT + GENERATIONS_WORDS,
    writer: writerThread(scenario),
    readers: scenario.readers.map((program, index) => readerThread(index + 1, program)),
    records: RECORDS,
    ownerOf: (word) =>
      word >= QUIESCENCE_AT && word < GENERATIONS_AT
        ? Math.floor((word - QUIESCENCE_AT) / (QUIESCENCE_WORDS / THREADS))
        : 0,
    judge: (report) => judge(scenario, report),
  };
}

const RECORDS: RecordMap = {
  recordOf: (word) => {
    const record = (word - SEGMENT.recordsAt) >> layout.RECORD_WORDS_SHIFT;
    return record >= 1 && record <= SIZES.recordsMax ? record : 0;
  },
  fieldOf: (word) => (word - SEGMENT.recordsAt) & (layout.RECORD_WORDS - 1),
  pointsTo: (word, value) => {
    if (value < 1 || value > SIZES.recordsMax) return 0;
    if (word === SEGMENT.bucketsAt) return value;
    if (RECORDS.recordOf(word) === 0) return 0;
    const field = RECORDS.fieldOf(word);
    const pointers = [layout.NEXT, layout.STAR, layout.FULL, layout.QUEUE, layout.TEXT];
    return pointers.includes(field) ? value : 0;
  },
  isSection: (word) => word >= QUIESCENCE_AT && word < GENERATIONS_AT,
  isPrivate: (field) => field === layout.CHILDREN,
  isChangeable: (field) =>
    [layout.NEXT, layout.STAR, layout.FULL, layout.PLAIN, layout.QUEUE].includes(field),
};

function open(port: ThreadPort): { quiescence: Quiescence; generations: Generations } {
  const slots = port.memory(QUIESCENCE_AT, QUIESCENCE_WORDS);
  const versions = port.memory(GENERATIONS_AT, GENERATIONS_WORDS);
  return {
    quiescence: new Quiescence(slots, THREADS),
    generations: new Generations(versions, 1),
  };
}

function keyOf(operation: Operation): string {
  return operation.slice(1);
}

function countsAfter(operations: readonly Operation[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const operation of operations) {
    const key = keyOf(operation);
    counts.set(key, (counts.get(key) ?? 0) + (operation.startsWith("+") ? 1 : -1));
  }
  return counts;
}

function isPresentAfter(operations: readonly Operation[], key: string): boolean {
  return (countsAfter(operations).get(key) ?? 0) > 0;
}

function writerThread(scenario: Scenario): ModelThread {
  return {
    mutation: scenario.writerMutation,
    make: (port) => {
      let writer: InterestWriter;
      const apply = (operation: Operation): void => {
        const [text = "", queueText] = keyOf(operation).split(" ");
        const filter = Buffer.from(text);
        const queue = queueText === undefined ? null : Buffer.from(queueText);
        if (operation.startsWith("+")) {
          if (writer.add(ACCOUNT, filter, 0, filter.length, queue) === 0) throw new Error("full");
        } else {
          writer.remove(writer.find(ACCOUNT, filter, 0, filter.length), queue);
        }
      };
      const start = (): void => {
        const segment = port.memory(0, SEGMENT.wordsCount);
        const { quiescence, generations } = open(port);
        layout.formatSegment(segment, SIZES);
        // Every single unlinked record is worth a look at the readers: the most reuse there can be.
        writer = new InterestWriter(segment, 0, quiescence, generations, 1);
        scenario.before.forEach(apply);
      };
      const run = (): void => {
        const present = countsAfter(scenario.before);
        for (const operation of scenario.during) {
          const key = keyOf(operation);
          const count = (present.get(key) ?? 0) + (operation.startsWith("+") ? 1 : -1);
          const isChange = (present.get(key) ?? 0) === 0 || count === 0;
          present.set(key, count);
          if (isChange) port.mark({ key, state: "changing" } satisfies WriterNote);
          apply(operation);
          const state = count > 0 ? "present" : "absent";
          port.mark({ key, state } satisfies WriterNote);
        }
      };
      return { start, run };
    },
  };
}

function readerThread(thread: number, program: (tools: ReaderTools) => void): ModelThread {
  return {
    make: (port) => {
      let tools: ReaderTools;
      const start = (): void => {
        const segment = port.memory(0, SEGMENT.wordsCount);
        const { quiescence, generations } = open(port);
        const reader = new InterestReader(segment);
        const view = new SegmentView(segment);
        const epochAtStart = generations.epoch();
        tools = { port, thread, reader, view, quiescence, generations, epochAtStart };
      };
      return { start, run: () => program(tools) };
    },
  };
}

/** One object for all: a run is over before the next one starts. */
const TOKENS = new SubjectTokens();

function parse(subject: string): SubjectTokens {
  const bytes = Buffer.from(subject);
  TOKENS.parse(bytes, 0, bytes.length);
  return TOKENS;
}

/** Matches and returns what was found; to be called inside a section. */
export function collect(tools: ReaderTools, subject: string): Found[] {
  const { reader, view } = tools;
  const nodes = new NodeList();
  const tokens = parse(subject);
  const found: Found[] = [];
  if (!reader.mayMatch(ACCOUNT, tokens)) return found;
  reader.match(ACCOUNT, tokens, nodes);
  for (let index = 0; index < nodes.count; index += 1) {
    const node = nodes.at(index);
    const filter = filterOf(view, node);
    if (reader.plainCount(node) > 0) found.push([filter, 1]);
    let queue = reader.firstQueue(node);
    while (queue !== 0) {
      const name = reader.copyQueueName(queue).toString();
      found.push([`${filter} ${name}`, reader.queueWeight(queue)]);
      queue = reader.nextQueue(queue);
    }
  }
  return found;
}

function filterOf(view: SegmentView, node: number): string {
  const tokens: string[] = [];
  let at = node;
  for (;;) {
    const kind = view.kind(at);
    if (kind === layout.KIND_ROOT) return tokens.reverse().join(".");
    if (kind === layout.KIND_STAR) tokens.push("*");
    else if (kind === layout.KIND_FULL) tokens.push(">");
    else {
      const text = Buffer.alloc(view.textLength(at));
      view.copyText(at, text, 0);
      tokens.push(text.toString());
    }
    at = view.memory.read(view.base(at) + layout.PARENT);
  }
}

/** A reader that looks `subjects` up, one after the other, each in its own section. */
export function lookups(...subjects: string[]): (tools: ReaderTools) => void {
  return (tools) => {
    for (const subject of subjects) {
      // What a plan does first: it also fixes what a relaxed memory must show from here on.
      tools.generations.epoch();
      tools.port.mark(BEGIN);
      tools.quiescence.enter(tools.thread);
      const found = collect(tools, subject);
      tools.quiescence.exit(tools.thread);
      tools.port.mark({ subject, found } satisfies Note);
    }
  };
}

/** The same without announcing the read section: a faulty reader. */
export function unannouncedLookup(subject: string): (tools: ReaderTools) => void {
  return (tools) => {
    tools.port.mark(BEGIN);
    tools.port.mark({ subject, found: collect(tools, subject) } satisfies Note);
  };
}

/** A reader that makes a plan for `subject` and then asks whether it is current. */
export function planning(subject: string, stampsAfterMatch = false): (tools: ReaderTools) => void {
  return (tools) => {
    const { generations, quiescence, thread, port } = tools;
    const tokens = parse(subject);
    const slot = generations.slotFor(ACCOUNT, tokens.hashes[0] as number);
    const wildcardSlot = generations.wildcardSlot(ACCOUNT);
    let value = generations.read(slot);
    let wildcardValue = generations.read(wildcardSlot);
    quiescence.enter(thread);
    const found = collect(tools, subject);
    quiescence.exit(thread);
    if (stampsAfterMatch) {
      value = generations.read(slot);
      wildcardValue = generations.read(wildcardSlot);
    }
    const epochs = generations.epoch() - tools.epochAtStart;
    const isCurrent =
      generations.read(slot) === value && generations.read(wildcardSlot) === wildcardValue;
    port.mark({ subject, found, plan: { epochs, isCurrent } } satisfies Note);
  };
}

function judge(scenario: Scenario, report: Report): string | null {
  const note = report.note as Note;
  const keys = new Set([...scenario.before, ...scenario.during].map(keyOf));
  const found = new Map(note.found);
  if (found.size !== note.found.length) return `twice in ${note.found}`;
  for (const [key, weight] of found) {
    const filter = key.split(" ")[0] as string;
    if (!keys.has(key)) return `found ${key}, which never was`;
    if (!matches(filter, note.subject)) return `found ${key}, which does not match`;
    if (weight < 1) return `found ${key} without members`;
  }
  for (const key of keys) {
    if (!matches(key.split(" ")[0] as string, note.subject)) continue;
    const wrong =
      note.plan === undefined
        ? judgeLookup(scenario, report, key, found.has(key))
        : judgePlan(scenario, note.plan, key, found.get(key) ?? 0);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** Present during the whole lookup: found. Absent during the whole lookup: not found. */
function judgeLookup(
  scenario: Scenario,
  report: Report,
  key: string,
  isFound: boolean,
): string | null {
  let state: WriterNote["state"] = isPresentAfter(scenario.before, key) ? "present" : "absent";
  const states = new Set<WriterNote["state"]>();
  report.writerNotes.forEach((note, index) => {
    const change = note as WriterNote;
    if (change.key !== key) return;
    if (index >= report.from) states.add(state);
    state = change.state;
  });
  states.add(state);
  if (states.size > 1) return null;
  if (states.has("present") && !isFound) return `missed ${key}, present all the time`;
  if (states.has("absent") && isFound) return `found ${key}, absent all the time`;
  return null;
}

/** A plan judged current shows each weight as it was at the epoch seen, or later. */
function judgePlan(
  scenario: Scenario,
  plan: { readonly epochs: number; readonly isCurrent: boolean },
  key: string,
  weight: number,
): string | null {
  if (!plan.isCurrent) return null;
  let isAllowed = false;
  for (let done = Math.max(plan.epochs, 0); done <= scenario.during.length; done += 1) {
    const operations = [...scenario.before, ...scenario.during.slice(0, done)];
    const count = countsAfter(operations).get(key) ?? 0;
    if (weight === (key.includes(" ") ? count : Math.min(count, 1))) isAllowed = true;
  }
  return isAllowed ? null : `a plan with weight ${weight} of ${key} was judged current`;
}

function isRecordWrite(access: Access): boolean {
  const word = access.kind === "writeByte" ? access.at >> 2 : access.at;
  return access.kind.startsWith("write") && RECORDS.recordOf(word) !== 0;
}

function isField(access: Access, field: number): boolean {
  return RECORDS.recordOf(access.at) !== 0 && RECORDS.fieldOf(access.at) === field;
}

function isPublication(access: Access): boolean {
  if (access.kind !== "store" || access.value === 0) return false;
  return access.at === SEGMENT.bucketsAt || isField(access, layout.QUEUE);
}

function isSketch(access: Access): boolean {
  return access.kind === "store" && access.at >= SEGMENT.wildAt && access.at < SEGMENT.bucketsAt;
}

const isEpoch = (access: Access): boolean =>
  access.kind === "store" && access.at === GENERATIONS_AT;
const isGeneration = (access: Access): boolean =>
  access.kind === "store" && access.at > GENERATIONS_AT;
const isSlotLoad = (access: Access): boolean =>
  access.kind === "load" && RECORDS.isSection(access.at);
const isUnlink = (access: Access): boolean =>
  access.kind === "store" && (access.at === SEGMENT.bucketsAt || isField(access, layout.NEXT));

/** Faults of a writer, each of which the explorer must find. */
export const WRITER_MUTATIONS = {
  publishBeforeWrite: { holds: isRecordWrite, releases: isPublication },
  reuseWithoutQuiescence: { answers: (access) => (isSlotLoad(access) ? 0 : undefined) },
  unlinkAfterCapture: { holds: isUnlink },
  forgetNextOnUnlink: {
    adds: (access) =>
      isUnlink(access) && access.value !== 0
        ? { kind: "store", at: access.at, value: 0, note: null }
        : undefined,
  },
  bumpBeforePublish: {
    holds: (access) => isField(access, layout.PLAIN) && access.kind === "store",
  },
  epochBeforeSlot: { holds: isGeneration, releases: isEpoch },
  sketchAfterBump: { holds: isSketch, releases: isEpoch },
} satisfies Record<string, Mutation>;
