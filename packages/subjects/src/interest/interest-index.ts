// One thread's view of the whole index: its own segment to write, all segments to read. Owned by
// that thread. Must stay true: the results of `match` are used before `exit`.
import { assert } from "@weft/base";
import type { SubjectTokens } from "../tokens.ts";
import type { InterestReader } from "./interest-reader.ts";
import type { InterestWriter } from "./interest-writer.ts";
import { NodeList } from "./node-list.ts";
import type { Quiescence } from "./quiescence.ts";

/** What a thread brings along. `segments[i]` reads the segment of thread `i`. */
export interface InterestIndexOptions {
  readonly threadIndex: number;
  readonly segments: readonly InterestReader[];
  readonly quiescence: Quiescence;
  /** Writer of the own segment; null for a thread that has no interest of its own. */
  readonly writer: InterestWriter | null;
}

/** Matching over all segments. */
export class InterestIndex {
  readonly writer: InterestWriter | null;
  readonly segmentsCount: number;
  readonly #threadIndex: number;
  readonly #quiescence: Quiescence;
  readonly #segments: (InterestReader | null)[];
  readonly #nodes: NodeList[];

  constructor(options: InterestIndexOptions) {
    this.writer = options.writer;
    this.segmentsCount = options.segments.length;
    this.#threadIndex = options.threadIndex;
    this.#quiescence = options.quiescence;
    this.#segments = [...options.segments];
    this.#nodes = options.segments.map(() => new NodeList());
  }

  /** Starts a read section; no add or remove on the own segment until `exit`. */
  enter(): void {
    this.#quiescence.enter(this.#threadIndex);
  }

  /** Ends the read section, and with it the life of all node and queue ids. */
  exit(): void {
    this.#quiescence.exit(this.#threadIndex);
  }

  /** Matches in every segment, inside a read section; returns how many segments have interest. */
  match(account: number, tokens: SubjectTokens): number {
    assert(this.#quiescence.isInside(this.#threadIndex), "interest: match inside a read section");
    let segments = 0;
    for (let index = 0; index < this.segmentsCount; index += 1) {
      const nodes = this.#nodes[index] as NodeList;
      const reader = this.#segments[index] as InterestReader | null;
      nodes.clear();
      if (reader === null || !reader.mayMatch(account, tokens)) continue;
      if (reader.match(account, tokens, nodes) > 0) segments += 1;
    }
    return segments;
  }

  /** Nodes that the last `match` found in a segment; read them with `reader(segment)`. */
  nodes(segment: number): NodeList {
    return this.#nodes[segment] as NodeList;
  }

  /** Reader of a segment, or null once it is detached. */
  reader(segment: number): InterestReader | null {
    return this.#segments[segment] as InterestReader | null;
  }

  /** Stops reading the segment of a thread that has died; plans made with it are the caller's. */
  detach(segment: number): void {
    this.#segments[segment] = null;
  }
}
