// A trie on the heap from filters to values: permissions, imports, mappings. Owned by the thread
// that made it. Nodes exist only while an entry is at or below them, and a search visits existing
// nodes only, without recursion: neither long subjects nor wildcard storms can exhaust anything.
import { isValidFilterForSubscribe } from "./subject.ts";
import {
  childFor,
  pushChildren,
  type TokenChildren,
  withChild,
  withoutChild,
} from "./token-children.ts";

interface Entry<T> {
  /** Rank of insertion. */
  readonly order: number;
  readonly value: T;
}

/** One token of one or more filters; `>` is a child like any other, without children. */
class Node<T> {
  readonly token: string;
  children: TokenChildren<Node<T>> = undefined;
  star: Node<T> | undefined = undefined;
  tail: Node<T> | undefined = undefined;
  /** Undefined = none. */
  entries: Entry<T>[] | undefined = undefined;

  constructor(token: string) {
    this.token = token;
  }
}

const NO_ENTRIES: readonly never[] = [];

function childOf<T>(node: Node<T>, token: string): Node<T> | undefined {
  if (token === "*") return node.star;
  if (token === ">") return node.tail;
  return childFor(node.children, token);
}

function addChild<T>(node: Node<T>, token: string): Node<T> {
  const child = new Node<T>(token);
  if (token === "*") node.star = child;
  else if (token === ">") node.tail = child;
  else node.children = withChild(node.children, child);
  return child;
}

function removeChild<T>(node: Node<T>, token: string): void {
  if (token === "*") node.star = undefined;
  else if (token === ">") node.tail = undefined;
  else node.children = withoutChild(node.children, token);
}

function isBare<T>(node: Node<T>): boolean {
  return (
    node.entries === undefined &&
    node.children === undefined &&
    node.star === undefined &&
    node.tail === undefined
  );
}

/** Which filters a search is for, seen from the searched subject or filter. */
type Relation = "matching" | "covering" | "colliding";

/** What searches may still look at, for work that others can make dear. */
export interface SearchBudget {
  /** Nodes and entries, some 100 ns each. */
  stepsLeft: number;
}

/** In place of a depth: everything below is found. */
const BELOW = -1;
/** Characters of a filter that cost as much as a node. */
const CHARACTERS_PER_STEP = 8;

/** Filters with values. The same filter, and the same value under it, may be there many times. */
export class FilterMap<T> {
  readonly #root = new Node<T>("");
  #nextOrder = 0;
  #size = 0;
  #nodeCount = 0;

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Number of trie nodes that the entries need; 0 when there are none. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** False, and nothing added, if `filter` is not valid (SU-04). */
  add(filter: string, value: T): boolean {
    if (!isValidFilterForSubscribe(filter)) return false;
    let node = this.#root;
    for (const token of filter.split(".")) {
      const child = childOf(node, token);
      if (child === undefined) this.#nodeCount += 1;
      node = child ?? addChild(node, token);
    }
    const entry = { order: this.#nextOrder, value };
    if (node.entries === undefined) node.entries = [entry];
    else node.entries.push(entry);
    this.#nextOrder += 1;
    this.#size += 1;
    return true;
  }

  /** Removes the oldest entry of exactly `filter` with this value (`===`); false if none. */
  remove(filter: string, value: T): boolean {
    const tokens = filter.split(".");
    const path: Node<T>[] = [];
    let node = this.#root;
    for (const token of tokens) {
      const child = childOf(node, token);
      if (child === undefined) return false;
      path.push(node);
      node = child;
    }
    const entries = node.entries ?? [];
    const found = entries.findIndex((entry) => entry.value === value);
    if (found === -1) return false;
    entries.splice(found, 1);
    if (entries.length === 0) node.entries = undefined;
    this.#size -= 1;
    for (let at = tokens.length - 1; at >= 0 && isBare(node); at -= 1) {
      node = path[at] as Node<T>;
      removeChild(node, tokens[at] as string);
      this.#nodeCount -= 1;
    }
    return true;
  }

  /** Values whose filter matches a literal subject, oldest first; agrees with `matches`. */
  match(subject: string): T[] {
    return this.#collect(subject, "matching");
  }

  /** The oldest of {@link match}. */
  first(subject: string): T | undefined {
    return this.match(subject)[0];
  }

  /** Values whose filter matches all that `filter` matches; agrees with `subjectIsSubsetMatch`. */
  covering(filter: string): T[] {
    return this.#collect(filter, "covering");
  }

  /** Values whose filter shares a subject with `filter`; agrees with `subjectsCollide`. */
  colliding(filter: string): T[] {
    return this.#collect(filter, "colliding");
  }

  /**
   * {@link covering} or {@link colliding}, taken from `budget`; undefined if that is used up, before
   * or by this search.
   */
  within(
    budget: SearchBudget,
    relation: "covering" | "colliding",
    filter: string,
  ): T[] | undefined {
    budget.stepsLeft -= 1 + Math.floor(filter.length / CHARACTERS_PER_STEP);
    if (budget.stepsLeft < 0) return undefined;
    const tokens = filter.split(".");
    if (tokens.includes("")) return [];
    const found: Entry<T>[] = [];
    const nodes: Node<T>[] = [this.#root];
    const depths: number[] = [0];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      const depth = depths.pop() as number;
      const ends = depth === BELOW || depth === tokens.length ? node.entries : undefined;
      const tails = depth === tokens.length ? undefined : node.tail?.entries;
      budget.stepsLeft -= 1 + (ends?.length ?? 0) + (tails?.length ?? 0);
      if (budget.stepsLeft < 0) return undefined;
      if (ends !== undefined) for (const entry of ends) found.push(entry);
      if (tails !== undefined) for (const entry of tails) found.push(entry);
      if (depth === tokens.length) continue;
      const token = tokens[depth] as string;
      const isOpen = depth === BELOW || (token === ">" && relation === "colliding");
      const before = nodes.length;
      if (isOpen) pushAll(node, nodes);
      else pushNext(node, token, relation, nodes);
      for (let at = before; at < nodes.length; at += 1) depths.push(isOpen ? BELOW : depth + 1);
    }
    if (found.length > 1) found.sort((a, b) => a.order - b.order);
    return found.map((entry) => entry.value);
  }

  #collect(subject: string, relation: Relation): T[] {
    const tokens = subject.split(".");
    const found: Entry<T>[] = [];
    if (tokens.includes("")) return [];
    const nodes: Node<T>[] = [this.#root];
    const depths: number[] = [0];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      const depth = depths.pop() as number;
      if (depth === tokens.length) {
        for (const entry of node.entries ?? NO_ENTRIES) found.push(entry);
        continue;
      }
      for (const entry of node.tail?.entries ?? NO_ENTRIES) found.push(entry);
      const token = tokens[depth] as string;
      const before = nodes.length;
      if (token === ">" && relation === "colliding") collectBelow(node, found);
      else pushNext(node, token, relation, nodes);
      for (let added = before; added < nodes.length; added += 1) depths.push(depth + 1);
    }
    if (found.length > 1) found.sort((a, b) => a.order - b.order);
    return found.map((entry) => entry.value);
  }
}

/** All but the `>` child, which a search has already. */
function pushAll<T>(parent: Node<T>, nodes: Node<T>[]): void {
  if (parent.star !== undefined) nodes.push(parent.star);
  pushChildren(parent.children, nodes);
}

/** Pushes the children of `node` that go on a search whose next token is `token`. */
function pushNext<T>(node: Node<T>, token: string, relation: Relation, nodes: Node<T>[]): void {
  if (relation === "matching" || token !== ">") {
    if (node.star !== undefined) nodes.push(node.star);
  }
  if (token === "*" && relation === "colliding") {
    pushChildren(node.children, nodes);
    return;
  }
  const child = childFor(node.children, token);
  if (child !== undefined) nodes.push(child);
}

/** All entries below `node`, except those of its `>` child, which the search has already. */
function collectBelow<T>(node: Node<T>, found: Entry<T>[]): void {
  const nodes: Node<T>[] = [];
  pushAll(node, nodes);
  for (let next = nodes.pop(); next !== undefined; next = nodes.pop()) {
    for (const entry of next.entries ?? NO_ENTRIES) found.push(entry);
    for (const entry of next.tail?.entries ?? NO_ENTRIES) found.push(entry);
    pushAll(next, nodes);
  }
}
