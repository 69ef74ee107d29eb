// Frames from other threads: deliver to this thread's subscriptions, pick queue members, find
// another thread when the picked group has gone, answer "nobody". Owned by the worker's core.
import { AssertionFailure, assert, type Log } from "@weft/base";
import { matchesBytes } from "@weft/subjects";
import { workOfText } from "../message-trace/trace-report.ts";
import type { Bus } from "../ports.ts";
import type { ContextTable } from "../publish/context.ts";
import { MessageView } from "../publish/message-view.ts";
import type { Plan, QueueStep } from "../publish/plan.ts";
import type { Publisher } from "../publish/publisher.ts";
import type { ServiceStep } from "../publish/service-step.ts";
import { faultText } from "../session/faulty-session.ts";
import type { Subscription, SubscriptionTable } from "../subscribe/subscription.ts";
import {
  encodeControlFrame,
  FLAG_PLAIN,
  FLAG_SERVICE_REPLY,
  FLAG_TRACE_REPORT,
  FLAG_TRACED,
  FRAME_MESSAGE,
  FRAME_NO_RESPONDERS,
  FrameHead,
  ITEM_SOLE,
  readFrameHead,
  readItem,
} from "./bus-frame.ts";
import { type Deliverer, deliverPlain } from "./deliverer.ts";
import type { RemoteLanes } from "./remote-lanes.ts";

/** As in deliverer.ts: larger bodies are shared. V8 folds constants of the same module only. */
const HIT_BODY_BYTES = 8 * 1024;

/** Frames that are no usual messages. */
const FLAGS_APART = FLAG_SERVICE_REPLY | FLAG_TRACED | FLAG_TRACE_REPORT;

/** More subscriptions of one filter are left to a plan. */
const NODE_TARGETS_MAX = 4;

export interface FrameInboxDependencies {
  readonly bus: Bus;
  readonly log: Log;
  readonly lanes: RemoteLanes;
  readonly deliverer: Deliverer;
  readonly publisher: Publisher;
  readonly subscriptions: SubscriptionTable;
  readonly contexts: () => ContextTable;
  readonly services: () => ServiceStep;
  /** A connection of this thread published to nobody. */
  noResponders(answer: NobodyThere): void;
}

/** A request of a connection of this thread reached nobody on some thread. */
export interface NobodyThere {
  readonly clientId: number;
  readonly subject: Buffer;
  readonly reply: Buffer;
  /** The request went to `frames` threads, which all have to say so; 0 = to one only. */
  readonly ballot: number;
  readonly frames: number;
}

export class FrameInbox {
  /** The message of the frame in hand, for flow control. */
  readonly message = new MessageView();
  readonly #frame = new FrameHead();
  /** Picked groups of the frame in hand that have no member here. */
  readonly #missing: Buffer[] = [];
  readonly #receivers: (Subscription | undefined)[] = [];
  /** By thread: offset behind the items of its next frame that are done already. */
  readonly #doneBytes: number[];
  /** A control frame was sent for the item in hand. */
  #hasAnswered = false;
  readonly #dependencies: FrameInboxDependencies;

  constructor(dependencies: FrameInboxDependencies) {
    this.#dependencies = dependencies;
    this.#doneBytes = new Array(dependencies.bus.threadsCount).fill(0);
  }

  /**
   * False: the turn is spent; the frame is to be offered again and goes on where it stopped. A fault
   * loses the frame: there is no connection here that could be charged for it (F27).
   */
  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean {
    try {
      return this.#take(from, bytes, start, end);
    } catch (error) {
      if (error instanceof AssertionFailure) throw error;
      this.#doneBytes[from] = 0;
      const text = `A message between threads was lost by a fault: ${faultText(error)}`;
      this.#dependencies.log.write("error", text);
      return true;
    }
  }

  #take(from: number, bytes: Buffer, start: number, end: number): boolean {
    const { message } = this;
    const frame = this.#frame;
    assert(bytes[start] === FRAME_MESSAGE, "a data frame is a message");
    const first = readFrameHead(bytes, start, message, frame);
    message.source = undefined;
    message.mayPark = false;
    message.hops = 0;
    const { publisher, bus } = this.#dependencies;
    // A flood of requests that nobody takes: their publisher waits until it has its answers.
    if (message.sourceThread !== bus.threadIndex && bus.controlWaits(message.sourceThread)) {
      return false;
    }
    const contexts = this.#dependencies.contexts();
    let at = start + (this.#doneBytes[from] as number);
    if (at === start) at = first;
    else this.#doneBytes[from] = 0;
    if ((frame.flags & FLAGS_APART) !== 0) {
      readItem(bytes, at, message);
      this.#takeApart(contexts);
      return true;
    }
    const context = contexts.inbound(frame.account);
    if (frame.node !== 0 && frame.picks.length === 0) {
      const kept = publisher.keptPlanFor(context, message);
      if (kept !== undefined) return this.#runItems(kept, from, bytes, start, at, end);
      const reached = this.#deliverToNode(bytes, at, end);
      if (reached >= 0) {
        if (reached < end) this.#doneBytes[from] = reached - start;
        return reached === end;
      }
      const passing = publisher.passingPlanFor(context, message);
      return this.#runItems(passing, from, bytes, start, at, end);
    }
    const plan = publisher.planFor(context, message, 0);
    return this.#runItems(plan, from, bytes, start, at, end);
  }

  /** A reply to a service, a traced message or the report of one: frames of one item. */
  #takeApart(contexts: ContextTable): void {
    const { message } = this;
    const frame = this.#frame;
    const { publisher, services } = this.#dependencies;
    const { tracer } = publisher;
    if ((frame.flags & FLAG_TRACE_REPORT) !== 0) {
      tracer?.awaited.take(frame.ballot, message.body.subarray(message.bodyStart, message.bodyEnd));
      publisher.spend(workOfText(message.bodyEnd - message.bodyStart), 0);
    } else if ((frame.flags & FLAG_SERVICE_REPLY) !== 0) {
      const exporter = contexts.internal(frame.account);
      const [responder] = frame.picks;
      const pass = (): boolean => services().reply(message, exporter, responder);
      if ((frame.flags & FLAG_TRACED) === 0 || tracer === undefined) pass();
      else tracer.onAnswer(frame, message, pass);
    } else {
      tracer?.onFrame(frame, message, (name) => this.#pickAgain(frame, name, false));
    }
    tracer?.awaited.finishDue();
  }

  /** All items of the frame in hand from `first` on, as far as the turn allows. */
  #runItems(
    plan: Plan,
    from: number,
    bytes: Buffer,
    start: number,
    first: number,
    end: number,
  ): boolean {
    const { message } = this;
    const frame = this.#frame;
    const { publisher } = this.#dependencies;
    let at = first;
    const isDirect = plan.direct && frame.picks.length === 0 && (frame.flags & FLAG_PLAIN) !== 0;
    while (at < end) {
      const next = readItem(bytes, at, message);
      assert(next <= end, "a frame holds all of its items");
      if (!isDirect) this.#deliver(plan, frame);
      else if (message.bodyEnd - message.bodyStart < HIT_BODY_BYTES && plan.targets.length > 0) {
        const delivered = deliverPlain(
          plan.targets,
          bytes,
          bytes,
          message.replyStart,
          message.replyEnd,
          message.tailStart,
          next,
          message.headerBytes < 0 ? 0 : 1,
          message.bodyEnd - message.bodyStart,
        );
        if (delivered === 0 && message.wantsNoResponders) this.#tellNobody();
      } else this.#deliver(plan, frame);
      at = next;
      if (at < end && (publisher.isSpent || this.#mustWait())) {
        this.#doneBytes[from] = at - start;
        return false;
      }
    }
    return true;
  }

  /** True when answers to the thread of this frame wait for room. Asked only after an answer. */
  #mustWait(): boolean {
    if (!this.#hasAnswered) return false;
    this.#hasAnswered = false;
    return this.#dependencies.bus.controlWaits(this.message.sourceThread);
  }

  /**
   * The sender named the only node that matches, and the subject is new here, as replies are: its
   * subscriptions get the message without a plan. Returns the end of what was delivered; -1, and nothing
   * is delivered, if the node has changed its owner or somebody needs a decision.
   */
  #deliverToNode(bytes: Buffer, first: number, end: number): number {
    const { message } = this;
    const frame = this.#frame;
    const { subscriptions, deliverer } = this.#dependencies;
    const plain = subscriptions.at(frame.node)?.plain;
    if (plain === undefined || plain.length === 0 || plain.length > NODE_TARGETS_MAX) return -1;
    // Large bodies are shared by several receivers; that is a plan's business.
    if (plain.length > 1 && end - first >= HIT_BODY_BYTES) return -1;
    const { filter } = plain[0] as Subscription;
    const { subject, subjectStart, subjectEnd } = message;
    if (!matchesBytes(filter, subject, subjectStart, subjectEnd)) return -1;
    for (let i = 0; i < plain.length; i += 1) {
      const subscription = plain[i] as Subscription;
      const { session } = subscription;
      if (subscription.filtered || subscription.max > 0 || session.specialTarget) return -1;
      if (session.review !== undefined) return -1;
      if (subscription.account !== frame.account || !session.headersEnabled) return -1;
      // A receiver that overflows is closed and leaves the list while it is walked.
      this.#receivers[i] = subscription;
    }
    const count = plain.length;
    let at = first;
    while (at < end) {
      at = readItem(bytes, at, message);
      assert(at <= end, "a frame holds all of its items");
      let delivered = 0;
      for (let i = 0; i < count; i += 1) {
        delivered += deliverer.deliverNew(this.#receivers[i] as Subscription, message);
      }
      if (delivered === 0 && message.wantsNoResponders) this.#tellNobody();
      if (at < end && this.#mustWait()) break;
    }
    for (let i = 0; i < count; i += 1) this.#receivers[i] = undefined;
    return at;
  }

  /** One message of the frame in hand, which may be for plain subscriptions, groups or both. */
  #deliver(plan: Plan, frame: FrameHead): void {
    const { message } = this;
    const { deliverer, publisher } = this.#dependencies;
    let delivered = 0;
    if ((frame.flags & FLAG_PLAIN) !== 0 && plan.targets.length > 0) {
      delivered = deliverer.deliver(plan.targets, plan.plain, message);
      if (plan.hasSteps) publisher.spend(plan.targets.length, message.bodyEnd - message.bodyStart);
    }
    const { picks } = frame;
    if (picks.length > 0) delivered += this.#deliverToGroups(plan, frame, delivered);
    if (delivered === 0 && message.wantsNoResponders) this.#tellNobody();
  }

  #deliverToGroups(plan: Plan, frame: FrameHead, deliveredBefore: number): number {
    const missing = this.#missing;
    if (missing.length > 0) missing.length = 0;
    let delivered = 0;
    const { picks } = frame;
    this.#dependencies.publisher.spend(picks.length, this.message.bodyEnd - this.message.bodyStart);
    for (let i = 0; i < picks.length; i += 1) {
      const name = picks[i] as Buffer;
      if (this.#deliverToGroup(plan, name)) delivered += 1;
      else missing.push(name);
    }
    if (missing.length === 0) return delivered;
    const isSole = deliveredBefore + delivered === 0 && missing.length === 1;
    for (const name of missing) if (this.#pickAgain(frame, name, isSole)) delivered += 1;
    return delivered;
  }

  #deliverToGroup(plan: Plan, name: Buffer): boolean {
    const step = plan.queueNamed(name);
    if (step === undefined || step.localCount === 0) return false;
    const { deliverer, publisher } = this.#dependencies;
    const members = step.localCount;
    const first = publisher.choose(members);
    for (let i = 0; i < members; i += 1) {
      const target = step.memberAt((first + i) % members);
      if (deliverer.deliverOne(target, this.message) === 1) return true;
    }
    return false;
  }

  /** SU-25: the group has no member here any more; another thread may have one. */
  #pickAgain(frame: FrameHead, name: Buffer, sole: boolean): boolean {
    const { bus, lanes, publisher } = this.#dependencies;
    const { message } = this;
    const here = bus.threadIndex;
    let low = frame.triedLow;
    let high = frame.triedHigh;
    if (here < 32) low |= 1 << here;
    else high |= 1 << (here - 32);
    // Interest of other threads may have changed since this one last looked.
    publisher.beginTurn();
    const context = this.#dependencies.contexts().mapped(frame.account);
    const plan = publisher.planFor(context, message, 1);
    const step = plan.queueNamed(name);
    if (step === undefined) return false;
    const place = untriedPlace(step, low, high);
    const remote = place < 0 ? undefined : step.remotes[place];
    if (remote === undefined) return false;
    const itemFlags = sole && message.wantsNoResponders ? ITEM_SOLE : 0;
    const flags = frame.flags & FLAG_TRACED;
    const { subject, subjectStart, subjectEnd, hash } = message;
    const copy = [Buffer.from(name)];
    lanes.send(
      remote.thread,
      message,
      frame.account,
      subject,
      subjectStart,
      subjectEnd,
      hash,
      copy,
      flags,
      low,
      high,
      itemFlags,
      itemFlags === 0 && flags === 0 ? 0 : frame.ballot,
      frame.frames,
    );
    return true;
  }

  /** The publisher asked to be told, and this frame reaches nobody (CP-64). */
  #tellNobody(): void {
    const { message } = this;
    if (message.replyStart < 0) return;
    const subject = message.subject.subarray(message.subjectStart, message.subjectEnd);
    const reply = message.reply.subarray(message.replyStart, message.replyEnd);
    const { sourceThread, sourceClientId: clientId } = message;
    const { ballot, frames } = this.#frame;
    const { bus } = this.#dependencies;
    if (sourceThread === bus.threadIndex) {
      this.#dependencies.noResponders({ clientId, subject, reply, ballot, frames });
      return;
    }
    this.#hasAnswered = true;
    const kind = FRAME_NO_RESPONDERS;
    bus.sendControl(
      sourceThread,
      encodeControlFrame(kind, clientId, subject, reply, ballot, frames),
    );
  }
}

/** Place of a remote destination of `step` on a thread not yet tried, or -1. */
function untriedPlace(step: QueueStep, low: number, high: number): number {
  for (let place = 0; place < step.remotes.length; place += 1) {
    const thread = step.remotes[place]?.thread ?? 0;
    const tried = thread < 32 ? low & (1 << thread) : high & (1 << (thread - 32));
    if (tried === 0) return place;
  }
  return -1;
}
