// Grammar of the frames between threads of one process; little endian, never stored.
//
//   data frame := kind u8 (1) | flags u8 | picks low u8 | tailBytes u8 | subjectBytes u16
//                 | replyBytes u16 | hash i32 | account u16 | originThread u8 | picks high u8
//                 | originClientId u32
//                 | headerBytes i32 (-1 = none) | bodyBytes u32
//                 | subject | reply | (nameBytes u16 | name){picks} | [tried u32 u32]
//                 | tail | body | CRLF
//   control    := kind u8 | 0 | subjectBytes u16 | replyBytes u16 | 0 u16 | clientId u32
//                 | subject | reply
//
// The tail (`<#bytes> CRLF` of the control line) travels with the body so that the receiver copies
// both in one piece behind the prefix of each of its targets.
import type { MessageView } from "../publish/message-view.ts";

export const FRAME_MESSAGE = 1;
export const FRAME_STALL = 2;
export const FRAME_UNSTALL = 3;
export const FRAME_NO_RESPONDERS = 4;

/** Plain subscriptions are wanted. */
export const FLAG_PLAIN = 1;
/** This frame is the message's only way, and its publisher wants a 503 if nobody is there. */
export const FLAG_SOLE = 2;
/** A reply to a service import, for the thread that holds its mapping. */
export const FLAG_SERVICE_REPLY = 4;
/** A second choice of queue member: the threads already tried are named. */
export const FLAG_TRIED = 8;

export const MESSAGE_FIXED_BYTES = 28;
/** Queue groups that one frame can name; further ones get nothing. */
export const PICKS_MAX = 0xffff;
const CONTROL_FIXED_BYTES = 12;

/** Where in a frame its parts are; filled by {@link readMessageFrame}. */
export class MessageFrame {
  flags = 0;
  account = 0;
  readonly picks: Buffer[] = [];
  triedLow = 0;
  triedHigh = 0;
}

/** Bytes of the data frame for `message`. `picksBytes` counts the names with their lengths. */
export function messageFrameBytes(
  message: MessageView,
  subjectBytes: number,
  picksBytes: number,
  flags: number,
): number {
  const replyBytes = message.replyStart < 0 ? 0 : message.replyEnd - message.replyStart;
  const tried = (flags & FLAG_TRIED) !== 0 ? 8 : 0;
  const body = message.bodyEnd + 2 - message.tailStart;
  return MESSAGE_FIXED_BYTES + subjectBytes + replyBytes + picksBytes + tried + body;
}

function put32(out: Buffer, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}

function get32(input: Buffer, at: number): number {
  return (
    (input[at] as number) |
    ((input[at + 1] as number) << 8) |
    ((input[at + 2] as number) << 16) |
    ((input[at + 3] as number) << 24)
  );
}

/** Copies `[start, end)`; below about 96 bytes a loop beats the call (bench: ring). */
export function copyBytes(
  from: Buffer,
  start: number,
  end: number,
  out: Buffer,
  at: number,
): number {
  if (end - start < 96) {
    let to = at;
    for (let k = start; k < end; k += 1, to += 1) out[to] = from[k] as number;
    return to;
  }
  from.copy(out, at, start, end);
  return at + end - start;
}

/** Writes the data frame of `message` at `out[at]`; sizes as in {@link messageFrameBytes}. */
export function writeMessageFrame(
  out: Buffer,
  at: number,
  message: MessageView,
  account: number,
  subject: Buffer,
  subjectStart: number,
  subjectEnd: number,
  hash: number,
  picks: readonly Buffer[],
  flags: number,
  triedLow: number,
  triedHigh: number,
): void {
  const subjectBytes = subjectEnd - subjectStart;
  const replyBytes = message.replyStart < 0 ? 0 : message.replyEnd - message.replyStart;
  out[at] = FRAME_MESSAGE;
  out[at + 1] = flags;
  const picksCount = Math.min(picks.length, PICKS_MAX);
  out[at + 2] = picksCount;
  out[at + 3] = message.bodyStart - message.tailStart;
  out[at + 4] = subjectBytes;
  out[at + 5] = subjectBytes >>> 8;
  out[at + 6] = replyBytes;
  out[at + 7] = replyBytes >>> 8;
  put32(out, at + 8, hash);
  out[at + 12] = account;
  out[at + 13] = account >>> 8;
  out[at + 14] = message.sourceThread;
  out[at + 15] = picksCount >>> 8;
  put32(out, at + 16, message.sourceClientId);
  put32(out, at + 20, message.headerBytes);
  put32(out, at + 24, message.bodyEnd - message.bodyStart);
  let to = at + MESSAGE_FIXED_BYTES;
  for (let k = subjectStart; k < subjectEnd; k += 1, to += 1) out[to] = subject[k] as number;
  if (replyBytes > 0) {
    to = copyBytes(message.reply, message.replyStart, message.replyEnd, out, to);
  }
  for (let k = 0; k < picksCount; k += 1) {
    const name = picks[k] as Buffer;
    out[to] = name.length;
    out[to + 1] = name.length >>> 8;
    to = copyBytes(name, 0, name.length, out, to + 2);
  }
  if ((flags & FLAG_TRIED) !== 0) {
    put32(out, to, triedLow);
    put32(out, to + 4, triedHigh);
    to += 8;
  }
  copyBytes(message.body, message.tailStart, message.bodyEnd + 2, out, to);
}

/** Points `message` and `frame` at the parts of a data frame. */
export function readMessageFrame(
  input: Buffer,
  start: number,
  message: MessageView,
  frame: MessageFrame,
): void {
  const flags = input[start + 1] as number;
  const picks = (input[start + 2] as number) | ((input[start + 15] as number) << 8);
  const tailBytes = input[start + 3] as number;
  const subjectBytes = (input[start + 4] as number) | ((input[start + 5] as number) << 8);
  const replyBytes = (input[start + 6] as number) | ((input[start + 7] as number) << 8);
  frame.flags = flags;
  frame.account = (input[start + 12] as number) | ((input[start + 13] as number) << 8);
  message.sourceThread = input[start + 14] as number;
  message.hash = get32(input, start + 8);
  message.sourceClientId = get32(input, start + 16) >>> 0;
  message.headerBytes = get32(input, start + 20);
  let at = start + MESSAGE_FIXED_BYTES;
  message.subject = input;
  message.subjectStart = at;
  at += subjectBytes;
  message.subjectEnd = at;
  message.reply = input;
  message.replyStart = replyBytes === 0 ? -1 : at;
  at += replyBytes;
  message.replyEnd = at;
  if (frame.picks.length > 0) frame.picks.length = 0;
  for (let k = 0; k < picks; k += 1) {
    const nameBytes = (input[at] as number) | ((input[at + 1] as number) << 8);
    frame.picks.push(input.subarray(at + 2, at + 2 + nameBytes));
    at += 2 + nameBytes;
  }
  if ((flags & FLAG_TRIED) !== 0) {
    frame.triedLow = get32(input, at);
    frame.triedHigh = get32(input, at + 4);
    at += 8;
  } else {
    frame.triedLow = 0;
    frame.triedHigh = 0;
  }
  message.body = input;
  message.tailStart = at;
  message.bodyStart = at + tailBytes;
  message.bodyEnd = message.bodyStart + get32(input, start + 24);
}

/** A control frame with the parts it needs; unused ones are empty. */
export function encodeControlFrame(
  kind: number,
  clientId: number,
  subject: Uint8Array = new Uint8Array(0),
  reply: Uint8Array = new Uint8Array(0),
): Buffer {
  const out = Buffer.alloc(CONTROL_FIXED_BYTES + subject.length + reply.length);
  out[0] = kind;
  out.writeUInt16LE(subject.length, 2);
  out.writeUInt16LE(reply.length, 4);
  out.writeUInt32LE(clientId, 8);
  out.set(subject, CONTROL_FIXED_BYTES);
  out.set(reply, CONTROL_FIXED_BYTES + subject.length);
  return out;
}

export interface ControlFrame {
  readonly kind: number;
  readonly clientId: number;
  /** Views into the frame. */
  readonly subject: Buffer;
  readonly reply: Buffer;
}

export function decodeControlFrame(input: Buffer, start: number): ControlFrame {
  const subjectBytes = input.readUInt16LE(start + 2);
  const subjectAt = start + CONTROL_FIXED_BYTES;
  const replyAt = subjectAt + subjectBytes;
  return {
    kind: input[start] as number,
    clientId: input.readUInt32LE(start + 8),
    subject: input.subarray(subjectAt, replyAt),
    reply: input.subarray(replyAt, replyAt + input.readUInt16LE(start + 4)),
  };
}
