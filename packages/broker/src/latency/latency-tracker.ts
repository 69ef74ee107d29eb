// Measures how long services take to answer (AC-60 to AC-65): which requests are measured, when they
// were made, what became of them. Owned by the worker that has the requester; the measurement is
// published in the account of the service. Nothing here runs for imports that are not measured.
//
// Must stay true: every measured request ends in one measurement or none, never two; those that
// wait for their end, or to be told of, are bounded; what is told of the requester is what its import
// shares; a measurement never waits and is never measured itself more than a few deep.
import type { AccountSnapshot, LatencySpec, ServiceImportSnapshot } from "@weft/accounts";
import type { Clock, Entropy, Millis } from "@weft/base";
import { eventId } from "@weft/control";
import { fillMessage, planReachesSomebody } from "../internal/internal-message.ts";
import type { ContextTable } from "../publish/context.ts";
import { MessageView } from "../publish/message-view.ts";
import { hashSubject } from "../publish/plan-compiler.ts";
import type { Publisher } from "../publish/publisher.ts";
import {
  type ClientDescription,
  type DescribedClient,
  describeClient,
} from "../session/client-description.ts";
import type { ClientSession } from "../session/client-session.ts";
import { type SamplingHeaders, samplingHeaders } from "./header-sampling.ts";
import { type LatencyFacts, type LatencyOutcome, latencyEvent } from "./latency-event.ts";
import { type Measured, MeasuredRequests, weightOf } from "./measured-requests.ts";

/** Behind the reply subject of a measured request, for the thread that answers it. */
const MARK = Buffer.from(".T", "latin1");
/** Requests looked at in one tick for requesters that are gone. */
const LOOKED_AT_MAX = 1_000;
/** Measurements of one tick for requests that timed out; the others follow with the next. */
const TOLD_MAX = 1_000;
/** Such requests that wait for it, by what they weigh; of further ones nobody is told. */
const UNTOLD_MAX = 16_384;
const NANOS_PER_MS = 1e6;
const NO_HEADER = Buffer.alloc(0);
const NOBODY: readonly Buffer[] = [];
/** Names in frames between threads have 16 bits for their length. */
const DESCRIPTION_BYTES_MAX = 0xffff;
/** Publishing beside the plan that is being followed. */
const TICK_DEPTH = 1;

export interface LatencyDependencies {
  readonly publisher: Publisher;
  readonly contexts: ContextTable;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly hashSeed: number;
}

/** Bytes of the mark at the end of a reply subject: 0 = the request is not measured. */
export function markBytes(subject: Buffer, end: number): number {
  return subject[end - 1] === MARK[1] && subject[end - 2] === MARK[0] ? MARK.length : 0;
}

export class LatencyTracker {
  accounts: readonly AccountSnapshot[];
  readonly #dependencies: LatencyDependencies;
  readonly #measured = new MeasuredRequests((measured) => this.#tellLater(measured));
  /** Forgotten without an answer; told on the tick. */
  readonly #timedOut: Measured[] = [];
  #timedOutWeight = 0;
  #looking: Iterator<Measured> | undefined;
  #lookedEpoch = -1;
  /** Who publishes the answer in hand: of this thread, or as another thread says. */
  #responder: ClientSession | undefined;
  #described: Buffer | undefined;

  constructor(accounts: readonly AccountSnapshot[], dependencies: LatencyDependencies) {
    this.accounts = accounts;
    this.#dependencies = dependencies;
  }

  /**
   * A request of `requestor` to a measured service. `message` is the request as published, `view` as
   * it is passed on; with a reply in `slot` the mark is put behind it.
   */
  requested(
    service: ServiceImportSnapshot,
    slot: number,
    requestor: DescribedClient | undefined,
    message: MessageView,
    view: MessageView,
    depth: number,
  ): void {
    const { latency } = service;
    if (latency === undefined || requestor === undefined) return;
    // Sessions are the only ones that ask: the server's own messages are not measured.
    const session = requestor as ClientSession;
    const { clock } = this.#dependencies;
    const hasReply = message.replyStart >= 0;
    if (hasReply && slot < 0) return;
    const sampled = this.#sample(latency, message);
    if (sampled === undefined) return;
    const header = sampled === true ? undefined : JSON.stringify(sampled);
    const reply = hasReply ? this.#waitsOn(message, service.importer, depth) : undefined;
    const measured: Measured = {
      service,
      requestor: session,
      header,
      receivedAt: clock.unixNanos(),
      receivedMs: clock.monotonicMs(),
      reply,
      account: service.importer,
      slot,
      weight: weightOf(reply, header),
      older: undefined,
      newer: undefined,
    };
    if (!hasReply) {
      this.#publish(measured, "withoutReply", undefined, depth);
      return;
    }
    view.replyEnd += MARK.copy(view.reply, view.replyEnd);
    this.#measured.add(measured);
  }

  /** The request in `slot` found nobody. */
  undelivered(slot: number, depth: number): void {
    const measured = this.#measured.take(slot);
    if (measured !== undefined) this.#publish(measured, "noResponder", undefined, depth);
  }

  /** Who answers: a session of this thread, or its description from another one. */
  answeredBy(responder: ClientSession | undefined, described: Buffer | undefined): void {
    this.#responder = responder;
    this.#described = described;
  }

  /** The answer to the request in `slot` is about to be passed on. */
  answered(slot: number, depth: number): void {
    const measured = this.#measured.take(slot);
    if (measured === undefined) return;
    const answeredMs = this.#dependencies.clock.monotonicMs();
    this.#publish(measured, "answered", answeredMs, depth);
  }

  /** The table has forgotten the request in `slot`. */
  released(slot: number): void {
    const measured = this.#measured.take(slot);
    if (measured !== undefined) this.#tellLater(measured);
  }

  /** What another thread is told of who answers, as the only name in the frame. */
  description(responder: ClientSession | undefined): readonly Buffer[] {
    if (responder === undefined) return NOBODY;
    const text = Buffer.from(JSON.stringify(this.#describe(responder, true)), "utf8");
    return text.length > DESCRIPTION_BYTES_MAX ? NOBODY : [text];
  }

  /** Every 100 ms: tells of requests that were given up. `release` frees a slot. */
  tick(release: (slot: number) => void): void {
    for (const measured of this.#timedOut.splice(0, TOLD_MAX)) {
      this.#timedOutWeight -= measured.weight;
      this.#publish(measured, "timedOut", undefined, TICK_DEPTH);
    }
    if (this.#measured.size === 0) return;
    const { publisher } = this.#dependencies;
    publisher.beginTurn();
    if (this.#looking === undefined && this.#lookedEpoch === publisher.epoch) return;
    this.#lookedEpoch = publisher.epoch;
    this.#looking ??= this.#measured.values();
    for (let count = 0; count < LOOKED_AT_MAX; count += 1) {
      const next = this.#looking.next();
      if (next.done) {
        this.#looking = undefined;
        return;
      }
      const measured = next.value;
      const { slot, account, reply } = measured;
      if (reply === undefined || this.#isWanted(account, Buffer.from(reply, "latin1"))) continue;
      this.#measured.take(slot);
      release(slot);
      this.#publish(measured, "requesterGone", undefined, TICK_DEPTH);
    }
  }

  #tellLater(measured: Measured): void {
    const { weight } = measured;
    if (this.#timedOutWeight + weight > UNTOLD_MAX) return;
    this.#timedOutWeight += weight;
    this.#timedOut.push(measured);
  }

  /** True = by chance, headers = because of them, undefined = not. */
  #sample(latency: LatencySpec, message: MessageView): SamplingHeaders | true | undefined {
    const { samplingPercent } = latency;
    if (samplingPercent !== "headers") {
      if (samplingPercent >= 100) return true;
      if (this.#dependencies.publisher.choose(100) < samplingPercent) return true;
    }
    const { body, bodyStart, headerBytes } = message;
    if (headerBytes < 0) return undefined;
    return samplingHeaders(body.subarray(bodyStart, bodyStart + headerBytes));
  }

  /** The reply subject, as text of its own, if somebody waits on it. */
  #waitsOn(
    { reply, replyStart, replyEnd }: MessageView,
    account: number,
    depth: number,
  ): string | undefined {
    const subject = reply.subarray(replyStart, replyEnd);
    return this.#isWanted(account, subject, depth) ? subject.toString("latin1") : undefined;
  }

  #isWanted(account: number, subject: Buffer, depth = TICK_DEPTH): boolean {
    const { publisher, contexts } = this.#dependencies;
    const context = contexts.internal(account);
    return planReachesSomebody(publisher.planFor(context, this.#viewOf(subject), depth));
  }

  #viewOf(subject: Buffer): MessageView {
    const view = new MessageView();
    view.subject = subject;
    view.subjectEnd = subject.length;
    view.hash = hashSubject(subject, 0, subject.length, this.#dependencies.hashSeed);
    return view;
  }

  #describe(session: ClientSession, detailed: boolean): ClientDescription {
    const account = this.accounts[session.account]?.name ?? "";
    return describeClient(session, { account, detailed, withServer: detailed });
  }

  #describeResponder(): ClientDescription | undefined {
    if (this.#responder !== undefined) return this.#describe(this.#responder, true);
    if (this.#described === undefined) return undefined;
    return JSON.parse(this.#described.toString("utf8")) as ClientDescription;
  }

  /** A view of its own for each: one measurement may bring about another. */
  #publish(
    measured: Measured,
    outcome: LatencyOutcome,
    answeredMs: Millis | undefined,
    depth: number,
  ): void {
    const { publisher, contexts, clock, entropy } = this.#dependencies;
    const { service, requestor, header, receivedAt, receivedMs } = measured;
    const context = contexts.internal(service.exporter);
    const view = this.#viewOf(Buffer.from(service.latency?.subject ?? "", "latin1"));
    if (!planReachesSomebody(publisher.planFor(context, view, depth))) return;
    const isAnswered = answeredMs !== undefined;
    const facts: LatencyFacts = {
      outcome,
      requestor: this.#describe(requestor, service.share),
      responder: isAnswered ? this.#describeResponder() : undefined,
      header: header === undefined ? undefined : (JSON.parse(header) as SamplingHeaders),
      receivedAt,
      answeredAfterNanos: isAnswered ? nanos(answeredMs - receivedMs) : 0,
      passingNanos: isAnswered ? nanos(clock.monotonicMs() - answeredMs) : 0,
    };
    const event = latencyEvent(facts, eventId(entropy), clock.unixNanos());
    fillMessage(view, NO_HEADER, Buffer.from(JSON.stringify(event), "utf8"));
    publisher.publishAs(context, view, depth);
  }
}

function nanos(milliseconds: Millis): number {
  return Math.max(0, Math.round(milliseconds * NANOS_PER_MS));
}
