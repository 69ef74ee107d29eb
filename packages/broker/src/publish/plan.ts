// The compiled answer to "who gets a message on this subject", made once per (context, subject)
// and then followed without another decision. What cannot be compiled is a dynamic step: the pick
// of a queue member, a weighted mapping, a service import, and targets marked `special`.
import type { MappingChoice, ServiceTarget } from "@weft/accounts";
import { PICKS_MAX } from "../deliver/bus-frame.ts";
import type { Outbox } from "../deliver/outbox.ts";
import type { Subscription } from "../subscribe/subscription.ts";
import type { DrawnMembers } from "./drawn-members.ts";

/** `MSG ` in front of the subject, a blank behind it, one behind the sid. */
const LINE_VERB_BYTES = 4;
const LINE_BLANKS = 2;

/**
 * Delivery to one local subscription: a connection, whose kind says how messages are written to it
 * (`ConnectionKind.encoder`), and the control line that clients get, ready up to the reply.
 */
export class Target {
  readonly outbox: Outbox;
  readonly subscription: Subscription;
  /** `MSG subject sid ` stands in `view[start, start + length)`. */
  view: DataView;
  readonly start: number;
  /** Changes with the subject of a passing plan. */
  length: number;
  /** Needs a decision per message: echo, auto-unsubscribe, reply tracking. */
  readonly special: boolean;
  /** CP-47: gets messages without their header block. */
  readonly withoutHeaders: boolean;

  constructor(
    subscription: Subscription,
    view: DataView,
    start: number,
    length: number,
    special: boolean,
  ) {
    this.outbox = subscription.session.outbox;
    this.subscription = subscription;
    this.view = view;
    this.start = start;
    this.length = length;
    this.special = special;
    this.withoutHeaders = !subscription.session.headersEnabled;
  }

  /** The subject in the subscription's account; a byte string. */
  get subject(): string {
    const { buffer, byteOffset } = this.view;
    const bytes = this.length - LINE_VERB_BYTES - LINE_BLANKS - this.subscription.sid.length;
    const from = byteOffset + this.start + LINE_VERB_BYTES;
    return Buffer.from(buffer, from, bytes).toString("latin1");
  }
}

/** Another thread that gets one frame, for one account and subject. */
export class RemoteTarget {
  readonly thread: number;
  readonly account: number;
  /** Subject in that account; undefined = the published one. Of a kept plan: in its own memory. */
  subject: Buffer | undefined;
  readonly subjectHash: number;
  /** False when only queue groups are there: a frame leaves only if one was picked. */
  readonly plain: boolean;
  /** The only node of that thread's segment that matched, if it has plain interest alone; else 0. */
  readonly node: number;
  /** Queue names picked for the message in hand. Filled and emptied per message. */
  readonly picks: Buffer[] = [];

  constructor(
    thread: number,
    account: number,
    subject: Buffer | undefined,
    subjectHash: number,
    plain: boolean,
    node: number,
  ) {
    this.thread = thread;
    this.account = account;
    this.subject = subject;
    this.subjectHash = subjectHash;
    this.plain = plain;
    this.node = node;
  }
}

/** A few groups are searched one by one; more get a map, or somebody's thousands cost squares. */
export const QUEUES_SEARCHED_MAX = 8;

/** One queue group over all threads (SU-20, SU-21). */
export class QueueStep {
  /** Name as a byte string. */
  readonly key: string;
  /** Of a kept plan: in its own memory. */
  name: Buffer;
  readonly local: Target[] = [];
  /** Further local members, of whom there are very many and the plan serves one message. */
  drawn: DrawnMembers | undefined;
  readonly remotes: RemoteTarget[] = [];
  /** Members behind `remotes[i]`. */
  readonly weights: number[] = [];
  /** Local members and all remote weights. */
  total = 0;

  constructor(key: string) {
    this.key = key;
    this.name = Buffer.from(key, "latin1");
  }

  /** Members of this thread. */
  get localCount(): number {
    return this.local.length + (this.drawn === undefined ? 0 : this.drawn.count);
  }

  /** Member `place` of this thread, below `localCount`. */
  memberAt(place: number): Target {
    const { local, drawn } = this;
    if (place < local.length || drawn === undefined) return local[place] as Target;
    return drawn.at(place - local.length);
  }

  /** `target` is a member that was asked for. */
  has(target: Target): boolean {
    return this.local.includes(target) || this.drawn?.has(target) === true;
  }
}

/** More targets than this are counted against the work of a turn. */
export const HEAVY_TARGETS = 16;

export class Plan {
  contextId = 0;
  hash = 0;
  /** The subject stands in `view[subjectStart, subjectStart + subjectLength)`. */
  view: DataView;
  subjectStart = 0;
  subjectLength = 0;
  /** The core's validation round in which the generations were last found unchanged. */
  checkedEpoch = 0;
  /** Pairs (slot, value) of the generations that this plan depends on. */
  readonly generations: number[] = [];
  readonly targets: Target[] = [];
  remotes: RemoteTarget[] | undefined;
  queues: QueueStep[] | undefined;
  services: readonly ServiceTarget[] | undefined;
  /** Weighted destinations: one is drawn per message, and its own plan is followed. */
  mapping: MappingChoice | undefined;
  /** The publisher may not publish here: on the mapped subject, where there is one (SU-39). */
  denied = false;
  /** What a mapping with one result makes of the subject. */
  renamed: Buffer | undefined;
  /** The subject is `_R_.<thread>.<token>`: somebody answers a service import. */
  serviceReply = false;
  /** The one thing to do beside `targets`: a frame with the published subject to this thread. */
  soleRemote: RemoteTarget | undefined;
  /** The one thing to do at all: one member of this group gets the message. */
  soleQueue: QueueStep | undefined;
  /** Somebody has subscribed to the subject who may not receive it. */
  hasRefused = false;
  /** No target is special or without headers. */
  plain = true;
  /** Nothing but plain targets, or none: the session's handler delivers by itself. */
  direct = false;
  /** There is more to do than to deliver to `targets`. Set when the plan is complete. */
  hasSteps = false;
  /** What the plan counts against the cache's limit; 0 while it is not kept. */
  bytesCharged = 0;

  #queuesByName: Map<string, QueueStep> | undefined;

  constructor(view: DataView) {
    this.view = view;
  }

  /** The group of this name, if the subject has it. */
  queueNamed(name: Buffer): QueueStep | undefined {
    if (this.#queuesByName !== undefined) return this.#queuesByName.get(name.toString("latin1"));
    return this.queues?.find((step) => step.name.equals(name));
  }

  /** The group of this name, a byte string; a new one if there is none yet. */
  queueFor(key: string): QueueStep {
    this.queues ??= [];
    const { queues } = this;
    const known = this.#queuesByName?.get(key);
    if (known !== undefined) return known;
    if (this.#queuesByName === undefined) {
      for (const step of queues) if (step.key === key) return step;
    }
    const step = new QueueStep(key);
    queues.push(step);
    if (this.#queuesByName !== undefined) this.#queuesByName.set(key, step);
    else if (queues.length > QUEUES_SEARCHED_MAX) {
      this.#queuesByName = new Map(queues.map((queue) => [queue.key, queue]));
    }
    return step;
  }
}

/** Which remote destination of the group a draw beyond its local members fell on. */
export function placeOf(step: QueueStep, choice: number): number {
  let rest = choice - step.localCount;
  let place = 0;
  while (rest >= (step.weights[place] as number)) {
    rest -= step.weights[place] as number;
    place += 1;
  }
  return place;
}

/** How many frames of the message in hand go to these threads. */
export function framesOf(remotes: readonly RemoteTarget[]): number {
  let frames = 0;
  for (const { plain, picks } of remotes) {
    if (picks.length > 0) frames += Math.ceil(picks.length / PICKS_MAX);
    else if (plain) frames += 1;
  }
  return frames;
}

export function localTargets(plan: Plan): number {
  let count = plan.targets.length;
  for (const step of plan.queues ?? []) count += step.localCount;
  return count;
}
