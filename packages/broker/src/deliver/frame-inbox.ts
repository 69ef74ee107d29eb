// Frames from other threads: deliver to this thread's subscriptions, pick queue members, find
// another thread when the picked group has gone, answer "nobody". Owned by the worker's core.
import { assert } from "@weft/base";
import type { Bus } from "../ports.ts";
import type { ContextTable } from "../publish/context.ts";
import { MessageView } from "../publish/message-view.ts";
import type { Plan, QueueStep } from "../publish/plan.ts";
import type { Publisher, ServiceStep } from "../publish/publisher.ts";
import {
  encodeControlFrame,
  FLAG_PLAIN,
  FLAG_SERVICE_REPLY,
  FLAG_SOLE,
  FRAME_MESSAGE,
  FRAME_NO_RESPONDERS,
  MessageFrame,
  readMessageFrame,
} from "./bus-frame.ts";
import type { Deliverer } from "./deliverer.ts";
import type { RemoteLanes } from "./remote-lanes.ts";

export interface FrameInboxDependencies {
  readonly bus: Bus;
  readonly lanes: RemoteLanes;
  readonly deliverer: Deliverer;
  readonly publisher: Publisher;
  readonly contexts: () => ContextTable;
  readonly services: () => ServiceStep;
  /** A connection of this thread published to nobody. */
  noResponders(clientId: number, subject: Buffer, reply: Buffer): void;
}

export class FrameInbox {
  /** The message of the frame in hand, for flow control. */
  readonly message = new MessageView();
  /** Queue picks that found their group gone here and went to another thread. */
  repicked = 0;
  readonly #frame = new MessageFrame();
  /** Picked groups of the frame in hand that have no member here. */
  readonly #missing: Buffer[] = [];
  readonly #dependencies: FrameInboxDependencies;

  constructor(dependencies: FrameInboxDependencies) {
    this.#dependencies = dependencies;
  }

  onDataFrame(bytes: Buffer, start: number, end: number): void {
    const { message } = this;
    const frame = this.#frame;
    assert(bytes[start] === FRAME_MESSAGE, "a data frame is a message");
    readMessageFrame(bytes, start, message, frame);
    assert(message.bodyEnd + 2 <= end, "a frame holds all of its message");
    message.source = undefined;
    message.mayPark = false;
    message.hops = 0;
    message.wantsNoResponders = (frame.flags & FLAG_SOLE) !== 0;
    const { deliverer, publisher } = this.#dependencies;
    const contexts = this.#dependencies.contexts();
    if ((frame.flags & FLAG_SERVICE_REPLY) !== 0) {
      this.#dependencies.services().reply(message, contexts.internal(frame.account));
      return;
    }
    const plan = publisher.planFor(contexts.inbound(frame.account), message, 0);
    let delivered = 0;
    if ((frame.flags & FLAG_PLAIN) !== 0 && plan.targets.length > 0) {
      delivered = deliverer.deliver(plan.targets, plan.plain, message);
      if (plan.hasSteps) publisher.spend(plan.targets.length, message.bodyEnd - message.bodyStart);
    }
    const missing = this.#missing;
    missing.length = 0;
    for (let i = 0; i < frame.picks.length; i += 1) {
      const name = frame.picks[i] as Buffer;
      if (this.#deliverToGroup(plan, name)) delivered += 1;
      else missing.push(name);
    }
    const isSole = delivered === 0 && missing.length === 1;
    for (const name of missing) if (this.#pickAgain(frame, name, isSole)) delivered += 1;
    if (delivered === 0 && message.wantsNoResponders) this.#tellNobody();
  }

  #deliverToGroup(plan: Plan, name: Buffer): boolean {
    const step = plan.queueNamed(name);
    if (step === undefined || step.local.length === 0) return false;
    const { deliverer, publisher } = this.#dependencies;
    const first = publisher.choose(step.local.length);
    for (let i = 0; i < step.local.length; i += 1) {
      const target = step.local[(first + i) % step.local.length];
      if (target !== undefined && deliverer.deliverOne(target, this.message) === 1) return true;
    }
    return false;
  }

  /** SU-25: the group has no member here any more; another thread may have one. */
  #pickAgain(frame: MessageFrame, name: Buffer, sole: boolean): boolean {
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
    this.repicked += 1;
    const flags = sole && message.wantsNoResponders ? FLAG_SOLE : 0;
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
    );
    return true;
  }

  /** The publisher asked to be told, and this frame was its only hope (CP-64). */
  #tellNobody(): void {
    const { message } = this;
    if (message.replyStart < 0) return;
    const subject = message.subject.subarray(message.subjectStart, message.subjectEnd);
    const reply = message.reply.subarray(message.replyStart, message.replyEnd);
    const { sourceThread, sourceClientId } = message;
    const { bus } = this.#dependencies;
    if (sourceThread === bus.threadIndex) {
      this.#dependencies.noResponders(sourceClientId, subject, reply);
      return;
    }
    const frame = encodeControlFrame(FRAME_NO_RESPONDERS, sourceClientId, subject, reply);
    bus.sendControl(sourceThread, frame);
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
