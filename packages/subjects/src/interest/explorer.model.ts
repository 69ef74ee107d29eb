// Test support: runs all interleavings of one writer thread (thread 0) and some readers, and checks
// in every state what must hold whatever the order. States are told apart by what each thread has
// done and seen; memory follows from that, since every word has one writing thread.
//
// Two memory models. `ordered`: every access sees the latest store. `relaxed`: a `peek` may return
// any value that its word had since the last store that the reader has synchronised with (its
// `view`), as the JavaScript memory model allows for plain loads. Plain reads and writes need no
// weaker treatment: that they never race is one of the checks.
//
// Steps that commute with everything the others can do are taken at once, alone: a reader's plain
// read of a record it holds, its load of a word that the writer never stores, and the writer's
// store to a word that no reader looks at. Which words those are is found out by exploring again
// until the two sets of words no longer grow.
import { type Access, type ModelThread, ThreadTree, type TreeNode } from "./thread-tree.model.ts";

/** Where the records of the segment are, and what a reader may do with their words. */
export interface RecordMap {
  /** Record that a word belongs to, 0 for none. */
  recordOf(word: number): number;
  /** Place of a word within its record. */
  fieldOf(word: number): number;
  /** Record that loading `value` from `word` gives the reader, 0 if it is no pointer. */
  pointsTo(word: number, value: number): number;
  /** True if `word` is the slot of a read section. */
  isSection(word: number): boolean;
  /** Fields of a record that the writer alone uses, and those that change while published. */
  isPrivate(field: number): boolean;
  isChangeable(field: number): boolean;
}

/** What a reader reports at a mark, with the stretch of the writer's life that it may reflect. */
export interface Report {
  readonly note: unknown;
  /** What the writer has noted so far. */
  readonly writerNotes: readonly unknown[];
  /** How many of those notes the reader knew of at its last `begin`. */
  readonly from: number;
}

export interface Model {
  readonly wordsCount: number;
  readonly writer: ModelThread;
  readonly readers: readonly ModelThread[];
  readonly records: RecordMap;
  ownerOf(word: number): number;
  /** Judges a mark of a reader other than `begin`: what is wrong, or null. */
  judge(report: Report): string | null;
}

export interface Outcome {
  readonly states: number;
  /** First broken property, with the steps that lead to it. */
  readonly violation: string | null;
  readonly trace: readonly string[];
}

/** Mark by which a reader starts the stretch that its next reports are judged against. */
export const BEGIN = "begin";

const STEPS_MAX = 2_000;

interface StoreRecord {
  readonly at: number;
  readonly value: number;
}

/** Words that matter to the other side, over all runs. */
interface Footprint {
  readonly stored: Set<number>;
  readonly loaded: Set<number>;
}

/** Explores until a violation or the end; throws if there are more than `statesMax` states. */
export function explore(model: Model, relaxed: boolean, statesMax: number): Outcome {
  const footprint: Footprint = { stored: new Set(), loaded: new Set() };
  for (;;) {
    const before = footprint.stored.size + footprint.loaded.size;
    const outcome = new Exploration(model, relaxed, statesMax, footprint).run();
    const after = footprint.stored.size + footprint.loaded.size;
    if (outcome.violation !== null || after === before) return outcome;
  }
}

class Exploration {
  readonly #model: Model;
  readonly #relaxed: boolean;
  readonly #statesMax: number;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #trees: ThreadTree[];
  readonly #nodes: TreeNode[];
  readonly #views: number[];
  readonly #begins: number[];
  readonly #stores = new Map<number, StoreRecord[]>();
  readonly #seen = new Set<string | number>();
  readonly #trace: string[] = [];
  readonly #footprint: Footprint;
  #violation: string | null = null;

  constructor(model: Model, relaxed: boolean, statesMax: number, footprint: Footprint) {
    this.#model = model;
    this.#footprint = footprint;
    this.#relaxed = relaxed;
    this.#statesMax = statesMax;
    this.#words = new Int32Array(model.wordsCount);
    this.#bytes = new Uint8Array(this.#words.buffer);
    const ownerOf = (word: number): number => model.ownerOf(word);
    const programs = [model.writer, ...model.readers];
    this.#trees = programs.map((it, index) => new ThreadTree(index, it, this.#words, ownerOf));
    this.#nodes = this.#trees.map((tree) => tree.root);
    this.#views = programs.map(() => 0);
    this.#begins = programs.map(() => 0);
  }

  run(): Outcome {
    this.#visit();
    const trace = this.#violation === null ? [] : this.#trace;
    return { states: this.#seen.size, violation: this.#violation, trace };
  }

  #visit(): void {
    const key = this.#key();
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (this.#seen.size > this.#statesMax) throw new Error("explorer: too many states");
    for (let thread = 0; thread < this.#nodes.length; thread += 1) {
      if (!this.#commutes(thread)) continue;
      this.#take(thread);
      return;
    }
    for (let thread = 0; thread < this.#nodes.length; thread += 1) {
      if ((this.#nodes[thread] as TreeNode).access.kind !== "done") this.#take(thread);
      if (this.#violation !== null) return;
    }
  }

  #key(): string | number {
    const [writer, reader, more] = this.#nodes as [TreeNode, TreeNode, TreeNode | undefined];
    const view = this.#views[1] as number;
    const begin = this.#begins[1] as number;
    const fits = writer.id < 1 << 12 && reader.id < 1 << 20 && view < 1 << 12 && begin < 1 << 6;
    if (more === undefined && fits) {
      return ((writer.id * (1 << 20) + reader.id) * (1 << 12) + view) * (1 << 6) + begin;
    }
    return `${this.#nodes.map((node) => node.id)};${this.#views};${this.#begins}`;
  }

  /** True if the next step of `thread` has the same effect whenever it is taken. */
  #commutes(thread: number): boolean {
    const { kind, at } = (this.#nodes[thread] as TreeNode).access;
    if (thread === 0) {
      // Plain writes are never among them: whether a reader holds the record is a check.
      return kind === "store" && !this.#footprint.loaded.has(at);
    }
    if (kind === "read" || kind === "readByte") return true;
    // The slots of read sections are loaded by the writer only.
    return (kind === "peek" || kind === "load") && !this.#footprint.stored.has(at);
  }

  /** Every outcome of the next step of `thread`, each followed to the end. */
  #take(thread: number): void {
    const { access, depth } = this.#nodes[thread] as TreeNode;
    const { kind } = access;
    if (depth > STEPS_MAX) this.#fail(thread, access, "a thread does not come to an end");
    else if (kind === "mark") this.#takeMark(thread, access);
    else if (kind === "store" || kind.startsWith("write")) this.#takeStore(thread, access);
    else this.#takeLoad(thread, access);
  }

  #takeLoad(thread: number, access: Access): void {
    const { kind, at } = access;
    const wrong = thread === 0 ? null : this.#misuse(thread, access);
    if (wrong !== null) {
      this.#fail(thread, access, wrong);
      return;
    }
    if (thread !== 0 && kind !== "read" && kind !== "readByte") this.#footprint.loaded.add(at);
    if (kind === "peek" && this.#relaxed) {
      for (const value of this.#peekable(thread, at)) this.#go(thread, access, value);
      return;
    }
    const value = kind === "readByte" ? this.#bytes[at] : this.#words[at];
    const view = this.#views[thread] as number;
    if (kind === "load" && this.#relaxed) {
      this.#views[thread] = Math.max(view, this.#stores.get(at)?.at(-1)?.at ?? 0);
    }
    this.#go(thread, access, value as number);
    this.#views[thread] = view;
  }

  #takeMark(thread: number, access: Access): void {
    const begin = this.#begins[thread] as number;
    if (thread !== 0 && access.note === BEGIN) {
      // A mark stands right behind the last store of its operation, which is what views count.
      const known = this.#relaxed ? (this.#views[thread] as number) : Number.POSITIVE_INFINITY;
      this.#begins[thread] = this.#writerMarks().filter(({ depth }) => depth <= known).length;
    } else if (thread !== 0) {
      const writerNotes = this.#writerMarks().map((node) => node.access.note);
      const wrong = this.#model.judge({ note: access.note, from: begin, writerNotes });
      if (wrong !== null) {
        this.#fail(thread, access, wrong);
        return;
      }
    }
    this.#go(thread, access, 0);
    this.#begins[thread] = begin;
  }

  #takeStore(thread: number, access: Access): void {
    const wrong = thread === 0 ? this.#trespass(access) : null;
    if (wrong !== null) {
      this.#fail(thread, access, wrong);
      return;
    }
    const word = access.kind === "writeByte" ? access.at >> 2 : access.at;
    const old = this.#words[word] as number;
    if (access.kind === "writeByte") this.#bytes[access.at] = access.value;
    else this.#words[word] = access.value;
    if (thread !== 0) {
      this.#go(thread, access, 0);
    } else {
      this.#footprint.stored.add(word);
      const stores = this.#stores.get(word) ?? [];
      this.#stores.set(word, stores);
      // The first entry is the value before all stores, at position 0.
      if (stores.length === 0) stores.push({ at: 0, value: old });
      stores.push({
        at: (this.#nodes[0] as TreeNode).depth + 1,
        value: this.#words[word] as number,
      });
      this.#go(thread, access, 0);
      stores.pop();
    }
    this.#words[word] = old;
  }

  #go(thread: number, access: Access, value: number): void {
    if (this.#violation !== null) return;
    const node = this.#nodes[thread] as TreeNode;
    const child = (this.#trees[thread] as ThreadTree).advance(node, value);
    child.held = this.#heldAfter(node, access, value);
    this.#nodes[thread] = child;
    this.#trace.push(describe(thread, access, value));
    this.#visit();
    if (this.#violation === null) this.#trace.pop();
    this.#nodes[thread] = node;
  }

  /** Records that a reader may use after this access; nothing survives the edge of a section. */
  #heldAfter(node: TreeNode, access: Access, value: number): readonly number[] {
    const { records } = this.#model;
    if (access.kind === "store" && records.isSection(access.at)) return [];
    if (access.kind !== "load" && access.kind !== "read") return node.held;
    const record = records.pointsTo(access.at, value);
    return record === 0 || node.held.includes(record) ? node.held : [...node.held, record];
  }

  /** What is wrong with a load of a reader. */
  #misuse(thread: number, access: Access): string | null {
    const { records } = this.#model;
    const word = access.kind === "readByte" ? access.at >> 2 : access.at;
    const record = records.recordOf(word);
    if (record === 0) {
      return access.kind === "read" ? "a plain read outside the records" : null;
    }
    const field = records.fieldOf(word);
    if (records.isPrivate(field)) return "a reader looks at a word of the writer";
    const { held } = this.#nodes[thread] as TreeNode;
    return held.includes(record) ? null : `record ${record} is used without being held`;
  }

  /** What is wrong with a store of the writer. */
  #trespass(access: Access): string | null {
    const { records } = this.#model;
    const word = access.kind === "writeByte" ? access.at >> 2 : access.at;
    const record = records.recordOf(word);
    if (record === 0) return access.kind === "store" ? null : "a plain write outside the records";
    const field = records.fieldOf(word);
    if (records.isPrivate(field)) return null;
    if (access.kind === "store" && records.isChangeable(field)) return null;
    for (let thread = 1; thread < this.#nodes.length; thread += 1) {
      if ((this.#nodes[thread] as TreeNode).held.includes(record)) {
        return `record ${record} changes its meaning while reader ${thread} holds it`;
      }
    }
    return null;
  }

  #peekable(thread: number, word: number): Set<number> {
    const values = new Set([this.#words[word] as number]);
    const view = this.#views[thread] as number;
    const stores = this.#stores.get(word) ?? [];
    for (let index = 0; index + 1 < stores.length; index += 1) {
      // A value lasts until the next store; it is out of sight if the reader knows that store.
      if ((stores[index + 1] as StoreRecord).at > view) {
        values.add((stores[index] as StoreRecord).value);
      }
    }
    return values;
  }

  #writerMarks(): TreeNode[] {
    const marks: TreeNode[] = [];
    for (let at = (this.#nodes[0] as TreeNode).parent; at !== null; at = at.parent) {
      if (at.access.kind === "mark") marks.push(at);
    }
    return marks.reverse();
  }

  #fail(thread: number, access: Access, what: string): void {
    this.#trace.push(describe(thread, access, 0));
    this.#violation = what;
  }
}

function describe(thread: number, access: Access, value: number): string {
  const note = access.kind === "mark" ? JSON.stringify(access.note) : "";
  const shown = access.value === 0 ? value : access.value;
  return `${thread} ${access.kind} @${access.at} = ${shown} ${note}`;
}
