// Plans for subjects that come once and differ from others in their last token alone, as the reply
// subjects of requests do: `_INBOX.client.1`, `_INBOX.client.2`. Whoever wants one of them wants all,
// unless somebody asked for this very last token; so the plan of one is written anew for the next
// instead of being made again. Owned by the worker's core.
//
// Must stay true: an entry is good only under the generations of its plan, and for a last token that
// none of `parents` has as a child; both are looked at each time. Entries are used at the top of a
// turn only: a publish inside a publish would write over the plan that is being followed.
import { equalWords, viewOf } from "@weft/base";
import { hashToken, type InterestIndex } from "@weft/subjects";
import type { PublishContext } from "./context.ts";
import type { MessageView } from "./message-view.ts";
import { type Plan, RemoteTarget } from "./plan.ts";
import type { PlanCompiler } from "./plan-compiler.ts";

/** A power of two; entries that share a place push each other out. */
const PLACES = 1 << 12;
/** Longer last tokens are compiled. */
const LAST_TOKEN_BYTES_MAX = 48;
/** Plans with more targets gain little. */
const TARGETS_MAX = 4;
/** Filters with wildcards can make these very many, to be kept with each entry and looked at each time. */
const PARENTS_MAX = 32;
/** Shorter beginnings are compiled. */
const BEGINNING_BYTES_MIN = 8;
const DOT = 0x2e;
const SPACE = 0x20;
/** `MSG `. */
const VERB_BYTES = 4;

/** A node of a thread's segment that stands where the last token begins. */
export interface ParentNode {
  readonly thread: number;
  readonly node: number;
}

interface Entry {
  readonly plan: Plan;
  /** Bytes up to and with the last dot. */
  readonly beginningBytes: number;
  readonly parents: readonly ParentNode[];
}

/** What the publisher does for its plans. */
export interface PlanMaker {
  isCurrent(plan: Plan): boolean;
  compile(context: PublishContext, message: MessageView, spareBytes: number): Plan;
}

export class PassingPlans {
  readonly #index: InterestIndex;
  readonly #compiler: PlanCompiler;
  readonly #maker: PlanMaker;
  readonly #entries: (Entry | undefined)[] = new Array(PLACES).fill(undefined);
  /** Beginnings that came once, by place. */
  readonly #seen = new Int32Array(PLACES);
  #sweepHand = 0;

  constructor(index: InterestIndex, compiler: PlanCompiler, maker: PlanMaker) {
    this.#index = index;
    this.#compiler = compiler;
    this.#maker = maker;
  }

  /** A valid plan for a subject that is seen for the first time (bench row `requests`). */
  planFor(context: PublishContext, message: MessageView): Plan {
    const known = this.#find(context.id, message);
    if (known !== undefined && this.#maker.isCurrent(known)) return rewrite(known, message);
    const spareBytes = this.#spareFor(context.id, message);
    const plan = this.#maker.compile(context, message, spareBytes);
    if (spareBytes > 0 && this.#compiler.byInterestAlone) this.#keep(plan, message);
    return plan;
  }

  /** The plan for subjects that begin so, not yet found to be current; or undefined. */
  #find(contextId: number, message: MessageView): Plan | undefined {
    const { subject, subjectStart, subjectEnd } = message;
    const beginning = beginningOf(subject, subjectStart, subjectEnd);
    if (beginning === 0) return undefined;
    const view = viewOf(subject);
    const entry = this.#entries[placeOf(contextId, view, subjectStart + beginning)];
    if (entry === undefined || entry.beginningBytes !== beginning) return undefined;
    const { plan } = entry;
    if (plan.contextId !== contextId) return undefined;
    if (!equalWords(plan.view, plan.subjectStart, view, subjectStart, beginning)) return undefined;
    const lastStart = subjectStart + beginning;
    return this.#hasChild(entry, subject, lastStart, subjectEnd) ? undefined : plan;
  }

  /**
   * For a subject without an entry: the room that a plan needs to get one, or 0 if it is not to. The
   * second subject with a beginning is worth it.
   */
  #spareFor(contextId: number, message: MessageView): number {
    const { subject, subjectStart, subjectEnd } = message;
    const beginning = beginningOf(subject, subjectStart, subjectEnd);
    if (beginning === 0) return 0;
    const end = subjectStart + beginning;
    const view = viewOf(subject);
    const place = placeOf(contextId, view, end);
    const mark = view.getInt32(end - 5, true) ^ view.getInt32(end - 8, true) ^ beginning;
    if (this.#seen[place] === mark) return LAST_TOKEN_BYTES_MAX - (subjectEnd - end);
    this.#seen[place] = mark;
    return 0;
  }

  /** Keeps a plan that was made with room to spare, if it can be written anew. */
  #keep(plan: Plan, message: MessageView): void {
    const { parents } = this.#compiler;
    if (!isRewritable(plan) || parents.length > PARENTS_MAX) return;
    const { subject, subjectStart, subjectEnd } = message;
    const beginningBytes = beginningOf(subject, subjectStart, subjectEnd);
    const entry: Entry = { plan, beginningBytes, parents };
    // Somebody wants this very subject: the plan is no other's.
    if (this.#hasChild(entry, subject, subjectStart + beginningBytes, subjectEnd)) return;
    const place = placeOf(plan.contextId, plan.view, plan.subjectStart + beginningBytes);
    this.#entries[place] = entry;
  }

  clear(): void {
    this.#entries.fill(undefined);
    this.#seen.fill(0);
  }

  /** Looks at the next `count` places and drops what is out of date; see `PlanCache.sweep`. */
  sweep(count: number, isCurrent: (plan: Plan) => boolean): void {
    for (let i = 0; i < count; i += 1) {
      const entry = this.#entries[this.#sweepHand];
      if (entry !== undefined && !isCurrent(entry.plan)) this.#entries[this.#sweepHand] = undefined;
      this.#sweepHand = (this.#sweepHand + 1) & (PLACES - 1);
    }
  }

  #hasChild(entry: Entry, subject: Buffer, start: number, end: number): boolean {
    const { parents } = entry;
    if (parents.length === 0) return false;
    const hash = hashToken(subject, start, end);
    const index = this.#index;
    index.enter();
    let found = false;
    for (let i = 0; i < parents.length && !found; i += 1) {
      const { thread, node } = parents[i]!;
      found = index.reader(thread)?.hasLiteral(node, hash, subject, start, end) === true;
    }
    index.exit();
    return found;
  }
}

/**
 * Bytes of a subject up to and with its last dot, where passing plans are worth it: three tokens or
 * more (fewer decide which threads are asked at all), a short last one; else 0.
 */
function beginningOf(subject: Buffer, start: number, end: number): number {
  const last = lastTokenStart(subject, end);
  const beginning = last - start;
  if (beginning < BEGINNING_BYTES_MIN || last === end) return 0;
  if (subject[last - 1] !== DOT) return 0;
  const inner = subject.indexOf(DOT, start);
  return inner === last - 1 ? 0 : beginning;
}

/** A plan like this can be written anew for another last token. */
function isRewritable(plan: Plan): boolean {
  const { targets, remotes } = plan;
  if (plan.denied || plan.serviceReply || plan.mapping !== undefined) return false;
  if (plan.queues !== undefined || plan.services !== undefined) return false;
  if (targets.length === 0 && remotes === undefined) return false;
  return (
    targets.length <= TARGETS_MAX && !targets.some(({ subscription }) => subscription.filtered)
  );
}

/** Where the last token begins, if it is short enough; else some place inside it. */
function lastTokenStart(subject: Buffer, end: number): number {
  let at = end;
  const least = end - LAST_TOKEN_BYTES_MAX;
  while (at > least && at > 0 && subject[at - 1] !== DOT) at -= 1;
  return at;
}

/** `end`: behind the beginning, which has `BEGINNING_BYTES_MIN` bytes at least. */
function placeOf(contextId: number, view: DataView, end: number): number {
  const bits =
    Math.imul(view.getInt32(end - 5, true), 0x9e3779b1) ^
    Math.imul(view.getInt32(end - 8, true) ^ contextId, 0x85ebca6b);
  return (bits ^ (bits >>> 15)) & (PLACES - 1);
}

/** Writes the last token of the message's subject into a plan that was made for another. */
function rewrite(plan: Plan, message: MessageView): Plan {
  const { subject, subjectStart, subjectEnd } = message;
  const { view, targets } = plan;
  const end = subjectEnd - subjectStart;
  const from = end - (subjectEnd - lastTokenStart(subject, subjectEnd));
  for (let i = 0; i < targets.length; i += 1) {
    const target = targets[i]!;
    const sid = target.subscription.sid;
    let at = target.start + VERB_BYTES + from;
    for (let k = subjectStart + from; k < subjectEnd; k += 1, at += 1) {
      view.setUint8(at, subject[k] as number);
    }
    view.setUint8(at, SPACE);
    at += 1;
    for (let k = 0; k < sid.length; k += 1, at += 1) view.setUint8(at, sid.charCodeAt(k));
    view.setUint8(at, SPACE);
    target.length = at + 1 - target.start;
  }
  plan.hash = message.hash;
  plan.subjectLength = end;
  renewRemotes(plan);
  return plan;
}

/** A run between threads is for one subject, and known by its remote target. */
function renewRemotes(plan: Plan): void {
  const { remotes } = plan;
  if (remotes === undefined) return;
  for (let i = 0; i < remotes.length; i += 1) {
    const { thread, account, subject, subjectHash, plain, node } = remotes[i]!;
    const renewed = new RemoteTarget(thread, account, subject, subjectHash, plain, node);
    if (plan.soleRemote === remotes[i]) plan.soleRemote = renewed;
    remotes[i] = renewed;
  }
}
