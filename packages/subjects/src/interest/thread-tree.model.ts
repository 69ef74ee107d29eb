// Test support: the real writer and reader code as threads of a model, one shared access per step.
// A thread is run again from its start for every step, on a port that answers the accesses made so
// far from a log and stops the run at the first new one. What a thread can do is thus a tree over
// the values that its loads may return, built as far as an exploration asks for it.
import type { WordMemory } from "./shared-words.ts";

export type AccessKind =
  | "load"
  | "peek"
  | "read"
  | "readByte"
  | "store"
  | "write"
  | "writeByte"
  | "mark"
  | "done";

/** One step of a thread. `at` is a word index, for byte accesses a byte index. */
export interface Access {
  readonly kind: AccessKind;
  readonly at: number;
  readonly value: number;
  /** What a `mark` says; see the scenario that reads it. */
  readonly note: unknown;
}

/** A fault put into the order or the result of a thread's accesses. */
export interface Mutation {
  /** True for a store that is kept back ... */
  holds?(access: Access): boolean;
  /** ... until an access for which this is true has been made (or the operation has ended). */
  releases?(access: Access): boolean;
  /** A load answered without looking. */
  answers?(access: Access): number | undefined;
  /** Stores made in addition, right after an access. */
  adds?(access: Access): Access | undefined;
}

/** A thread: `start` runs undisturbed before all others, `run` step by step. */
export interface ModelThread {
  readonly mutation?: Mutation | undefined;
  make(port: ThreadPort): { readonly start: () => void; readonly run: () => void };
}

const SUSPENDED = new Error("suspended");

/** Longest guess: the values guessed may lead nowhere, and even in circles. */
const GUESSED_STEPS_MAX = 500;

interface GuessedStep {
  readonly access: Access;
  readonly value: number;
}

/** What a thread does next in one state of its own, and what it is known to hold. */
export interface TreeNode {
  readonly id: number;
  readonly parent: TreeNode | null;
  /** Value that the parent's access returned. */
  readonly value: number;
  readonly access: Access;
  readonly depth: number;
  readonly next: Map<number, TreeNode>;
  /** Set by the explorer once: records that the thread may use, while inside a read section. */
  held: readonly number[];
}

/** The accesses of one run of a thread. */
export class ThreadPort {
  readonly #thread: number;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #ownerOf: (word: number) => number;
  readonly #mutation: Mutation | undefined;
  readonly #log: readonly number[];
  #delayed: Access[] = [];
  #position = 0;
  readonly #guess: ((access: Access) => number) | undefined;
  direct = true;
  /** The new accesses of this run, with the values guessed for them. */
  readonly trail: GuessedStep[] = [];

  constructor(
    thread: number,
    words: Int32Array,
    ownerOf: (word: number) => number,
    mutation: Mutation | undefined,
    log: readonly number[],
    guess?: ((access: Access) => number) | undefined,
  ) {
    this.#guess = guess;
    this.#thread = thread;
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
    this.#ownerOf = ownerOf;
    this.#mutation = mutation;
    this.#log = log;
  }

  /** Tells the explorer something; a step of its own. */
  mark(note: unknown): void {
    this.flush();
    this.#step({ kind: "mark", at: 0, value: 0, note });
  }

  /** Makes the stores that a mutation kept back. */
  flush(): void {
    const delayed = this.#delayed;
    this.#delayed = [];
    for (const access of delayed) this.#step(access);
  }

  /** The words from `offset` on, as the code under test sees them. */
  memory(offset: number, wordsCount: number): WordMemory {
    const load = (kind: AccessKind, word: number): number => this.#load(kind, offset + word);
    const store = (kind: AccessKind, word: number, value: number): void =>
      this.#store({ kind, at: offset + word, value, note: null });
    return {
      wordsCount,
      load: (word) => load("load", word),
      peek: (word) => load("peek", word),
      read: (word) => load("read", word),
      store: (word, value) => store("store", word, value),
      write: (word, value) => store("write", word, value),
      add: (word, amount) => {
        const old = load("load", word);
        store("store", word, old + amount);
        return old;
      },
      swap: (word, expected, value) => {
        const old = load("load", word);
        if (old === expected) store("store", word, value);
        return old;
      },
      readByte: (byte) => this.#readByte(offset * 4 + byte),
      writeByte: (byte, value) =>
        this.#store({ kind: "writeByte", at: offset * 4 + byte, value, note: null }),
    };
  }

  /** Words that only this thread writes hold what it wrote last: no step, no surprise. */
  #load(kind: AccessKind, at: number): number {
    if (this.direct || this.#ownerOf(at) === this.#thread) return this.#words[at] as number;
    const access: Access = { kind, at, value: 0, note: null };
    return this.#mutation?.answers?.(access) ?? this.#step(access);
  }

  #readByte(at: number): number {
    if (this.direct || this.#ownerOf(at >> 2) === this.#thread) return this.#bytes[at] as number;
    return this.#step({ kind: "readByte", at, value: 0, note: null });
  }

  #store(access: Access): void {
    if (access.kind === "writeByte") this.#bytes[access.at] = access.value;
    else this.#words[access.at] = access.value;
    if (this.direct) return;
    if (this.#mutation?.holds?.(access) === true) {
      this.#delayed.push(access);
      return;
    }
    this.#step(access);
    const extra = this.#mutation?.adds?.(access);
    if (extra !== undefined) this.#step(extra);
    if (this.#mutation?.releases?.(access) === true) this.flush();
  }

  #step(access: Access): number {
    if (this.#position < this.#log.length) {
      this.#position += 1;
      return this.#log[this.#position - 1] as number;
    }
    const value = this.#guess?.(access) ?? 0;
    this.trail.push({ access, value });
    if (this.trail.length === GUESSED_STEPS_MAX) throw SUSPENDED;
    return value;
  }
}

/** Everything that one thread can do, discovered on demand. */
export class ThreadTree {
  readonly root: TreeNode;
  readonly #thread: number;
  readonly #program: ModelThread;
  readonly #before: Int32Array;
  readonly #memory: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #ownerOf: (word: number) => number;
  #nodes = 0;

  /** Runs the thread's `start` on `memory`, which the next thread then starts from. */
  constructor(
    thread: number,
    program: ModelThread,
    memory: Int32Array,
    ownerOf: (word: number) => number,
  ) {
    this.#thread = thread;
    this.#program = program;
    this.#before = memory.slice();
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#ownerOf = ownerOf;
    program.make(new ThreadPort(thread, memory, ownerOf, undefined, [])).start();
    this.root = this.#grow(null, 0);
  }

  /** The node after the access of `node` returned `value` (0 for stores and marks). */
  advance(node: TreeNode, value: number): TreeNode {
    return node.next.get(value) ?? this.#grow(node, value);
  }

  /** Adds the node after `value`, and those that the rest of the run leads to. */
  #grow(parent: TreeNode | null, value: number): TreeNode {
    const log: number[] = [];
    if (parent !== null) {
      log.push(value);
      for (let at = parent; at.parent !== null; at = at.parent) log.push(at.value);
      log.reverse();
    }
    const trail = this.#replay(log);
    const [first, ...rest] = trail;
    const grown = this.#node(parent, value, (first as GuessedStep).access);
    let last = grown;
    let guessed = (first as GuessedStep).value;
    for (const step of rest) {
      last = this.#node(last, guessed, step.access);
      guessed = step.value;
    }
    return grown;
  }

  #node(parent: TreeNode | null, value: number, access: Access): TreeNode {
    this.#nodes += 1;
    const depth = parent === null ? 0 : parent.depth + 1;
    const node = { id: this.#nodes, parent, value, access, depth, next: new Map(), held: [] };
    parent?.next.set(value, node);
    return node;
  }

  /** The accesses after those of the log; the last one is `done` if the run came to its end. */
  #replay(log: readonly number[]): readonly GuessedStep[] {
    const { mutation } = this.#program;
    const scratch = this.#before.slice();
    const guess = (access: Access): number =>
      (access.kind === "readByte" ? this.#bytes[access.at] : this.#memory[access.at]) as number;
    const guessLoad = (access: Access): number => (isLoad(access) ? guess(access) : 0);
    const port = new ThreadPort(this.#thread, scratch, this.#ownerOf, mutation, log, guessLoad);
    const { start, run } = this.#program.make(port);
    start();
    port.direct = false;
    try {
      run();
      port.flush();
      port.trail.push({ access: { kind: "done", at: 0, value: 0, note: null }, value: 0 });
    } catch (thrown) {
      // What fails on guessed values may never happen; if it does, it fails with an empty trail.
      if (port.trail.length === 0) throw thrown;
    }
    return port.trail;
  }
}

function isLoad({ kind }: Access): boolean {
  return kind === "load" || kind === "peek" || kind === "read" || kind === "readByte";
}
