// The one writer of a segment: (account, filter, queue) in, records of a shared trie out. Owned by
// the thread whose interest the segment holds. Must stay true, in this order of stores:
//  - a record is written completely, then published by one atomic store into the word that readers
//    follow to it (bucket head, wildcard child, first queue);
//  - the sketch counts an interest before it is published, and until after it is taken back;
//  - generations grow after the change that they tell of;
//  - a record is unlinked by one atomic store, keeps its words, and is reused by way of the pool.
// A node id stays the same while the node has interest or children, so it can index private arrays.
import { assert } from "@weft/base";
import { hashToken } from "../token-hash.ts";
import { SubjectTokens } from "../tokens.ts";
import type { Generations } from "./generations.ts";
import { InterestFeed, type InterestListener, type InterestVisitor } from "./interest-feed.ts";
import {
  CHILDREN,
  FULL,
  HASH,
  HEADER_OWNER,
  KIND_BITS,
  KIND_FULL,
  KIND_LITERAL,
  KIND_QUEUE,
  KIND_ROOT,
  KIND_STAR,
  PARENT,
  PLAIN,
  QUEUE,
  QUEUE_NEXT,
  QUEUE_PREVIOUS,
  QUEUE_WEIGHT,
  STAR,
} from "./layout.ts";
import type { Quiescence } from "./quiescence.ts";
import { piecesFor, RecordEditor } from "./record-editor.ts";
import { RecordPool } from "./record-pool.ts";
import { RemoteInterest } from "./remote-interest.ts";
import { SegmentView } from "./segment-view.ts";
import { isWordMemory, SharedWords, type WordMemory } from "./shared-words.ts";
import { Sketch } from "./sketch.ts";

const STAR_BYTE = 0x2a;
const FULL_BYTE = 0x3e;

/** Adds and removes the interest of one thread. */
export class InterestWriter {
  readonly feed: InterestFeed;
  readonly #memory: WordMemory;
  readonly #view: SegmentView;
  readonly #pool: RecordPool;
  readonly #editor: RecordEditor;
  readonly #sketch: Sketch;
  readonly #generations: Generations;
  readonly #tokens = new SubjectTokens();
  readonly #remote = new RemoteInterest();
  /** Where the filter at hand is counted and which generation it belongs to, see `#locate`. */
  #sketchWord = 0;
  #generationSlot = 0;

  /**
   * `region` is formatted, and never had a writer before: a second one is refused by an assert.
   * `reclaimBatch` is how many unlinked records are worth a look at the readers.
   */
  constructor(
    region: ArrayBufferLike | WordMemory,
    threadIndex: number,
    quiescence: Quiescence,
    generations: Generations,
    reclaimBatch?: number | undefined,
  ) {
    const memory = isWordMemory(region) ? region : new SharedWords(region);
    this.#memory = memory;
    this.#view = new SegmentView(memory);
    const owner = memory.swap(HEADER_OWNER, 0, threadIndex + 1);
    assert(owner === 0, "interest: a segment has one writer");
    this.#pool = new RecordPool(memory, this.#view.layout, quiescence, reclaimBatch);
    this.#editor = new RecordEditor(this.#view, this.#pool);
    this.#sketch = new Sketch(memory, this.#view.layout);
    this.#generations = generations;
    this.feed = new InterestFeed(this.#view, this.#remote);
  }

  /** Ids are from 1 to this number. */
  get nodesMax(): number {
    return this.#view.layout.recordsMax;
  }

  /** Records in use, without those that wait for readers. */
  get recordsUsed(): number {
    return this.#pool.used;
  }

  /** Records that wait until every reader has passed a quiescent point. */
  get recordsPending(): number {
    return this.#pool.pending;
  }

  /** Collects what waits, as far as readers allow; otherwise done in batches by the way. */
  reclaim(): void {
    this.#pool.reclaim();
  }

  /**
   * Counts one more interest in the filter `[start, end)` of `filter`, which the caller has
   * validated, as a member of `queue` or plain. Returns its node (from 1), or 0 and changes nothing
   * if the segment is full, more than `recordsMax` records would be needed or the filter has more
   * than `LIMITS.subjectTokensMax` tokens. `isRemote`: it is another server's, see `RemoteInterest`.
   */
  add(
    account: number,
    filter: Uint8Array,
    start: number,
    end: number,
    queue: Uint8Array | null,
    recordsMax = Number.POSITIVE_INFINITY,
    isRemote = false,
  ): number {
    const tokens = this.#tokens;
    if (!tokens.parse(filter, start, end)) return 0;
    let node = this.#view.findRoot(account);
    let level = 0;
    while (node !== 0 && level < tokens.count) {
      const child = this.#findChild(node, level);
      if (child === 0) break;
      node = child;
      level += 1;
    }
    let group = 0;
    if (queue !== null && node !== 0 && level === tokens.count) {
      group = this.#view.findQueue(node, hashToken(queue, 0, queue.length), queue);
    }
    const records = this.#recordsFor(node, level, queue, group);
    if (records > recordsMax || !this.#pool.reserve(records)) return 0;
    if (node === 0) node = this.#createRoot(account);
    for (; level < tokens.count; level += 1) node = this.#createChild(node, level);
    this.#locate(node);
    if (isRemote) this.#remote.changed(node, queue, 1);
    if (queue === null) this.#addPlain(node, isRemote);
    else this.#addMember(node, queue, group, isRemote);
    return node;
  }

  /** Takes back one interest that `add` returned `node` for, with the same queue and `isRemote`. */
  remove(node: number, queue: Uint8Array | null, isRemote = false): void {
    this.#locate(node);
    if (isRemote) this.#remote.changed(node, queue, -1);
    if (queue === null) this.#removePlain(node, isRemote);
    else this.#removeMember(node, queue, isRemote);
  }

  /** Node of a filter, or 0 if it has no node. */
  find(account: number, filter: Uint8Array, start: number, end: number): number {
    if (!this.#tokens.parse(filter, start, end)) return 0;
    let node = this.#view.findRoot(account);
    for (let level = 0; node !== 0 && level < this.#tokens.count; level += 1) {
      node = this.#findChild(node, level);
    }
    return node;
  }

  /** `listener` hears of every change of interest from now on; the result ends that. */
  listen(listener: InterestListener): () => void {
    return this.feed.listen(listener);
  }

  /** Visits every standing interest; returns the sequence of the last delta that it includes. */
  snapshot(visitor: InterestVisitor): number {
    this.feed.visit(1, this.#pool.highest, visitor);
    return this.feed.sequence;
  }

  /**
   * One part of a snapshot that is spread over several turns: visits up to `recordsMax` records
   * from `cursor` (first 1) and returns the next cursor, 0 at the end. Together with the deltas
   * since the first part, applied in the order in which both came, it gives the true picture.
   */
  snapshotPart(cursor: number, recordsMax: number, visitor: InterestVisitor): number {
    const last = Math.min(cursor + recordsMax - 1, this.#pool.highest);
    this.feed.visit(cursor, last, visitor);
    return last < this.#pool.highest ? last + 1 : 0;
  }

  /** What is missing of the filter at hand, which has `node` at `level`. */
  #recordsFor(node: number, level: number, queue: Uint8Array | null, group: number): number {
    const { starts, ends, count } = this.#tokens;
    let records = node === 0 ? 1 : 0;
    for (let index = level; index < count; index += 1) {
      records += 1 + piecesFor((ends[index] as number) - (starts[index] as number));
    }
    if (queue !== null && group === 0) records += 1 + piecesFor(queue.length);
    return records;
  }

  #kindOfToken(level: number): number {
    const { input, starts, ends } = this.#tokens;
    const start = starts[level] as number;
    if ((ends[level] as number) - start !== 1) return KIND_LITERAL;
    if (input[start] === STAR_BYTE) return KIND_STAR;
    return input[start] === FULL_BYTE ? KIND_FULL : KIND_LITERAL;
  }

  #findChild(parent: number, level: number): number {
    const kind = this.#kindOfToken(level);
    if (kind === KIND_STAR) return this.#memory.read(this.#view.base(parent) + STAR);
    if (kind === KIND_FULL) return this.#memory.read(this.#view.base(parent) + FULL);
    const { input, starts, ends, hashes } = this.#tokens;
    const hash = hashes[level] as number;
    return this.#view.findLiteral(
      parent,
      hash,
      input,
      starts[level] as number,
      ends[level] as number,
    );
  }

  #createRoot(account: number): number {
    const root = this.#editor.create(0, account, KIND_ROOT);
    this.#editor.publishInBucket(root, 0, account);
    return root;
  }

  #createChild(parent: number, level: number): number {
    const memory = this.#memory;
    const { input, starts, ends, hashes } = this.#tokens;
    const kind = this.#kindOfToken(level);
    const hash = hashes[level] as number;
    const start = starts[level] as number;
    const length = kind === KIND_LITERAL ? (ends[level] as number) - start : 0;
    const node = this.#editor.create(parent, hash, kind | (length << KIND_BITS));
    this.#editor.writeText(node, input, start, start + length);
    const parentBase = this.#view.base(parent);
    memory.write(parentBase + CHILDREN, memory.read(parentBase + CHILDREN) + 1);
    if (kind === KIND_STAR) memory.store(parentBase + STAR, node);
    else if (kind === KIND_FULL) memory.store(parentBase + FULL, node);
    else this.#editor.publishInBucket(node, parent, hash);
    return node;
  }

  #addPlain(node: number, isRemote: boolean): void {
    const word = this.#view.base(node) + PLAIN;
    const count = this.#memory.read(word);
    if (count === 0) this.#sketch.count(this.#sketchWord, 1);
    this.#memory.store(word, count + 1);
    if (count === 0) this.#tellThreads();
    if (!isRemote && count === this.#remote.of(node, null)) this.feed.publish(node, null, 1);
  }

  #removePlain(node: number, isRemote: boolean): void {
    const word = this.#view.base(node) + PLAIN;
    const count = this.#memory.read(word) - 1;
    assert(count >= 0, "interest: removed only what was added");
    this.#memory.store(word, count);
    if (count === 0) {
      this.#sketch.count(this.#sketchWord, -1);
      this.#tellThreads();
    }
    if (!isRemote && count === this.#remote.of(node, null)) this.feed.publish(node, null, 0);
    if (count === 0) this.#prune(node);
  }

  #addMember(node: number, name: Uint8Array, group: number, isRemote: boolean): void {
    let weight = 1;
    if (group === 0) this.#createGroup(node, name);
    else {
      const word = this.#view.base(group) + QUEUE_WEIGHT;
      weight = this.#memory.read(word) + 1;
      this.#memory.store(word, weight);
    }
    this.#announceMembers(node, name, weight, isRemote);
  }

  #createGroup(node: number, name: Uint8Array): void {
    const memory = this.#memory;
    const hash = hashToken(name, 0, name.length);
    const group = this.#editor.create(node, hash, KIND_QUEUE | (name.length << KIND_BITS));
    this.#editor.writeText(group, name, 0, name.length);
    const base = this.#view.base(group);
    const first = this.#view.base(node) + QUEUE;
    const next = memory.read(first);
    memory.write(base + QUEUE_WEIGHT, 1);
    memory.write(base + QUEUE_NEXT, next);
    if (next !== 0) memory.write(this.#view.base(next) + QUEUE_PREVIOUS, group);
    this.#sketch.count(this.#sketchWord, 1);
    this.#editor.publishInBucket(group, node, hash);
    memory.store(first, group);
  }

  #removeMember(node: number, name: Uint8Array, isRemote: boolean): void {
    const group = this.#view.findQueue(node, hashToken(name, 0, name.length), name);
    assert(group !== 0, "interest: removed only what was added");
    const word = this.#view.base(group) + QUEUE_WEIGHT;
    const weight = this.#memory.read(word) - 1;
    if (weight > 0) {
      this.#memory.store(word, weight);
      this.#announceMembers(node, name, weight, isRemote);
      return;
    }
    this.#unlinkGroup(node, group);
    this.#sketch.count(this.#sketchWord, -1);
    this.#announceMembers(node, name, 0, isRemote);
    this.#editor.retire(group);
    this.#prune(node);
  }

  #unlinkGroup(node: number, group: number): void {
    const memory = this.#memory;
    const base = this.#view.base(group);
    const next = memory.read(base + QUEUE_NEXT);
    const previous = memory.read(base + QUEUE_PREVIOUS);
    if (previous === 0) memory.store(this.#view.base(node) + QUEUE, next);
    else memory.store(this.#view.base(previous) + QUEUE_NEXT, next);
    if (next !== 0) memory.write(this.#view.base(next) + QUEUE_PREVIOUS, previous);
    this.#editor.unlinkFromBucket(group);
  }

  /** Unlinks `node` and its ancestors as far as nothing needs them any more. */
  #prune(node: number): void {
    const memory = this.#memory;
    let at = node;
    while (at !== 0) {
      const base = this.#view.base(at);
      if (memory.read(base + CHILDREN) !== 0) return;
      if (memory.read(base + PLAIN) !== 0 || memory.read(base + QUEUE) !== 0) return;
      const parent = memory.read(base + PARENT);
      const parentBase = this.#view.base(parent);
      const kind = this.#view.kind(at);
      if (kind === KIND_STAR) memory.store(parentBase + STAR, 0);
      else if (kind === KIND_FULL) memory.store(parentBase + FULL, 0);
      else this.#editor.unlinkFromBucket(at);
      if (parent !== 0) memory.write(parentBase + CHILDREN, memory.read(parentBase + CHILDREN) - 1);
      this.#editor.retire(at);
      at = parent;
    }
  }

  /** The group `name` of `node` has `weight` members now. */
  #announceMembers(node: number, name: Uint8Array, weight: number, isRemote: boolean): void {
    this.#tellThreads();
    if (!isRemote) this.feed.publish(node, name, weight - this.#remote.of(node, name));
  }

  /** Tells the other threads of a change that is published; the feed comes after. */
  #tellThreads(): void {
    this.#generations.bumpSlot(this.#generationSlot);
  }

  /** Sets the sketch word and the generation slot of the filter that ends at `node`. */
  #locate(node: number): void {
    const memory = this.#memory;
    let first = 0;
    let second = 0;
    let at = node;
    while (this.#view.kind(at) !== KIND_ROOT) {
      assert(this.#view.kind(at) !== 0, "interest: the node exists");
      second = first;
      first = at;
      at = memory.read(this.#view.base(at) + PARENT);
    }
    const account = memory.read(this.#view.base(at) + HASH);
    if (this.#view.kind(first) !== KIND_LITERAL) {
      this.#sketchWord = this.#sketch.wild(account);
      this.#generationSlot = this.#generations.wildcardSlot(account);
      return;
    }
    const firstHash = memory.read(this.#view.base(first) + HASH);
    this.#generationSlot = this.#generations.slotFor(account, firstHash);
    this.#sketchWord =
      second !== 0 && this.#view.kind(second) === KIND_LITERAL
        ? this.#sketch.pair(account, firstHash, memory.read(this.#view.base(second) + HASH))
        : this.#sketch.first(account, firstHash);
  }
}
