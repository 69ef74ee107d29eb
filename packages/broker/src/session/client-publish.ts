// PUB and HPUB of a session off the fast path: denied subjects, replies, verbose and pedantic
// clients, control lines that are not in canonical form. Owned by the session's worker.
import type { MappingChoice } from "@weft/accounts";
import {
  ERROR_LINES,
  type ErrorLine,
  noRespondersMessage,
  OK,
  publishViolation,
  quoteBytes,
  replyViolation,
} from "@weft/protocol";
import { isValidLiteralSubjectBytes } from "@weft/subjects";
import type { PublishContext } from "../publish/context.ts";
import type { MessageView } from "../publish/message-view.ts";
import type { Plan } from "../publish/plan.ts";
import { PARKED } from "../publish/publisher.ts";
import type { ClientSession } from "./client-session.ts";
import { logAbout } from "./session-log.ts";

/** What was decided about a publish before it was parked, and is not decided again. */
export interface ParkedPublish {
  /** It answers a request on this subject: that is allowed once, and was counted. */
  readonly answered?: string | undefined;
  /** SU-33: what was drawn for it. */
  readonly drawn?: string | undefined;
}

const UNDECIDED: ParkedPublish = {};

const LETTER_I = 0x49;

/**
 * Somebody is there, or is asked whether he is, so there is no 503 to send here, and the reply starts
 * with `_I`, so it is no reserved one (CP-62). Other requests are looked at off the hit path.
 */
export function isPlainRequest(plan: Plan, input: Buffer, replyStart: number): boolean {
  if (plan.targets.length === 0 && plan.soleRemote === undefined) return false;
  return input[replyStart] === 0x5f && input[replyStart + 1] === LETTER_I;
}

/** Reserved reply prefixes: `_R_.`, `_GR_.`, `$JS.ACK.` (CP-62). */
function isReservedReply(input: Buffer, start: number, end: number): boolean {
  const first = input[start];
  if (first === 0x5f) {
    if (input[start + 1] === LETTER_I) return false;
    const text = input.toString("latin1", start, Math.min(end, start + 5));
    return text.startsWith("_R_.") || text === "_GR_.";
  }
  return first === 0x24 && input.toString("latin1", start, Math.min(end, start + 8)) === "$JS.ACK.";
}

/**
 * Rewrites a message whose control line ended in an unusual way (LF alone, more blanks), so that
 * its tail can be forwarded as it stands.
 */
export function makeCanonical(message: MessageView): void {
  const { subjectStart, subjectEnd, replyStart, replyEnd, bodyStart, bodyEnd } = message;
  const total = bodyEnd - bodyStart;
  const sizes = message.headerBytes < 0 ? `${total}` : `${message.headerBytes} ${total}`;
  const subject = message.subject.subarray(subjectStart, subjectEnd);
  const reply = replyStart < 0 ? Buffer.alloc(0) : message.reply.subarray(replyStart, replyEnd);
  const body = message.body.subarray(bodyStart, bodyEnd + 2);
  const tail = Buffer.from(`${sizes}\r\n`, "latin1");
  const all = Buffer.concat([subject, reply, tail, body]);
  message.subject = all;
  message.subjectStart = 0;
  message.subjectEnd = subject.length;
  message.reply = all;
  if (replyStart >= 0) message.replyStart = subject.length;
  message.replyEnd = subject.length + reply.length;
  message.body = all;
  message.tailStart = message.replyEnd;
  message.bodyStart = message.tailStart + tail.length;
  message.bodyEnd = message.bodyStart + total;
}

/** Publishes the message in hand by the general way. False parks, as in `ClientOps.onPublish`. */
export function publishInHand(session: ClientSession): boolean {
  const { host } = session;
  const { message } = host;
  if (message.tailStart < 0) makeCanonical(message);
  if (session.state !== "active" && !session.ensureActive()) return false;
  host.publisher.begin();
  checkLiteral(session);
  const isAgain = session.publishParked !== undefined;
  const plan = host.publisher.planFor(session.context, message, 0, isAgain);
  if (plan.mapping !== undefined) return publishDrawn(session, plan, plan.mapping);
  return publishChecked(session, plan, session.context);
}

/** SU-33, SU-39: one destination is drawn, and the publisher needs the right for that one. */
function publishDrawn(session: ClientSession, plan: Plan, mapping: MappingChoice): boolean {
  const { host } = session;
  const { message, publisher } = host;
  const isAgain = session.publishParked !== undefined;
  const drawn = drawFor(session, mapping);
  if (drawn === null) {
    // SU-34: lost on purpose; nobody is told.
    if (admitPublish(session, plan, session.context) !== undefined) countIn(session);
    return true;
  }
  const own = host.contexts.mappedFor(session.context);
  return publishChecked(session, publisher.planFor(own, message, 0, isAgain), own, drawn);
}

/** Draws a destination for the message in hand, which is renamed; null = it is lost on purpose. */
export function drawFor(session: ClientSession, mapping: MappingChoice): string | null {
  const { host, publishParked } = session;
  return host.publisher.draw(host.message, mapping, publishParked?.drawn);
}

/** CP-23. Told once for each message, of the subject as the client wrote it. */
export function checkLiteral(session: ClientSession): void {
  if (!session.pedantic || session.publishParked !== undefined) return;
  if (!isLiteral(session.host.message)) session.fail(ERROR_LINES.invalidPublishSubject);
}

/**
 * Publishes the message in hand with every check and answer that the fast path leaves out.
 * False parks, as in `ClientOps.onPublish`.
 */
function publishChecked(
  session: ClientSession,
  plan: Plan,
  own: PublishContext,
  drawn?: string,
): boolean {
  const { host } = session;
  const { message, publisher } = host;
  const again = session.publishParked !== undefined;
  const context = admitPublish(session, plan, own);
  if (context === undefined) return true;
  const followed = context === own ? plan : publisher.planFor(context, message, 0);
  // What was spent may be on answers, which plans without steps do not look at. A plan that has taken
  // the whole turn is followed in the next one; but not made anew and put off for ever.
  if (message.mayPark && (publisher.mustWait || (publisher.isSpent && !again))) {
    publisher.parkedOn = host.threadIndex;
    return parkPublish(session, plan, drawn);
  }
  const result = publisher.run(followed, message, context, 0);
  if (result === PARKED) return parkPublish(session, plan, drawn);
  countIn(session);
  if (result === 0) tellNobody(session, plan);
  return true;
}

/**
 * May this message be published, and as whom? Undefined = refused, which the client has been told.
 * `plan` is that of `own`: the session's context, or the one for what was drawn.
 */
export function admitPublish(
  session: ClientSession,
  plan: Plan,
  own: PublishContext,
): PublishContext | undefined {
  const { host } = session;
  const { message } = host;
  // Tried again after parking: it was answered the first time.
  const parked = session.publishParked;
  const again = parked !== undefined;
  if (again) {
    session.publishParked = undefined;
    session.refreshQuick();
  }
  let context = own;
  if (plan.denied) {
    const bytes = publishedSubject(plan, message);
    const subject = bytes.toString("latin1");
    // An answer was counted the first time. Anything else was allowed by rights of another day.
    const isAnswer =
      parked?.answered === subject ||
      session.responses?.answerAllowed(subject, host.clock.monotonicMs()) === true;
    if (!isAnswer) {
      countIn(session);
      refusePublish(session, bytes);
      return undefined;
    }
    const { contexts } = host;
    const { account } = session;
    context = own.kind === "client" ? contexts.internal(account) : contexts.mapped(account);
  }
  const hasReply = message.replyStart >= 0;
  if (hasReply && isReservedReply(message.reply, message.replyStart, message.replyEnd)) {
    countIn(session);
    const reply = message.reply.subarray(message.replyStart, message.replyEnd);
    logAbout(session, "error", `Publish Violation - Reply ${quoteBytes(reply)}`);
    refuse(session, replyViolation(reply));
    return undefined;
  }
  // Before the message itself, which may go to the same connection (CP-22).
  if (!again && session.verbose) session.send(OK);
  return context;
}

/**
 * The publish has to come back here: the hit path would leave its mark to the one behind it.
 * `plan` is the one that it was admitted by, `drawn` what was drawn for it.
 */
export function parkPublish(session: ClientSession, plan: Plan, drawn?: string): false {
  const { message } = session.host;
  const answered = plan.denied ? publishedSubject(plan, message).toString("latin1") : undefined;
  const isUndecided = answered === undefined && drawn === undefined;
  session.publishParked = isUndecided ? UNDECIDED : { answered, drawn };
  session.contextId = -1;
  session.host.park(session, session.publisher.parkedOn);
  return false;
}

/** CP-64, SU-39: the message in hand reached nobody, by the name that a mapping gave it. */
function tellNobody(session: ClientSession, plan: Plan): void {
  const { message } = session.host;
  if (message.replyStart < 0 || !session.noResponders) return;
  const reply = message.reply.subarray(message.replyStart, message.replyEnd);
  sendNoResponders(session, reply, publishedSubject(plan, message));
}

/** CP-64: to the requester's own plain subscription for the reply; without one nothing is sent. */
export function sendNoResponders(session: ClientSession, reply: Buffer, subject: Buffer): void {
  const subscription = session.host.ownSubscriptions.plainFor(session, reply);
  if (subscription === undefined) return;
  const sid = Buffer.from(subscription.sid, "latin1");
  session.send(noRespondersMessage(reply, sid, subject));
}

/** Where the message goes: mapped, if it is. `plan` is the one that it is admitted by. */
export function publishedSubject(plan: Plan, message: MessageView): Buffer {
  return plan.renamed ?? subjectOf(message);
}

export function subjectOf(message: MessageView): Buffer {
  return message.subject.subarray(message.subjectStart, message.subjectEnd);
}

function isLiteral(message: MessageView): boolean {
  return isValidLiteralSubjectBytes(message.subject, message.subjectStart, message.subjectEnd);
}

export function countIn(session: ClientSession): void {
  const { message } = session.host;
  session.inMessages += 1;
  session.inBytes += message.bodyEnd - message.bodyStart;
}

export function refusePublish(session: ClientSession, subject: Buffer): void {
  logAbout(session, "error", `Publish Violation - Subject ${quoteBytes(subject)}`);
  refuse(session, publishViolation(subject));
}

function refuse(session: ClientSession, line: ErrorLine): void {
  const { trace } = session.host.message;
  if (trace !== undefined) trace.ingress.error = line.text;
  session.fail(line);
}
