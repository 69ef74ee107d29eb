// Which subjects of a list are contained in others of it, without comparing each with each: a token
// of an operator may have tens of thousands. Control thread or worker; pure. What must stay true: the
// work is bounded, and where the bound is reached, the answer says so.
import { childFor, type TokenChildren, withChild } from "@weft/subjects";
import { tokensOf } from "./subject-text.ts";

/** Steps for one list, some 0.2 s. */
const STEPS_MAX = 2_000_000;

class TokenNode {
  readonly token: string;
  children: TokenChildren<TokenNode> = undefined;
  /** Places in the list of the subjects that end here; undefined = none. */
  ends: number[] | undefined = undefined;

  constructor(token: string) {
    this.token = token;
  }
}

const NO_ENDS: readonly number[] = [];

/** Pairs of places, `inner` contained in `outer`; `isComplete` false = there may be more. */
export interface Containment {
  readonly pairs: readonly { readonly inner: number; readonly outer: number }[];
  readonly isComplete: boolean;
}

/** All pairs of different places; at most `pairsMax`. */
export function containment(subjects: readonly string[], pairsMax: number): Containment {
  const root = new TokenNode("");
  for (const [place, subject] of subjects.entries()) {
    let node = root;
    for (const token of tokensOf(subject)) {
      let child = childFor(node.children, token);
      if (child === undefined) {
        child = new TokenNode(token);
        node.children = withChild(node.children, child);
      }
      node = child;
    }
    if (node.ends === undefined) node.ends = [place];
    else node.ends.push(place);
  }
  const search = new ContainmentSearch(pairsMax);
  for (const [place, subject] of subjects.entries()) {
    if (!search.from(root, tokensOf(subject), place)) break;
  }
  return { pairs: search.pairs, isComplete: search.isComplete };
}

class ContainmentSearch {
  readonly pairs: { inner: number; outer: number }[] = [];
  isComplete = true;
  readonly #pairsMax: number;
  #stepsLeft = STEPS_MAX;

  constructor(pairsMax: number) {
    this.#pairsMax = pairsMax;
  }

  /** False when a bound is reached. */
  from(root: TokenNode, tokens: readonly string[], inner: number): boolean {
    // Nodes are visited level by level: their number bounds the work, not that of the ways to them.
    let level: TokenNode[] = [root];
    let next: TokenNode[] = [];
    const found = new Set<number>();
    for (const token of tokens) {
      for (const node of level) {
        this.#stepsLeft -= 1;
        const { children } = node;
        const open = childFor(children, ">");
        for (const outer of open?.ends ?? NO_ENDS) found.add(outer);
        const same = childFor(children, token);
        if (same !== undefined) next.push(same);
        const any = token === "*" ? undefined : childFor(children, "*");
        if (any !== undefined) next.push(any);
      }
      [level, next] = [next, level];
      next.length = 0;
      if (level.length === 0) break;
    }
    for (const node of level) for (const outer of node.ends ?? NO_ENDS) found.add(outer);
    for (const outer of [...found].sort((left, right) => left - right)) {
      this.#stepsLeft -= 1;
      if (outer !== inner) this.pairs.push({ inner, outer });
      if (this.pairs.length >= this.#pairsMax) break;
    }
    this.isComplete = this.#stepsLeft > 0 && this.pairs.length < this.#pairsMax;
    return this.isComplete;
  }
}
