// The protocol trace of a session (LG-11): one line for each operation that comes and each that
// leaves, in the reference's form. Stands between parser and session while tracing is on, and only
// then. Owned by the session's worker. What must stay true: it changes nothing; CONNECT shows no
// secret (LG-12).
import {
  type ClientOps,
  type FailureParts,
  type PublishParts,
  redactConnect,
} from "@weft/protocol";
import type { TraceOptions } from "../ports.ts";
import type { MessageView } from "../publish/message-view.ts";
import type { Target } from "../publish/plan.ts";
import type { ClientSession } from "./client-session.ts";
import { logAbout } from "./session-log.ts";
import { payloadLine } from "./trace-lines.ts";

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const LETTER_H = 0x68;
const MINUS = 0x2d;

/** Traces this session from now on, or no longer. */
export function traceSession(session: ClientSession, trace: TraceOptions | undefined): void {
  session.trace = trace === undefined ? undefined : new ClientTrace(session, trace);
  session.refreshSpecial();
}

export class ClientTrace implements ClientOps {
  readonly #session: ClientSession;
  readonly #options: TraceOptions;
  /** Shows the payload of a message whose new subject is drawn first. */
  #held: (() => void) | undefined;

  constructor(session: ClientSession, options: TraceOptions) {
    this.#session = session;
    this.#options = options;
  }

  get awaitingConnect(): boolean {
    return this.#session.awaitingConnect;
  }

  get headersEnabled(): boolean {
    return this.#session.headersEnabled;
  }

  get controlLineBytesMax(): number {
    return this.#session.controlLineBytesMax;
  }

  get payloadBytesMax(): number {
    return this.#session.payloadBytesMax;
  }

  // ---- what comes

  onEarlyOperation(): boolean {
    return this.#session.onEarlyOperation();
  }

  onPublish(
    input: Buffer,
    subjectStart: number,
    subjectEnd: number,
    hash: number,
    replyStart: number,
    replyEnd: number,
    tailStart: number,
    bodyStart: number,
    bodyEnd: number,
    headerBytes: number,
  ): boolean {
    this.#publish(input, subjectStart, subjectEnd, bodyStart, bodyEnd, headerBytes);
    // biome-ignore format: one call
    const isDone = this.#session.onPublish(input, subjectStart, subjectEnd, hash, replyStart,
      replyEnd, tailStart, bodyStart, bodyEnd, headerBytes);
    this.#showHeld();
    return isDone;
  }

  onTracedPublish(...publish: PublishParts): boolean {
    this.#publish(publish[0], publish[1], publish[2], publish[7], publish[8], publish[9]);
    const isDone = this.#session.onTracedPublish(...publish);
    this.#showHeld();
    return isDone;
  }

  /** SU-31: the message in hand got this subject; "" = it is lost on purpose. */
  mapped(to: string): void {
    // One that was parked is drawn again.
    if (this.#held === undefined) return;
    const { message } = this.#session.host;
    const from = message.subject.toString("utf8", message.subjectStart, message.subjectEnd);
    this.#mapping(from, to);
    this.#showHeld();
  }

  onOversizedHeaders(input: Buffer, start: number, end: number, totalBytes: number): void {
    this.#session.onOversizedHeaders(input, start, end, totalBytes);
  }

  onConnect(input: Buffer, start: number, end: number): boolean {
    this.#line(`<<- [CONNECT ${redactConnect(input.toString("utf8", start, end))}]`);
    return this.#session.onConnect(input, start, end);
  }

  onSubscribe(
    input: Buffer,
    subjectStart: number,
    subjectEnd: number,
    queueStart: number,
    queueEnd: number,
    sidStart: number,
    sidEnd: number,
  ): boolean {
    this.#operation("SUB", input, subjectStart, sidEnd);
    // biome-ignore format: one call
    return this.#session.onSubscribe(input, subjectStart, subjectEnd, queueStart, queueEnd,
      sidStart, sidEnd);
  }

  onUnsubscribe(input: Buffer, sidStart: number, sidEnd: number, max: number): boolean {
    const end = lineEnd(input, input.indexOf(LF, sidEnd) + 1);
    this.#operation("UNSUB", input, sidStart, end);
    return this.#session.onUnsubscribe(input, sidStart, sidEnd, max);
  }

  onPing(): boolean {
    this.#line("<<- [PING]");
    return this.#session.onPing();
  }

  onPong(): boolean {
    this.#line("<<- [PONG]");
    return this.#session.onPong();
  }

  onParseFailure(...failure: FailureParts): void {
    this.#session.onParseFailure(...failure);
  }

  // ---- what leaves

  /** Answers of the session itself; INFO is not shown, as in the reference. */
  sent(bytes: Uint8Array): void {
    const first = bytes[0];
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8").trim();
    if (text === "+OK") this.#line("->> [OK]");
    else if (text === "PING" || text === "PONG") this.#line(`->> [${text}]`);
    else if (first === MINUS) this.#line(`->> [-ERR ${text.slice(6, -1)}]`);
  }

  /** One message to one subscription. */
  delivered(target: Target, message: MessageView): void {
    const { replyStart, replyEnd, headerBytes, bodyStart, bodyEnd } = message;
    const strips = headerBytes >= 0 && target.withoutHeaders;
    const start = strips ? bodyStart + headerBytes : bodyStart;
    const shown = strips ? -1 : headerBytes;
    const { view } = target;
    const head = Buffer.from(view.buffer, view.byteOffset + target.start, target.length);
    const reply = replyStart < 0 ? "" : `${message.reply.toString("utf8", replyStart, replyEnd)} `;
    const sizes = shown < 0 ? `${bodyEnd - start}` : `${shown} ${bodyEnd - start}`;
    this.#line(`->> [${shown < 0 ? "" : "H"}${head.toString("utf8")}${reply}${sizes}]`);
    this.#payload("->>", message.body, start, bodyEnd, shown);
  }

  /** A subscription is gone. */
  unsubscribed(sid: string): void {
    this.#line(`<-> [DELSUB ${Buffer.from(sid, "latin1").toString("utf8")}]`);
  }

  #publish(
    input: Buffer,
    subjectStart: number,
    subjectEnd: number,
    bodyStart: number,
    bodyEnd: number,
    headerBytes: number,
  ): void {
    const { publishParked, account, host } = this.#session;
    // One that was parked comes again.
    if (publishParked !== undefined) return;
    const verb = isHeaderPublish(input, subjectStart) ? "HPUB" : "PUB";
    this.#operation(verb, input, subjectStart, lineEnd(input, bodyStart));
    const subject = input.toString("latin1", subjectStart, subjectEnd);
    const { routing } = host.publisher;
    const mapping = account < 0 ? undefined : routing.account(account).mapping(subject);
    const show = (): void => this.#payload("<<-", input, bodyStart, bodyEnd, headerBytes);
    const isDrawn = mapping !== undefined && mapping.fixed === undefined;
    if (isDrawn) this.#held = show;
    if (mapping?.fixed !== undefined) {
      this.#mapping(input.toString("utf8", subjectStart, subjectEnd), mapping.fixed);
    }
    if (!isDrawn) show();
  }

  #mapping(from: string, to: string): void {
    this.#line(`<<- [MAPPING ${from} -> ${Buffer.from(to, "latin1").toString("utf8")}]`);
  }

  #showHeld(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.();
  }

  #operation(verb: string, input: Buffer, start: number, end: number): void {
    this.#line(`<<- [${verb} ${input.toString("utf8", start, end)}]`);
  }

  #payload(way: string, body: Buffer, start: number, end: number, headerBytes: number): void {
    const line = payloadLine(this.#options, way, body, start, end, headerBytes);
    if (line !== undefined) this.#line(line);
  }

  #line(text: string): void {
    logAbout(this.#session, "trace", text);
  }
}

/** Where the line ends whose successor starts at `next`. */
function lineEnd(input: Buffer, next: number): number {
  return input[next - 2] === CR ? next - 2 : next - 1;
}

/** The verb before the arguments that begin at `start`. */
function isHeaderPublish(input: Buffer, start: number): boolean {
  let at = start - 1;
  while (input[at] === SPACE || input[at] === TAB) at -= 1;
  return ((input[at - 3] ?? 0) | 0x20) === LETTER_H;
}
