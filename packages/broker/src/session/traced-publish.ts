// A message whose headers ask for a trace (AC-70, AC-73, AC-75): may it be, where to, and whom is it
// from. Owned by the session's worker. Must stay true: who may not publish on the destination gets
// nothing published at all; where only a trace is wanted nothing is delivered, whatever else fails.
import { LIMITS } from "@weft/base";
import { packingFor } from "@weft/control";
import {
  type PublishParts,
  quoteBytes,
  readTraceRequest,
  TRACE_DESTINATION_HEADER,
  type TraceRequest,
} from "@weft/protocol";
import { isValidPublishSubject } from "@weft/subjects";
import { disableTrace } from "../message-trace/disabled-trace.ts";
import { MessageTrace } from "../message-trace/message-trace.ts";
import type { MessageTracer } from "../message-trace/message-tracer.ts";
import {
  type Ingress,
  ingressEntry,
  mappingEntry,
  requestText,
  textOf,
} from "../message-trace/trace-event.ts";
import type { PublishContext } from "../publish/context.ts";
import type { Plan } from "../publish/plan.ts";
import { PARKED } from "../publish/publisher.ts";
import { isReservedSubject } from "../publish/reserved-subjects.ts";
import {
  admitPublish,
  checkLiteral,
  countIn,
  drawFor,
  makeCanonical,
  parkPublish,
  publishedSubject,
  publishInHand,
  refusePublish,
  sendNoResponders,
  subjectOf,
} from "./client-publish.ts";
import type { ClientSession } from "./client-session.ts";
import { logAbout } from "./session-log.ts";

/** ErrMaxPayload of the reference. */
const TOO_LARGE = "maximum payload exceeded";
/** Events of a publisher are counted in pieces of so many bytes at least. */
const PACED_BYTES = 32 * 1024;
/** Of a destination that is no subject, in the log. */
const SHOWN_DESTINATION_BYTES = 256;

/** What becomes of a message that asks for a trace. */
type Way =
  /** As if it had not asked. */
  | { readonly kind: "untraced" }
  /** Not this one of many: whoever gets it is told so. */
  | { readonly kind: "not-sampled" }
  | { readonly kind: "refused"; readonly destination: string }
  /** Without a destination the event goes nowhere. */
  | { readonly kind: "traced"; readonly destination: string | undefined };

/** As `ClientOps.onTracedPublish`. */
export function publishTraced(session: ClientSession, publish: PublishParts): boolean {
  const [input] = publish;
  const bodyStart = publish[7];
  const headerBytes = publish[9];
  const request = readTraceRequest(input.subarray(bodyStart, bodyStart + headerBytes));
  const { tracer } = session.publisher;
  if (request === undefined || tracer === undefined) return session.onPublish(...publish);
  if (session.state !== "active" && !session.ensureActive()) return false;
  const way = wayOf(session, request);
  if (way.kind === "untraced") return session.onPublish(...publish);
  fill(session, publish);
  switch (way.kind) {
    case "not-sampled":
      disableTrace(session.host.message);
      return publishInHand(session);
    case "refused":
      return refuseDestination(session, way.destination);
    case "traced":
      return followTraced(session, tracer, request, way.destination);
  }
}

/** Points the message in hand at the publish. */
function fill(session: ClientSession, publish: PublishParts): void {
  const { message } = session.host;
  const [input, subjectStart, subjectEnd, hash, replyStart, replyEnd] = publish;
  message.subject = input;
  message.subjectStart = subjectStart;
  message.subjectEnd = subjectEnd;
  message.hash = hash;
  message.reply = input;
  message.replyStart = replyStart;
  message.replyEnd = replyEnd;
  message.body = input;
  message.tailStart = publish[6];
  message.bodyStart = publish[7];
  message.bodyEnd = publish[8];
  message.headerBytes = publish[9];
  if (message.tailStart < 0) makeCanonical(message);
}

function wayOf(session: ClientSession, request: TraceRequest): Way {
  const { host } = session;
  const canTell = host.rules.snapshot.accounts.hasSystemAccount;
  if (request.destination === undefined) {
    const { messageTrace } = host.account(session.account);
    if (messageTrace === undefined) return { kind: "untraced" };
    const { destination, samplingPercent } = messageTrace;
    if (samplingPercent < 100 && host.publisher.choose(100) >= samplingPercent) {
      return { kind: "not-sampled" };
    }
    return { kind: "traced", destination: canTell ? destination : undefined };
  }
  const { destination } = request;
  // A header may be longer than any subject: that is looked at no further.
  const isTooLong = destination.length > LIMITS.subjectBytesMax;
  if (!isTooLong && !mayPublish(session, destination)) return { kind: "refused", destination };
  if (isValidPublishSubject(destination)) {
    return { kind: "traced", destination: canTell ? destination : undefined };
  }
  const shown = quoteBytes(Buffer.from(destination.slice(0, SHOWN_DESTINATION_BYTES), "latin1"));
  logAbout(session, "error", `Destination ${shown} is not valid, won't be able to trace events`);
  return request.only ? { kind: "traced", destination: undefined } : { kind: "untraced" };
}

/** By the rights of the user alone: that he may answer somebody once is not for traces. */
function mayPublish(session: ClientSession, subject: string): boolean {
  const bytes = Buffer.from(subject, "latin1");
  if (isReservedSubject(bytes, 0, bytes.length)) return false;
  return session.permissions === undefined || session.permissions.publishAllowed(subject);
}

/** AC-75: the message itself is not published either. */
function refuseDestination(session: ClientSession, destination: string): boolean {
  const { plan, own } = intentOf(session);
  // What is wrong with the message itself is told first; an answer that is allowed is no way around.
  if (plan.denied && admitPublish(session, plan, own) === undefined) return true;
  if (session.publishParked !== undefined) {
    session.publishParked = undefined;
    session.refreshQuick();
  }
  countIn(session);
  refusePublish(session, Buffer.from(destination, "latin1"));
  return true;
}

function followTraced(
  session: ClientSession,
  tracer: MessageTracer,
  request: TraceRequest,
  destination: string | undefined,
): boolean {
  const { host } = session;
  const { message, publisher } = host;
  const bytes = message.bodyEnd - message.bodyStart;
  const ingress = ingressOf(session, subjectOf(message).toString("utf8"));
  const trace = new MessageTrace(ingress, {
    only: request.only,
    request: requestText(request.headers, bytes),
    packing: packingFor(request.encoding),
    account: session.account,
    destination: destination === undefined ? undefined : Buffer.from(destination, "latin1"),
    startedMs: host.clock.monotonicMs(),
  });
  trace.whenTold = (eventBytes) => pace(session, eventBytes);
  const at = host.clock.unixNanos();
  publisher.begin();
  message.trace = trace;
  const { plan, own, drawn } = intentOf(session);
  trace.drawn = drawn;
  const context = admitPublish(session, plan, own);
  trace.add(ingressEntry(ingress, at));
  const refusedAs = context === undefined ? (drawn ?? plan.renamed?.toString("latin1")) : undefined;
  if (refusedAs !== undefined) trace.add(mappingEntry(textOf(refusedAs), at));
  let result = 0;
  try {
    if (context !== undefined) result = tracer.run(trace, message, session.account);
  } finally {
    message.trace = undefined;
  }
  if (result === PARKED) return parkPublish(session, plan, drawn ?? undefined);
  if (context !== undefined) {
    countIn(session);
    answerWhenDone(session, trace, publishedSubject(plan, message));
  }
  tracer.end(trace);
  return true;
}

/** Bytes of events that their publisher has not been paced for yet. */
const unpaced = new WeakMap<ClientSession, number>();

/**
 * A few bytes can make an event of half a megabyte, or many small ones. They count as if the publisher had
 * sent them to a receiver that lags: who reads the events is not to be cut off by them.
 */
function pace(session: ClientSession, eventBytes: number): void {
  const { host } = session;
  if (host.limits.noFastProducerStall) return;
  const bytes = (unpaced.get(session) ?? 0) + eventBytes;
  const isDue = bytes >= PACED_BYTES;
  unpaced.set(session, isDue ? 0 : bytes);
  if (!isDue) return;
  host.beginInput(session, bytes);
  host.flow.stall(session, bytes);
}

/** By which plan the message in hand is admitted, and for whom that is. */
interface Intent {
  readonly plan: Plan;
  readonly own: PublishContext;
  /** SU-33: the message has this name now; null = it is lost on purpose; undefined = nothing drawn. */
  readonly drawn: string | null | undefined;
}

function intentOf(session: ClientSession): Intent {
  const { host, context } = session;
  const { message, publisher } = host;
  checkLiteral(session);
  const isAgain = session.publishParked !== undefined;
  const plan = publisher.planFor(context, message, 0, isAgain);
  if (plan.mapping === undefined) return { plan, own: context, drawn: undefined };
  const drawn = drawFor(session, plan.mapping);
  if (drawn === null) return { plan, own: context, drawn };
  const own = host.contexts.mappedFor(context);
  return { plan: publisher.planFor(own, message, 0, isAgain), own, drawn };
}

/** CP-64, when all threads have told whether somebody was there. `published`: mapped, if it is. */
function answerWhenDone(session: ClientSession, trace: MessageTrace, published: Buffer): void {
  const { message } = session.host;
  if (message.replyStart < 0 || !session.noResponders) return;
  const reply = Buffer.from(message.reply.subarray(message.replyStart, message.replyEnd));
  const subject = Buffer.from(published);
  trace.whenDone = () => {
    if (trace.delivered > 0 || session.state !== "active") return;
    sendNoResponders(session, reply, subject);
  };
}

function ingressOf(session: ClientSession, subject: string): Ingress {
  return {
    clientId: session.clientId,
    name: session.facts.name,
    account: session.host.account(session.account).name,
    subject,
    error: undefined,
  };
}

/**
 * AC-76: the message is larger than allowed, and its header block, as far as it has come, asks for a
 * trace. Only where to is looked at, and neither account nor subject are told, as in the reference.
 */
export function traceOversized(session: ClientSession, block: Buffer, bytes: number): void {
  const { tracer } = session.publisher;
  if (tracer === undefined || session.state !== "active") return;
  const destination = wholeDestination(block);
  if (destination === undefined || !isValidPublishSubject(destination)) return;
  if (!mayPublish(session, destination)) return;
  const { host } = session;
  if (!host.rules.snapshot.accounts.hasSystemAccount) return;
  const ingress = { ...ingressOf(session, ""), account: "", error: TOO_LARGE };
  const trace = new MessageTrace(ingress, {
    only: false,
    request: requestText(undefined, bytes),
    packing: "none",
    account: session.account,
    destination: Buffer.from(destination, "latin1"),
    startedMs: host.clock.monotonicMs(),
  });
  trace.add(ingressEntry(ingress, host.clock.unixNanos()));
  tracer.end(trace);
}

/** The destination, if its line is there to the end. A byte string. */
function wholeDestination(block: Buffer): string | undefined {
  const text = block.toString("latin1");
  const key = `\r\n${TRACE_DESTINATION_HEADER.toString("latin1")}:`;
  const start = text.indexOf(key);
  const end = start < 0 ? -1 : text.indexOf("\r\n", start + key.length);
  if (end < 0) return undefined;
  const value = text.slice(start + key.length, end).trim();
  return value === "" ? undefined : value;
}
