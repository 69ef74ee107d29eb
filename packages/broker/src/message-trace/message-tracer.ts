// Follows traced messages (AC-70 to AC-76): the same plans as for any message, but each subscription
// one by one, so that what came of it can be told. What other threads do is told by reports; the event
// leaves when the last one is there. Owned by the worker's core.
//
// Must stay true: a traced message is delivered as any other, or, where only a trace is wanted, to
// nobody; a message that is parked was delivered to nobody and told of nothing; a thread that does
// not report delays one event and keeps none for ever; no event leaves while a message is in hand,
// and one that cannot be made costs nobody anything.
import {
  FLAG_PLAIN,
  FLAG_TRACE_REPORT,
  FLAG_TRACED,
  type FrameHead,
  itemBytes,
} from "../deliver/bus-frame.ts";
import type { Deliverer } from "../deliver/deliverer.ts";
import type { RemoteLanes } from "../deliver/remote-lanes.ts";
import { fillMessage } from "../internal/internal-message.ts";
import type { BrokerDependencies } from "../ports.ts";
import { MessageView, setSubject } from "../publish/message-view.ts";
import {
  framesOf,
  type Plan,
  placeOf,
  type QueueStep,
  type RemoteTarget,
  type Target,
} from "../publish/plan.ts";
import type { PlanCompiler, RefusedSubscription } from "../publish/plan-compiler.ts";
import { PARKED, type Publisher } from "../publish/publisher.ts";
import type { ServiceStep } from "../publish/service-step.ts";
import { AwaitedReports } from "./awaited-reports.ts";
import { disableTrace } from "./disabled-trace.ts";
import { type MessageTrace, strangersTrace } from "./message-trace.ts";
import { type EgressError, mappingEntry, serviceImportEntry, textOf } from "./trace-event.ts";
import { publishTrace, type TracePublisherHost } from "./trace-publisher.ts";
import { encodeReport, ReportedList, type TraceReport, workOfText } from "./trace-report.ts";
import { TracedDelivery } from "./traced-delivery.ts";
import { TracedWays } from "./traced-ways.ts";

/** Control's number: its services belong to the server itself, which the reference does not show. */
const CONTROL_THREAD = 0;
const REPORT_SUBJECT = Buffer.from("r", "latin1");
const NO_BYTES = Buffer.alloc(0);
const NO_PICKS: readonly Buffer[] = [];
/** Members of a group that are told of although they did not take the message. */
const MISSED_MEMBERS_MAX = 4_096;
/** To follow a message and to tell of a subscription or of a report, against a delivery. */
const WORK_PER_MESSAGE = 1_000;
const WORK_PER_ENTRY = 64;

export interface TracerParts
  extends Pick<BrokerDependencies, "bus" | "clock" | "hashSeed" | "log" | "nextEventSequence"> {
  readonly compiler: PlanCompiler;
  readonly deliverer: Deliverer;
  readonly lanes: RemoteLanes;
  readonly services: () => ServiceStep;
}

/** The member of a group that a draw fell on: `choice` among the local ones, or beyond. */
interface Draw {
  readonly step: QueueStep;
  readonly choice: number;
}

export class MessageTracer {
  readonly #host: TracePublisherHost;
  readonly #parts: TracerParts;
  readonly #delivery: TracedDelivery;
  /** What other threads have still to tell. */
  readonly awaited: AwaitedReports;

  constructor(host: TracePublisherHost, parts: TracerParts) {
    this.#host = host;
    this.#parts = parts;
    this.#delivery = new TracedDelivery(parts.deliverer, parts.clock);
    this.awaited = new AwaitedReports(parts.clock, (trace) => {
      publishTrace(trace, host, parts);
      trace.whenDone?.();
    });
  }

  /** Like `Publisher.run` for a message of a client: deliveries and frames, or `PARKED`. */
  run(trace: MessageTrace, message: MessageView, account: number): number {
    const { subject, subjectStart, subjectEnd, hash } = message;
    this.#host.publisher.spend(WORK_PER_MESSAGE, 0);
    const isLost = !this.#map(message, account, trace.drawn, (to) => {
      trace.add(mappingEntry(textOf(to), this.#parts.clock.unixNanos()));
    });
    // SU-34: nobody is told.
    if (isLost) trace.delivered += 1;
    const result = isLost ? 1 : this.#follow(trace, message, account, 0);
    setSubject(message, subject, subjectStart, subjectEnd, hash);
    return result;
  }

  /** The publisher's part is done: the event leaves when all reports are there. */
  end(trace: MessageTrace): void {
    this.awaited.followed(trace);
    this.awaited.finishDue();
  }

  /**
   * A traced message goes on into `account`, as a request or an answer (AC-74). `view`: in the form in
   * which it goes on. True if it reached anybody.
   */
  through(
    allowTrace: boolean,
    account: number,
    message: MessageView,
    view: MessageView,
    depth: number,
  ): boolean {
    const { trace } = message;
    if (trace === undefined) return false;
    const { publisher, contexts } = this.#host;
    const from = message.subject.toString("utf8", message.subjectStart, message.subjectEnd);
    let to = view.subject.toString("latin1", view.subjectStart, view.subjectEnd);
    const isLost = !this.#map(view, account, undefined, (mapped) => {
      to = mapped;
    });
    const { name } = this.#parts.compiler.routing.account(account).snapshot;
    trace.add(serviceImportEntry(name, from, textOf(to), this.#parts.clock.unixNanos()));
    if (isLost) return true;
    if (allowTrace) {
      view.trace = trace;
      const reached = this.#follow(trace, view, account, depth) > 0;
      view.trace = undefined;
      return reached;
    }
    if (trace.only) return false;
    disableTrace(view);
    return publisher.publishAs(contexts.mapped(account), view, depth) > 0;
  }

  /**
   * A traced message of another thread, for subscriptions of this one. `pickAgain` sends it on to
   * another member of a group that has none here; false = there is none.
   */
  onFrame(frame: FrameHead, message: MessageView, pickAgain: (name: Buffer) => boolean): void {
    const { publisher, contexts } = this.#host;
    const only = frame.frames === 1;
    const { ballot: report, picks, account } = frame;
    const refused: RefusedSubscription[] = [];
    const plan = this.#plan(contexts.inbound(account), message, 0, refused);
    const list = new ReportedList();
    let delivered = 0;
    let tried = plan.targets.length;
    let forwarded = 0;
    const tell = ({ subscription }: Target, error: EgressError | undefined): void => {
      if (!list.isFull) list.add(this.#delivery.told(subscription, error));
    };
    if ((frame.flags & FLAG_PLAIN) !== 0) {
      for (const target of plan.targets) {
        const error = this.#delivery.attempt(target, message, only);
        if (error === undefined) delivered += 1;
        tell(target, error);
      }
      for (const { subscription } of refused) {
        if (list.isFull) break;
        if (subscription.queue === undefined) list.add(this.#delivery.told(subscription, "denied"));
      }
    }
    for (const name of picks) {
      const step = plan.queueNamed(name);
      const members = step?.localCount ?? 0;
      const first = publisher.choose(Math.max(1, members));
      const taker = step ? this.#deliverToOne(step, first, message, only, tell) : -1;
      tried += taker < 0 ? members : taker + 1;
      if (taker >= 0) delivered += 1;
      else if (pickAgain(Buffer.from(name))) forwarded += 1;
    }
    publisher.spend(tried, message.bodyEnd - message.bodyStart);
    publisher.spend(WORK_PER_MESSAGE + list.egress.length * WORK_PER_ENTRY, 0);
    const told = { delivered, forwarded, egress: list.egress, entries: [] };
    this.#send(report, message.sourceThread, told);
  }

  /** A traced answer whose request was made here: `pass` passes it on. */
  onAnswer(frame: FrameHead, message: MessageView, pass: () => void): void {
    const trace = strangersTrace(frame.frames === 1, this.#parts.clock.monotonicMs());
    message.trace = trace;
    try {
      pass();
    } finally {
      message.trace = undefined;
    }
    const told = { delivered: 0, forwarded: 0, egress: [], entries: trace.entries };
    this.#send(frame.ballot, message.sourceThread, told);
  }

  #send(report: number, thread: number, told: TraceReport): void {
    const bytes = encodeReport(told);
    this.#host.publisher.spend(workOfText(bytes.length), 0);
    const { bus, lanes } = this.#parts;
    // A group was looked for here last, where the message came from.
    if (thread === bus.threadIndex) {
      this.awaited.take(report, bytes);
      return;
    }
    const view = new MessageView();
    view.sourceThread = bus.threadIndex;
    fillMessage(view, NO_BYTES, bytes);
    // biome-ignore format: one call
    lanes.send(thread, view, 0, REPORT_SUBJECT, 0, REPORT_SUBJECT.length, 0, NO_PICKS,
      FLAG_TRACE_REPORT, 0, 0, 0, report, 0);
  }

  /** SU-31. Rewrites the subject in `account`, if it is not `drawn`; false = lost on purpose. */
  #map(
    message: MessageView,
    account: number,
    drawn: string | null | undefined,
    mapped: (to: string) => void,
  ): boolean {
    let chosen = drawn;
    if (chosen === undefined) {
      const { subject, subjectStart, subjectEnd } = message;
      const compiled = this.#parts.compiler.routing.account(account);
      const mapping = compiled.mapping(subject.toString("latin1", subjectStart, subjectEnd));
      if (mapping === undefined) return true;
      chosen = this.#host.publisher.draw(message, mapping);
    }
    mapped(chosen ?? "");
    return chosen !== null;
  }

  /** The plan of the message; whom it leaves out is told by one that is made for that alone. */
  #plan(
    context: Parameters<Publisher["passingPlanFor"]>[0],
    message: MessageView,
    depth: number,
    refused: RefusedSubscription[],
  ): Plan {
    const { publisher } = this.#host;
    const kept = publisher.planFor(context, message, depth);
    if (!kept.hasRefused) return kept;
    const { compiler } = this.#parts;
    compiler.refused = refused;
    const plan = publisher.passingPlanFor(context, message, depth);
    compiler.refused = undefined;
    return plan;
  }

  /** Everybody who wants the message in `account`, where it has its subject already. */
  #follow(trace: MessageTrace, message: MessageView, account: number, depth: number): number {
    const { publisher, contexts } = this.#host;
    const { bus, compiler } = this.#parts;
    const context = contexts.mapped(account);
    const refused: RefusedSubscription[] = [];
    const plan = this.#plan(context, message, depth, refused);
    const draws = this.#draw(plan);
    if (message.mayPark) {
      if (publisher.mustWait) publisher.parkedOn = bus.threadIndex;
      if (publisher.mustWait || !this.#haveRoom(plan, message)) {
        for (const { picks } of plan.remotes ?? []) picks.length = 0;
        return PARKED;
      }
    }
    const subject = message.subject.toString("latin1", message.subjectStart, message.subjectEnd);
    const ways = new TracedWays(compiler.routing, account, subject);
    let delivered = this.#deliverHere(trace, plan, draws, message, ways);
    this.#tellRefused(trace, plan, refused, ways);
    delivered += this.#sendFrames(trace, plan, message, ways, depth);
    const services = this.#parts.services();
    let passed = 0;
    if (plan.services !== undefined) passed = services.request(plan, message, context, depth);
    if (plan.serviceReply && services.reply(message, context)) passed += 1;
    if (depth === 0) trace.delivered += passed;
    return delivered + passed;
  }

  #draw(plan: Plan): Draw[] {
    const draws: Draw[] = [];
    for (const step of plan.queues ?? []) {
      if (step.total === 0) continue;
      const choice = this.#host.publisher.choose(step.total);
      draws.push({ step, choice });
      if (choice < step.localCount) continue;
      (step.remotes[placeOf(step, choice)] as RemoteTarget).picks.push(step.name);
    }
    return draws;
  }

  #haveRoom(plan: Plan, message: MessageView): boolean {
    const bytes = itemBytes(message);
    for (const remote of plan.remotes ?? []) {
      if (!remote.plain && remote.picks.length === 0) continue;
      if (this.#parts.lanes.hasRoom(remote, message, bytes)) continue;
      this.#host.publisher.parkedOn = remote.thread;
      return false;
    }
    const thread = plan.serviceReply ? this.#parts.services().replyParksOn(message) : -1;
    if (thread >= 0) this.#host.publisher.parkedOn = thread;
    return thread < 0;
  }

  #deliverHere(
    trace: MessageTrace,
    plan: Plan,
    draws: readonly Draw[],
    message: MessageView,
    ways: TracedWays,
  ): number {
    let delivered = 0;
    const { publisher } = this.#host;
    const before = trace.characters;
    const tell = (target: Target, error: EgressError | undefined): void => {
      if (trace.isFull) return;
      trace.addEgress(this.#delivery.told(target.subscription, error), ways.ofTarget(target));
    };
    publisher.spend(plan.targets.length, message.bodyEnd - message.bodyStart);
    for (const target of plan.targets) {
      const error = this.#delivery.attempt(target, message, trace.only);
      if (error === undefined) delivered += 1;
      tell(target, error);
    }
    for (const { step, choice } of draws) {
      if (choice >= step.localCount) continue;
      const taker = this.#deliverToOne(step, choice, message, trace.only, tell);
      if (taker >= 0) delivered += 1;
      // SU-25: another thread may have a member that can take it.
      else step.remotes[0]?.picks.push(step.name);
    }
    publisher.spend(2 * workOfText(trace.characters - before), 0);
    trace.delivered += message.hops === 0 ? delivered : 0;
    return delivered;
  }

  /**
   * One member of a group after the other, until one takes the message: how many did not, or -1. `tell`
   * hears of who takes it and of the first others; a group may have half a million members.
   */
  #deliverToOne(
    step: QueueStep,
    first: number,
    message: MessageView,
    only: boolean,
    tell: (target: Target, error: EgressError | undefined) => void,
  ): number {
    const members = step.localCount;
    for (let at = 0; at < members; at += 1) {
      const target = step.memberAt((first + at) % members);
      const error = this.#delivery.attempt(target, message, only);
      if (error === undefined || at < MISSED_MEMBERS_MAX) tell(target, error);
      if (error === undefined) return at;
    }
    return -1;
  }

  /** AZ-07. Members of a group are told of only where the group has nobody else. */
  #tellRefused(
    trace: MessageTrace,
    plan: Plan,
    refused: readonly RefusedSubscription[],
    ways: TracedWays,
  ): void {
    for (const { subscription, subject } of refused) {
      if (trace.isFull) return;
      const { queue } = subscription;
      const group = queue === undefined ? undefined : plan.queueNamed(Buffer.from(queue, "latin1"));
      if (group !== undefined && group.total > 0) continue;
      const told = this.#delivery.told(subscription, "denied");
      trace.addEgress(told, ways.of(subscription.account, subject));
    }
  }

  #sendFrames(
    trace: MessageTrace,
    plan: Plan,
    message: MessageView,
    ways: TracedWays,
    depth: number,
  ): number {
    const { lanes } = this.#parts;
    let sent = 0;
    for (const remote of plan.remotes ?? []) {
      const { thread, account, subject, plain, picks } = remote;
      if (!plain && picks.length === 0) continue;
      const own = subject ?? message.subject;
      const start = subject === undefined ? message.subjectStart : 0;
      const end = subject === undefined ? message.subjectEnd : subject.length;
      const hash = subject === undefined ? message.hash : remote.subjectHash;
      const isSilent = thread === CONTROL_THREAD;
      const way = ways.of(account, own.toString("latin1", start, end));
      const frames = framesOf([remote]);
      const report = isSilent ? 0 : this.awaited.add(trace.expect(way, depth === 0, frames));
      const flags = (plain ? FLAG_PLAIN : 0) | (isSilent ? 0 : FLAG_TRACED);
      // biome-ignore format: one call
      lanes.send(thread, message, account, own, start, end, hash, picks, flags, 0, 0, 0, report,
        trace.only ? 1 : 0);
      picks.length = 0;
      if (isSilent && depth === 0) trace.delivered += 1;
      sent += 1;
    }
    return sent;
  }
}
