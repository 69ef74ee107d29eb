// The message in hand: offsets into the buffers it came in. One object per nesting depth of a
// worker, refilled for each message, so that publishing allocates nothing. Valid for the turn only.
import { ORIGIN_CLIENT } from "../deliver/receiver.ts";
import type { MessageTrace } from "../message-trace/message-trace.ts";
import type { ClientSession } from "../session/client-session.ts";
import { hashSubject } from "./plan-compiler.ts";

const EMPTY = Buffer.alloc(0);

export class MessageView {
  /** Published subject in the account where it is matched, and its FNV-1a hash. */
  subject: Buffer = EMPTY;
  subjectStart = 0;
  subjectEnd = 0;
  hash = 0;
  reply: Buffer = EMPTY;
  /** -1 without a reply. */
  replyStart = -1;
  replyEnd = 0;
  /**
   * `[tailStart, bodyStart)` ends the control line: `<#total> CRLF` or `<#header> <#total> CRLF`;
   * `[bodyStart, bodyEnd)` is header block and payload, CRLF follows.
   */
  body: Buffer = EMPTY;
  tailStart = 0;
  bodyStart = 0;
  bodyEnd = 0;
  /** -1 without a header block. */
  headerBytes = -1;
  /** The publishing connection if it is one of this thread. */
  source: ClientSession | undefined;
  /** Memory for a body that was written anew at this depth. */
  ownedBody: Buffer = EMPTY;
  /** Memory for a reply subject of this depth's own. */
  readonly ownedReply: Buffer = Buffer.alloc(64);
  /** `ORIGIN_CLIENT` or another kind: for who must not get it (one hop) and who is not paused. */
  originKind: number = ORIGIN_CLIENT;
  /** Thread and client id of the publishing connection, also where it is on another thread. */
  sourceThread = 0;
  sourceClientId = 0;
  /** Of a request that a service import passed on: who asked, so that he can be paused. Else 0. */
  requesterId = 0;
  /** The publisher wants a 503 when nobody is there (CP-64). */
  wantsNoResponders = false;
  /** Publishing may be refused for now (the input waits); false for what must not wait. */
  mayPark = false;
  /** Service imports passed so far, against cycles. */
  hops = 0;
  /** Set while a traced message is followed (AC-70). */
  trace: MessageTrace | undefined;
}

/** The client that pauses if a receiver of this message lags; 0 = nobody. */
export function pausableId(message: MessageView): number {
  return message.sourceClientId === 0 ? message.requesterId : message.sourceClientId;
}

/** The message goes on under another subject, a byte string. */
export function renameMessage(message: MessageView, subject: string, hashSeed: number): void {
  const bytes = Buffer.from(subject, "latin1");
  setSubject(message, bytes, 0, bytes.length, hashSubject(bytes, 0, bytes.length, hashSeed));
}

/** Points the message at its subject, which has this hash. */
export function setSubject(
  message: MessageView,
  subject: Buffer,
  start: number,
  end: number,
  hash: number,
): void {
  message.subject = subject;
  message.subjectStart = start;
  message.subjectEnd = end;
  message.hash = hash;
}
