// Following plans: from a message in hand to outboxes and lanes. Owned by the worker's core.
// Must stay true: a message that is parked was delivered to nobody, because room in every lane is
// checked before the first delivery; order from one publisher to one thread is the lane's order.
import type { AccountRouting, MappingChoice } from "@weft/accounts";
import { LIMITS, type Prng, viewOf } from "@weft/base";
import type { Generations, InterestIndex } from "@weft/subjects";
import { Ballots } from "../deliver/ballots.ts";
import { FLAG_PLAIN, ITEM_SOLE, itemBytes } from "../deliver/bus-frame.ts";
import type { Deliverer } from "../deliver/deliverer.ts";
import type { RemoteLanes, Run } from "../deliver/remote-lanes.ts";
import type { MessageTracer } from "../message-trace/message-tracer.ts";
import type { ContextTable, PublishContext } from "./context.ts";
import { type MessageView, renameMessage, setSubject } from "./message-view.ts";
import { PassingPlans } from "./passing-plans.ts";
import {
  framesOf,
  localTargets,
  type Plan,
  placeOf,
  type QueueStep,
  type RemoteTarget,
  type Target,
} from "./plan.ts";
import { PlanCache } from "./plan-cache.ts";
import type { PlanCompiler } from "./plan-compiler.ts";
import { QueuePicks } from "./queue-picks.ts";
import { PUBLISH_DEPTH_MAX, type ServiceStep } from "./service-step.ts";

/** Result of a publish that has to be tried again when `parkedOn` has room. */
export const PARKED = -1;

export interface PublisherDependencies {
  readonly index: InterestIndex;
  readonly generations: Generations;
  readonly threadIndex: number;
  readonly compiler: PlanCompiler;
  readonly deliverer: Deliverer;
  readonly lanes: RemoteLanes;
  readonly contexts: () => ContextTable;
  readonly services: () => ServiceStep;
  readonly prng: Prng;
  readonly hashSeed: number;
}

/**
 * Small deliveries to many targets in one turn, some milliseconds of them: one chunk of messages to
 * thousands of receivers would otherwise hold up everybody on the thread, and fill its memory.
 */
const TURN_WORK_MAX = 100_000;
/** A look at a node of the index, at a subscription or a group, in deliveries. */
const LOOK_WORK = 4;
/** So many for one message are usual, and not counted. */
const LOOKS_FREE = 16;

/** Slots of the plan cache looked at in one tick: all of them in a little more than 3 seconds. */
const SWEPT_SLOTS = 2_048;
const SWEPT_PASSING = 128;

/** Of one request; beyond that nobody is told. The count travels in a byte. */
const BALLOT_FRAMES_MAX = 255;

const NO_PICKS: readonly Buffer[] = [];

export class Publisher {
  readonly cache = new PlanCache();
  readonly #passing: PassingPlans;
  /** The lane that parked the last publish; this thread's own number: the turn is spent. */
  parkedOn = 0;
  misses = 0;
  fanoutMax = 0;
  /** Epoch of the interest index as of this turn; plans checked in it are valid. */
  epoch = 0;
  /** Requests that went to several threads. */
  readonly ballots = new Ballots();
  /** Open frames by thread, for the hit path. */
  readonly runs: readonly Run[];
  tracer: MessageTracer | undefined;
  #work = 0;
  #workBefore = 0;
  readonly #picks: QueuePicks;
  readonly #dependencies: PublisherDependencies;

  constructor(dependencies: PublisherDependencies) {
    this.#dependencies = dependencies;
    this.runs = dependencies.lanes.runs;
    this.#picks = new QueuePicks(dependencies.deliverer, dependencies.prng);
    this.#passing = new PassingPlans(dependencies.index, dependencies.compiler, {
      isCurrent: (plan) => plan.checkedEpoch === this.epoch || this.#stillValid(plan),
      compile: (context, message, spare) => this.#compile(context, message, 0, false, spare),
    });
    this.beginTurn();
  }

  /**
   * Looks once whether any interest changed since the last turn. A PUB that follows somebody
   * else's PONG arrives in a later turn; one's own SUB calls this again.
   */
  beginTurn(): void {
    this.epoch = this.#dependencies.generations.epoch();
  }

  /** Everything of this turn has left; the next one may do as much work again. */
  endTurn(): void {
    this.#work = 0;
    this.beginTurn();
  }

  /** So much was done in this turn that others have to get theirs first. */
  get isSpent(): boolean {
    return this.#work >= TURN_WORK_MAX;
  }

  /** Counts looks at what a message might go to. */
  spendLooks(looks: number): void {
    if (looks > LOOKS_FREE) this.#work += looks * LOOK_WORK;
  }

  /**
   * A connection publishes. What its own message costs does not make it wait (`mustWait`): a plan that
   * takes a turn to make, and is too large to be kept, would be made again for ever.
   */
  begin(): void {
    this.#workBefore = this.#work;
  }

  /** So much was done in this turn before the message in hand that others have to get theirs first. */
  get mustWait(): boolean {
    return this.#workBefore >= TURN_WORK_MAX;
  }

  /** Counts deliveries of a plan with many targets; one of 128 bytes more is twice the work. */
  spend(deliveries: number, bodyBytes: number): void {
    this.#work += deliveries * (1 + (bodyBytes >> 7));
  }

  /** Other accounts, between two turns. */
  replaceRouting(routing: AccountRouting): void {
    this.#dependencies.compiler.routing = routing;
    this.cache.clear();
    this.#passing.clear();
  }

  /** On the tick: forgets a part of the plans that interest has overtaken. */
  sweep(): void {
    const isCurrent = (plan: Plan): boolean => this.#stillValid(plan);
    this.cache.sweep(SWEPT_SLOTS, isCurrent);
    this.#passing.sweep(SWEPT_PASSING, isCurrent);
  }

  /** A valid plan for the subject. `isAgain`: the message was parked, which is no second sight of it. */
  planFor(context: PublishContext, message: MessageView, depth: number, isAgain = false): Plan {
    const { subject, subjectStart, subjectEnd, hash } = message;
    const plan = this.cache.find(context.id, viewOf(subject), subjectStart, subjectEnd, hash);
    if (plan !== undefined && (plan.checkedEpoch === this.epoch || this.#stillValid(plan))) {
      return plan;
    }
    const isKnown = plan !== undefined;
    const keep = isKnown || (!isAgain && this.cache.isSecondSight(context.id, hash));
    if (keep || depth > 0 || context.kind !== "client" || context.permissions !== undefined) {
      return this.#compile(context, message, depth, keep);
    }
    return this.#passing.planFor(context, message);
  }

  /** As `planFor`, but undefined for a subject that is not worth keeping yet. */
  keptPlanFor(context: PublishContext, message: MessageView): Plan | undefined {
    const { subject, subjectStart, subjectEnd, hash } = message;
    const plan = this.cache.find(context.id, viewOf(subject), subjectStart, subjectEnd, hash);
    if (plan !== undefined && (plan.checkedEpoch === this.epoch || this.#stillValid(plan))) {
      return plan;
    }
    if (plan === undefined && !this.cache.isSecondSight(context.id, hash)) return undefined;
    return this.#compile(context, message, 0, true);
  }

  /** A plan to be followed once, for a subject that `keptPlanFor` has just seen for the first time. */
  passingPlanFor(context: PublishContext, message: MessageView, depth = 0): Plan {
    return this.#compile(context, message, depth, false);
  }

  /**
   * Delivers along `plan`. Returns the number of deliveries and frames sent (0 = nobody is there),
   * or `PARKED`.
   */
  run(plan: Plan, message: MessageView, context: PublishContext, depth: number): number {
    if (!plan.hasSteps) {
      const targets = plan.targets;
      return this.#dependencies.deliverer.deliver(targets, plan.plain, message);
    }
    if (plan.soleRemote !== undefined) return this.#runSoleRemote(plan, plan.soleRemote, message);
    if (plan.soleQueue !== undefined) return this.#runSoleQueue(plan.soleQueue, message);
    if (plan.mapping) return this.#runMapped(plan.mapping, message, context.account, depth);
    return this.#runSteps(plan, message, context, depth);
  }

  /** Publishes a subject that the broker made itself. Never parks. */
  publishAs(context: PublishContext, message: MessageView, depth: number): number {
    if (depth >= PUBLISH_DEPTH_MAX) return 0;
    // Whatever made the subject: it has to fit into frames.
    if (message.subjectEnd - message.subjectStart > LIMITS.subjectBytesMax) return 0;
    const plan = this.planFor(context, message, depth);
    return Math.max(0, this.run(plan, message, context, depth));
  }

  /** SU-33: names the message by `drawn`, or by a draw; null = it is lost on purpose (SU-34). */
  draw(message: MessageView, mapping: MappingChoice, drawn?: string): string | null {
    const chosen = drawn ?? mapping.choose(this.#dependencies.prng);
    message.source?.trace?.mapped(chosen ?? "");
    if (chosen !== null) renameMessage(message, chosen, this.#dependencies.hashSeed);
    return chosen;
  }

  /** Uniform integer below `bound`, for picks among local members. */
  choose(bound: number): number {
    return this.#dependencies.prng.below(bound);
  }

  /** Local targets and one frame: no picks, one look at the lane (bench rows `w2-*`). */
  #runSoleRemote(plan: Plan, remote: RemoteTarget, message: MessageView): number {
    const { deliverer, lanes } = this.#dependencies;
    const { targets } = plan;
    const hasRoom = lanes.open(remote, undefined, message, itemBytes(message));
    if (!hasRoom && message.mayPark) {
      this.parkedOn = remote.thread;
      return PARKED;
    }
    let delivered = 0;
    if (targets.length > 0) delivered = deliverer.deliver(targets, plan.plain, message);
    const asks = delivered === 0 && message.wantsNoResponders && message.replyStart >= 0;
    const itemFlags = asks ? ITEM_SOLE : 0;
    if (hasRoom) lanes.append(remote.thread, message, itemFlags);
    else this.#sendApart(remote, NO_PICKS, message, itemFlags);
    return delivered + 1;
  }

  /** One member of one group, here or there (bench rows `8-queue-members`). */
  #runSoleQueue(step: QueueStep, message: MessageView): number {
    if (step.total === 0) return 0;
    const { deliverer, lanes, prng } = this.#dependencies;
    const choice = prng.below(step.total);
    const members = step.local.length;
    if (choice < members) {
      if (deliverer.deliverOne(step.local[choice] as Target, message) === 1) return 1;
      for (let i = 1; i < members; i += 1) {
        const other = step.local[(choice + i) % members] as Target;
        if (deliverer.deliverOne(other, message) === 1) return 1;
      }
      if (step.remotes.length === 0) return 0;
    }
    const remote = step.remotes[choice < members ? 0 : placeOf(step, choice)] as RemoteTarget;
    const itemFlags = message.wantsNoResponders && message.replyStart >= 0 ? ITEM_SOLE : 0;
    if (lanes.open(remote, step.name, message, itemBytes(message))) {
      lanes.append(remote.thread, message, itemFlags);
    } else if (message.mayPark) {
      this.parkedOn = remote.thread;
      return PARKED;
    } else this.#sendApart(remote, [step.name], message, itemFlags);
    return 1;
  }

  #runSteps(plan: Plan, message: MessageView, context: PublishContext, depth: number): number {
    const { deliverer } = this.#dependencies;
    const picks = this.#picks;
    if (message.mayPark && this.mustWait) {
      this.parkedOn = this.#dependencies.threadIndex;
      return PARKED;
    }
    picks.draw(plan.queues);
    const remotes = plan.remotes;
    if (message.mayPark && !this.#haveRoom(plan, message)) {
      for (const remote of remotes ?? []) remote.picks.length = 0;
      return PARKED;
    }
    let delivered = 0;
    const targets = plan.targets;
    this.spend(targets.length + picks.count, message.bodyEnd - message.bodyStart);
    this.spend(picks.drawn - picks.count, 0);
    if (targets.length > 0) delivered = deliverer.deliver(targets, plan.plain, message);
    if (picks.count > 0) delivered += picks.deliver(plan.queues ?? [], message);
    if (remotes !== undefined) delivered += this.#sendFrames(remotes, message, delivered);
    if (plan.services !== undefined) {
      delivered += this.#dependencies.services().request(plan, message, context, depth);
    }
    if (plan.serviceReply && this.#dependencies.services().reply(message, context)) delivered += 1;
    return delivered;
  }

  /** True when no lane that would get a frame is full: nobody has got the message yet. */
  #haveRoom({ remotes, serviceReply }: Plan, message: MessageView): boolean {
    const { lanes, services } = this.#dependencies;
    const bytes = itemBytes(message);
    for (let i = 0; remotes !== undefined && i < remotes.length; i += 1) {
      const remote = remotes[i] as RemoteTarget;
      const { picks } = remote;
      if (!remote.plain && picks.length === 0) continue;
      const hasRoom =
        picks.length === 0
          ? lanes.open(remote, undefined, message, bytes)
          : lanes.hasRoom(remote, message, bytes);
      if (!hasRoom) {
        this.parkedOn = remote.thread;
        return false;
      }
    }
    const thread = serviceReply ? services().replyParksOn(message) : -1;
    if (thread >= 0) this.parkedOn = thread;
    return thread < 0;
  }

  #sendFrames(remotes: readonly RemoteTarget[], message: MessageView, delivered: number): number {
    const { lanes } = this.#dependencies;
    let sent = 0;
    const asks = message.wantsNoResponders && delivered === 0 && message.replyStart >= 0;
    const frames = asks ? framesOf(remotes) : 0;
    const itemFlags = asks && frames <= BALLOT_FRAMES_MAX ? ITEM_SOLE : 0;
    const ballot = itemFlags !== 0 && frames > 1 ? this.ballots.next() : 0;
    const bytes = itemBytes(message);
    for (let i = 0; i < remotes.length; i += 1) {
      const remote = remotes[i] as RemoteTarget;
      const { picks } = remote;
      if (!remote.plain && picks.length === 0) continue;
      if (picks.length === 0 && ballot === 0 && lanes.open(remote, undefined, message, bytes)) {
        lanes.append(remote.thread, message, itemFlags);
      } else {
        this.#sendApart(remote, picks, message, itemFlags, ballot, frames);
        if (picks.length > 0) picks.length = 0;
      }
      sent += 1;
    }
    return sent;
  }

  /** A frame of its own; it spills when the lane is full. */
  #sendApart(
    remote: RemoteTarget,
    picks: readonly Buffer[],
    message: MessageView,
    itemFlags: number,
    ballot = 0,
    frames = 1,
  ): void {
    const { thread, account, subject, subjectHash, plain } = remote;
    const own = subject ?? message.subject;
    const start = subject === undefined ? message.subjectStart : 0;
    const end = subject === undefined ? message.subjectEnd : subject.length;
    const hash = subject === undefined ? message.hash : subjectHash;
    const flags = plain ? FLAG_PLAIN : 0;
    const { lanes } = this.#dependencies;
    // biome-ignore format: one call
    lanes.send(thread, message, account, own, start, end, hash, picks, flags, 0, 0, itemFlags,
      ballot, frames);
  }

  /** SU-33, for what the broker publishes itself: draws one destination, follows its own plan. */
  #runMapped(choice: MappingChoice, message: MessageView, account: number, depth: number): number {
    if (depth + 1 >= PUBLISH_DEPTH_MAX) return 0;
    const { subject, subjectStart, subjectEnd, hash } = message;
    if (this.draw(message, choice) === null) return 1;
    const mapped = this.#dependencies.contexts().mapped(account);
    const result = this.run(this.planFor(mapped, message, depth + 1), message, mapped, depth + 1);
    setSubject(message, subject, subjectStart, subjectEnd, hash);
    return result;
  }

  get routing(): AccountRouting {
    return this.#dependencies.compiler.routing;
  }

  #stillValid(plan: Plan): boolean {
    const { generations } = this.#dependencies;
    const pairs = plan.generations;
    for (let i = 0; i < pairs.length; i += 2) {
      if (generations.read(pairs[i] as number) !== pairs[i + 1]) return false;
    }
    plan.checkedEpoch = this.epoch;
    return true;
  }

  #compile(
    context: PublishContext,
    message: MessageView,
    depth: number,
    keep: boolean,
    spareBytes = 0,
  ): Plan {
    this.misses += 1;
    const { subject, subjectStart, subjectEnd, hash } = message;
    const { compiler } = this.#dependencies;
    const isOwn = keep || spareBytes > 0;
    // biome-ignore format: one call
    const plan = compiler.compile(context, subject, subjectStart, subjectEnd, hash, isOwn, depth,
      spareBytes);
    plan.checkedEpoch = this.epoch;
    this.spendLooks(compiler.looks);
    if (!keep) return plan;
    this.cache.insert(plan);
    this.fanoutMax = Math.max(this.fanoutMax, localTargets(plan));
    return plan;
  }
}
