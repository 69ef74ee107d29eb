// The ordered feed of what is wanted on this server in one segment, and the full picture to start from;
// what other servers want is left out (remote-interest.ts). Owned by the segment's writer thread. Must
// stay true: deltas carry absolute weights and consecutive sequences, so a peer that has lost one sees
// the gap, takes a snapshot and goes on; a delta applied twice, or older than a part of a snapshot that
// already shows it, changes nothing in the end.
import {
  HASH,
  KIND_FULL,
  KIND_LITERAL,
  KIND_ROOT,
  KIND_STAR,
  PARENT,
  PLAIN,
  QUEUE,
  QUEUE_NEXT,
  QUEUE_WEIGHT,
} from "./layout.ts";
import { NodeList } from "./node-list.ts";
import type { RemoteInterest } from "./remote-interest.ts";
import type { SegmentView } from "./segment-view.ts";
import type { WordMemory } from "./shared-words.ts";

const DOT = 0x2e;
const STAR_BYTE = 0x2a;
const FULL_BYTE = 0x3e;

/**
 * Receives one change. `queue` is null for plain interest, whose weight is 1 or 0; for a group it
 * is the number of members now, 0 when the group is gone. The byte views are valid for this call
 * only, and others get them too: the receiver must not change them or the segment, nor visit it.
 */
export type InterestListener = (
  sequence: number,
  account: number,
  filter: Uint8Array,
  queue: Uint8Array | null,
  weight: number,
) => void;

/** Receives one standing interest of a snapshot, in the terms of {@link InterestListener}. */
export type InterestVisitor = (
  account: number,
  filter: Uint8Array,
  queue: Uint8Array | null,
  weight: number,
) => void;

/** Deltas and snapshots of one segment. */
export class InterestFeed {
  /** Sequence of the last delta; counts whether somebody listens or not. */
  sequence = 0;
  readonly #view: SegmentView;
  readonly #memory: WordMemory;
  readonly #remote: RemoteInterest;
  readonly #path = new NodeList();
  /** Replaced, never changed: who leaves while all are told changes nothing for the others. */
  #listeners: readonly { readonly listener: InterestListener }[] = [];
  #text: Uint8Array = new Uint8Array(256);
  #account = 0;

  constructor(view: SegmentView, remote: RemoteInterest) {
    this.#view = view;
    this.#remote = remote;
    this.#memory = view.memory;
  }

  /** `listener` hears of every change from now on, as others do; the result ends that. */
  listen(listener: InterestListener): () => void {
    // One of its own for each call: the same function may listen twice.
    const own = { listener };
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== own);
    };
  }

  /** Reports the weight that `queue` (or plain interest) of `node` has now. */
  publish(node: number, queue: Uint8Array | null, weight: number): void {
    this.sequence += 1;
    const listeners = this.#listeners;
    if (listeners.length === 0) return;
    const filter = this.#filterOf(node);
    for (const { listener } of listeners) {
      listener(this.sequence, this.#account, filter, queue, weight);
    }
  }

  /** Visits the interests of the records from `first` to `last`, ends included. */
  visit(first: number, last: number, visitor: InterestVisitor): void {
    for (let record = first; record <= last; record += 1) {
      const kind = this.#view.kind(record);
      if (kind < KIND_LITERAL || kind > KIND_FULL || !this.#view.hasInterest(record)) continue;
      this.#visitNode(record, visitor);
    }
  }

  #visitNode(node: number, visitor: InterestVisitor): void {
    const memory = this.#memory;
    const base = this.#view.base(node);
    const filter = this.#filterOf(node);
    const account = this.#account;
    if (memory.read(base + PLAIN) > this.#remote.of(node, null)) visitor(account, filter, null, 1);
    let queue = memory.read(base + QUEUE);
    while (queue !== 0) {
      const name = new Uint8Array(this.#view.textLength(queue));
      this.#view.copyText(queue, name, 0);
      const all = memory.read(this.#view.base(queue) + QUEUE_WEIGHT);
      const weight = all - this.#remote.of(node, name);
      if (weight > 0) visitor(account, filter, name, weight);
      queue = memory.read(this.#view.base(queue) + QUEUE_NEXT);
    }
  }

  /** The filter that ends at `node`, and its account. */
  #filterOf(node: number): Uint8Array {
    const path = this.#path;
    path.clear();
    let bytes = 0;
    let at = node;
    while (this.#view.kind(at) !== KIND_ROOT) {
      path.push(at);
      bytes += this.#tokenLength(at) + 1;
      at = this.#memory.read(this.#view.base(at) + PARENT);
    }
    this.#account = this.#memory.read(this.#view.base(at) + HASH);
    if (this.#text.length < bytes) this.#text = new Uint8Array(bytes * 2);
    const text = this.#text;
    let end = 0;
    for (let index = path.count - 1; index >= 0; index -= 1) {
      const token = path.at(index);
      const kind = this.#view.kind(token);
      if (kind === KIND_LITERAL) this.#view.copyText(token, text, end);
      else text[end] = kind === KIND_STAR ? STAR_BYTE : FULL_BYTE;
      end += this.#tokenLength(token);
      text[end] = DOT;
      end += 1;
    }
    return text.subarray(0, end - 1);
  }

  #tokenLength(node: number): number {
    return this.#view.kind(node) === KIND_LITERAL ? this.#view.textLength(node) : 1;
  }
}
