// Matching against one segment, from any thread. Reads shared memory only and writes none. Must
// stay true: `match` and everything that takes a node or queue id runs inside one read section of
// the thread's `Quiescence` slot; ids are worthless after the section.
import type { SubjectTokens } from "../tokens.ts";
import { FULL, HASH, PLAIN, QUEUE, QUEUE_NEXT, QUEUE_WEIGHT, STAR } from "./layout.ts";
import { NodeList } from "./node-list.ts";
import { SegmentView } from "./segment-view.ts";
import { isWordMemory, SharedWords, type WordMemory } from "./shared-words.ts";
import { Sketch } from "./sketch.ts";

/** A thread's window on one segment. */
export class InterestReader {
  readonly #view: SegmentView;
  readonly #memory: WordMemory;
  readonly #sketch: Sketch;
  /** Branches not taken yet: node, level, node, level ... */
  readonly #branches = new NodeList();
  readonly #parents = new NodeList();
  /** Nodes that the last match looked at: wildcards at each level may make them very many. */
  visited = 0;

  /** Throws unless the region is formatted. */
  constructor(region: ArrayBufferLike | WordMemory) {
    this.#memory = isWordMemory(region) ? region : new SharedWords(region);
    this.#view = new SegmentView(this.#memory);
    this.#sketch = new Sketch(this.#memory, this.#view.layout);
  }

  /** False if no filter here matches; true if one may. Needs no read section. */
  mayMatch(account: number, tokens: SubjectTokens): boolean {
    const { count, hashes } = tokens;
    return this.#sketch.mayMatch(account, count, hashes[0] as number, hashes[1] as number);
  }

  /**
   * Replaces `out` by the nodes of all filters of `account` that match the subject and that have
   * interest, in no order, and returns their number. A subject with an empty token matches nothing.
   */
  match(account: number, tokens: SubjectTokens, out: NodeList): number {
    out.clear();
    this.#parents.clear();
    this.visited = 0;
    if (tokens.count === 0 || hasEmptyToken(tokens)) return 0;
    const root = this.#view.findRoot(account);
    if (root !== 0) this.#walk(root, tokens, out);
    return out.count;
  }

  /** Nodes of the last match that stand where the subject's last token begins. */
  get parents(): NodeList {
    return this.#parents;
  }

  /** True if `node` has a child for this literal token, wanted or not. */
  hasLiteral(node: number, hash: number, input: Uint8Array, start: number, end: number): boolean {
    return this.#view.findLiteral(node, hash, input, start, end) !== 0;
  }

  /** Plain interests of a node. */
  plainCount(node: number): number {
    return this.#memory.load(this.#view.base(node) + PLAIN);
  }

  /** First queue record of a node, or 0. */
  firstQueue(node: number): number {
    return this.#view.follow(this.#view.base(node) + QUEUE);
  }

  /** The queue record after `queue`, or 0. */
  nextQueue(queue: number): number {
    return this.#view.follow(this.#view.base(queue) + QUEUE_NEXT);
  }

  /** Members of the group in this segment; at least 1. */
  queueWeight(queue: number): number {
    return this.#memory.load(this.#view.base(queue) + QUEUE_WEIGHT);
  }

  /** Hash of the queue's name, as `hashToken` computes it. */
  queueNameHash(queue: number): number {
    return this.#memory.read(this.#view.base(queue) + HASH);
  }

  queueNameEquals(queue: number, name: Uint8Array): boolean {
    if (this.#view.textLength(queue) !== name.length) return false;
    return this.#view.textEquals(queue, name, 0, name.length);
  }

  /** A copy that outlives the read section. */
  copyQueueName(queue: number): Buffer {
    const name = Buffer.allocUnsafe(this.#view.textLength(queue));
    this.#view.copyText(queue, name, 0);
    return name;
  }

  #walk(root: number, tokens: SubjectTokens, out: NodeList): void {
    const view = this.#view;
    const branches = this.#branches;
    const { input, count, starts, ends, hashes } = tokens;
    branches.clear();
    let node = root;
    let level = 0;
    let visited = 0;
    for (;;) {
      let next = 0;
      visited += 1;
      if (level === count) {
        if (view.hasInterest(node)) out.push(node);
      } else {
        const base = view.base(node);
        const full = view.follow(base + FULL);
        if (full !== 0 && view.hasInterest(full)) out.push(full);
        const star = view.follow(base + STAR);
        const start = starts[level] as number;
        if (level === count - 1) this.#parents.push(node);
        next = view.findLiteral(node, hashes[level] as number, input, start, ends[level] as number);
        level += 1;
        if (next === 0) {
          next = star;
        } else if (star !== 0) {
          branches.push(star);
          branches.push(level);
        }
      }
      if (next === 0) {
        if (branches.count === 0) break;
        branches.count -= 2;
        next = branches.at(branches.count);
        level = branches.at(branches.count + 1);
      }
      node = next;
    }
    this.visited = visited;
  }
}

function hasEmptyToken(tokens: SubjectTokens): boolean {
  const { count, starts, ends } = tokens;
  for (let index = 0; index < count; index += 1) {
    if (starts[index] === ends[index]) return true;
  }
  return false;
}
