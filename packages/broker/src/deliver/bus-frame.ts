// Grammar of the frames between threads of one process; little endian, never stored.
//
//   data frame := kind u8 (1) | flags u8 | picks u16 | subjectBytes u16 | account u16 | hash i32
//                 | originClientId u32 | originThread u8 | isRequester u8 | originKind u8 | 0 u8
//                 | node u32
//                 | subject | (nameBytes u16 | name){picks} | [tried u32 u32]
//                 | [ballot u32 | frames u32] | item+
//   item       := itemBytes u32 (behind these 8 bytes) | replyBytes u16 | tailBytes u8
//                 | itemFlags u8 | [headerBytes i32] | reply | tail | body | CRLF
//   control    := kind u8 | frames u8 | subjectBytes u16 | replyBytes u16 | 0 u16 | clientId u32
//                 | ballot u32 | subject | reply
//
// The ballot of a stall is what the client owes a pause for, in bytes.
// Names are picked queue groups, but for a service reply. `isRequester` 1: the client asked through a
// service import; it may be paused for this frame, and is nobody's source.
// `node` is the only one of the reader's segment that the sender found, 0 = not said.
// A frame is a run: what one connection publishes on one subject in one turn for one thread shares
// the frame's head, so that the reader looks up its plan once. The tail (`<#bytes> CRLF` of the
// control line) travels with the body so that the receiver copies both in one piece behind the
// prefix of each of its targets.
import { assert, copyWords, viewOf, WORD_COPY_BYTES_MAX } from "@weft/base";
import { type MessageView, pausableId } from "../publish/message-view.ts";

export const FRAME_MESSAGE = 1;
export const FRAME_STALL = 2;
export const FRAME_UNSTALL = 3;
export const FRAME_NO_RESPONDERS = 4;

/** Plain subscriptions are wanted. */
export const FLAG_PLAIN = 1;
/**
 * A reply to a service import, for the thread that holds its mapping. Its only name, if any, says who
 * answers a measured request (JSON).
 */
export const FLAG_SERVICE_REPLY = 2;
/** A second choice of queue member: the threads already tried are named. */
export const FLAG_TRIED = 4;

/** One of several frames of a request: all that reached nobody are counted by the requester. */
export const FLAG_BALLOT = 8;

/** The message is traced; its ballot is the number of the report, `frames` 1 = not delivered. */
export const FLAG_TRACED = 16;
/** The report of a traced message, whose number is the ballot, as the body of the only item. */
export const FLAG_TRACE_REPORT = 32;

/** The publisher wants a 503 if nobody is there, by this frame or by any other of its ballot. */
export const ITEM_SOLE = 1;
/** The item has a header block, whose length precedes it. */
const ITEM_HEADER = 2;

/**
 * Queue groups that one frame names, of 65,535 that it could: more go in several frames, so that their
 * reader may stop between them.
 */
export const PICKS_MAX = 16_384;
/** Lengths of subjects and replies travel in 16 bits. */
const SUBJECT_BYTES_MAX = 0xffff;
const HEAD_FIXED_BYTES = 24;
const IS_REQUESTER = 1 << 8;
const ORIGIN_KIND_SHIFT = 16;
const ITEM_FIXED_BYTES = 8;
/** What an item takes at most beside reply, tail, body and CRLF. */
export const ITEM_HEAD_BYTES_MAX = ITEM_FIXED_BYTES + 4;
const CONTROL_FIXED_BYTES = 16;

/** Where a frame is written: the same memory twice. */
export interface FrameMemory {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** The head of a data frame; filled by {@link readFrameHead}. */
export class FrameHead {
  flags = 0;
  account = 0;
  node = 0;
  readonly picks: Buffer[] = [];
  triedLow = 0;
  triedHigh = 0;
  /** 0 = this frame is its message's only one. */
  ballot = 0;
  /** Frames of the ballot. */
  frames = 1;
}

/** Bytes of a data frame before its items. `picksBytes` counts the names with their lengths. */
export function frameHeadBytes(subjectBytes: number, picksBytes: number, flags: number): number {
  const tried = (flags & FLAG_TRIED) !== 0 ? 8 : 0;
  const ballot = (flags & FLAG_BALLOT) !== 0 ? 8 : 0;
  return HEAD_FIXED_BYTES + subjectBytes + picksBytes + tried + ballot;
}

/** Bytes of the item for `message`. */
export function itemBytes(message: MessageView): number {
  const { replyStart, replyEnd, headerBytes, tailStart, bodyEnd } = message;
  const replyBytes = replyStart < 0 ? 0 : replyEnd - replyStart;
  return ITEM_FIXED_BYTES + (headerBytes < 0 ? 0 : 4) + replyBytes + bodyEnd + 2 - tailStart;
}

/**
 * Writes the head of a data frame that `message` begins at `out[at]`, sized as in
 * {@link frameHeadBytes}. Returns the offset of the first item.
 */
export function writeFrameHead(
  out: FrameMemory,
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
  node = 0,
  ballot = 0,
  frames = 1,
): number {
  const subjectBytes = subjectEnd - subjectStart;
  const picksCount = picks.length;
  assert(picksCount <= PICKS_MAX && subjectBytes <= SUBJECT_BYTES_MAX, "a frame's head has room");
  const { view } = out;
  view.setInt32(at, FRAME_MESSAGE | (flags << 8) | (picksCount << 16), true);
  view.setInt32(at + 4, subjectBytes | (account << 16), true);
  view.setInt32(at + 8, hash, true);
  const isRequester = message.sourceClientId === 0 && message.requesterId !== 0;
  view.setInt32(at + 12, pausableId(message), true);
  const origin = message.sourceThread | (message.originKind << ORIGIN_KIND_SHIFT);
  view.setInt32(at + 16, isRequester ? origin | IS_REQUESTER : origin, true);
  view.setInt32(at + 20, node, true);
  let to = copyWords(viewOf(subject), subjectStart, subjectEnd, view, at + HEAD_FIXED_BYTES);
  for (let k = 0; k < picksCount; k += 1) {
    const name = picks[k] as Buffer;
    view.setUint16(to, name.length, true);
    to += 2 + name.copy(out.bytes, to + 2);
  }
  if ((flags & FLAG_TRIED) !== 0) {
    view.setInt32(to, triedLow, true);
    view.setInt32(to + 4, triedHigh, true);
    to += 8;
  }
  if ((flags & FLAG_BALLOT) !== 0) {
    view.setInt32(to, ballot, true);
    view.setInt32(to + 4, frames, true);
    to += 8;
  }
  return to;
}

/**
 * Writes one item at `out[at]`, sized as in {@link itemBytes}, and returns the offset behind it.
 * A function of its own arguments only: the hit path calls it (bench rows `w2-*`).
 */
export function writeItem(
  out: FrameMemory,
  at: number,
  flags: number,
  reply: Buffer,
  replyStart: number,
  replyEnd: number,
  body: Buffer,
  tailStart: number,
  bodyStart: number,
  end: number,
  headerBytes: number,
): number {
  const replyBytes = replyStart < 0 ? 0 : replyEnd - replyStart;
  const isWithHeader = headerBytes >= 0;
  const bodyBytes = end - tailStart;
  const { view } = out;
  view.setInt32(at, (isWithHeader ? 4 : 0) + replyBytes + bodyBytes, true);
  const all = isWithHeader ? flags | ITEM_HEADER : flags;
  view.setInt32(at + 4, replyBytes | ((bodyStart - tailStart) << 16) | (all << 24), true);
  let to = at + ITEM_FIXED_BYTES;
  if (isWithHeader) {
    view.setInt32(to, headerBytes, true);
    to += 4;
  }
  if (replyBytes > 0) to = copyWords(viewOf(reply), replyStart, replyEnd, view, to);
  if (bodyBytes < WORD_COPY_BYTES_MAX) return copyWords(viewOf(body), tailStart, end, view, to);
  body.copy(out.bytes, to, tailStart, end);
  return to + bodyBytes;
}

/** Reads the head of a data frame; `message` gets subject and origin. Returns the first item's offset. */
export function readFrameHead(
  input: Buffer,
  start: number,
  message: MessageView,
  frame: FrameHead,
): number {
  const view = viewOf(input);
  const kind = view.getInt32(start, true);
  const flags = (kind >>> 8) & 0xff;
  const picks = kind >>> 16;
  const sizes = view.getInt32(start + 4, true);
  const subjectBytes = sizes & 0xffff;
  frame.flags = flags;
  frame.account = sizes >>> 16;
  message.hash = view.getInt32(start + 8, true);
  const clientId = view.getUint32(start + 12, true);
  const origin = view.getInt32(start + 16, true);
  const isRequester = (origin & IS_REQUESTER) !== 0;
  message.sourceClientId = isRequester ? 0 : clientId;
  message.requesterId = isRequester ? clientId : 0;
  message.sourceThread = origin & 0xff;
  message.originKind = (origin >>> ORIGIN_KIND_SHIFT) & 0xff;
  frame.node = view.getInt32(start + 20, true);
  let at = start + HEAD_FIXED_BYTES;
  message.subject = input;
  message.subjectStart = at;
  at += subjectBytes;
  message.subjectEnd = at;
  // Setting a length is a call into the runtime, also where it changes nothing.
  if (frame.picks.length > 0) frame.picks.length = 0;
  for (let k = 0; k < picks; k += 1) {
    const nameBytes = view.getUint16(at, true);
    frame.picks.push(input.subarray(at + 2, at + 2 + nameBytes));
    at += 2 + nameBytes;
  }
  if ((flags & FLAG_TRIED) !== 0) {
    frame.triedLow = view.getInt32(at, true);
    frame.triedHigh = view.getInt32(at + 4, true);
    at += 8;
  } else {
    frame.triedLow = 0;
    frame.triedHigh = 0;
  }
  frame.ballot = 0;
  frame.frames = 1;
  if ((flags & FLAG_BALLOT) !== 0) {
    frame.ballot = view.getUint32(at, true);
    frame.frames = view.getInt32(at + 4, true);
    at += 8;
  }
  return at;
}

/** Points `message` at the parts of the item at `at`. Returns the offset behind the item. */
export function readItem(input: Buffer, at: number, message: MessageView): number {
  const view = viewOf(input);
  const sizes = view.getInt32(at + 4, true);
  const replyBytes = sizes & 0xffff;
  const end = at + ITEM_FIXED_BYTES + view.getInt32(at, true);
  const isWithHeader = ((sizes >>> 24) & ITEM_HEADER) !== 0;
  let to = at + ITEM_FIXED_BYTES;
  message.headerBytes = isWithHeader ? view.getInt32(to, true) : -1;
  if (isWithHeader) to += 4;
  message.reply = input;
  message.replyStart = replyBytes === 0 ? -1 : to;
  to += replyBytes;
  message.replyEnd = to;
  message.body = input;
  message.tailStart = to;
  message.bodyStart = to + ((sizes >>> 16) & 0xff);
  message.bodyEnd = end - 2;
  message.wantsNoResponders = ((sizes >>> 24) & ITEM_SOLE) !== 0;
  return end;
}

/** A control frame with the parts it needs; unused ones are empty. */
export function encodeControlFrame(
  kind: number,
  clientId: number,
  subject: Uint8Array = new Uint8Array(0),
  reply: Uint8Array = new Uint8Array(0),
  ballot = 0,
  frames = 1,
): Buffer {
  const out = Buffer.alloc(CONTROL_FIXED_BYTES + subject.length + reply.length);
  out[0] = kind;
  out[1] = frames;
  out.writeUInt16LE(subject.length, 2);
  out.writeUInt16LE(reply.length, 4);
  out.writeUInt32LE(clientId, 8);
  out.writeUInt32LE(ballot, 12);
  out.set(subject, CONTROL_FIXED_BYTES);
  out.set(reply, CONTROL_FIXED_BYTES + subject.length);
  return out;
}

/** This client is to pause for so much that it sent receivers that lag. */
export function encodeStall(clientId: number, owedBytes: number): Buffer {
  return encodeControlFrame(FRAME_STALL, clientId, undefined, undefined, owedBytes);
}

export interface ControlFrame {
  readonly kind: number;
  readonly clientId: number;
  /** As in {@link FrameHead}. */
  readonly ballot: number;
  readonly frames: number;
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
    ballot: input.readUInt32LE(start + 12),
    frames: input[start + 1] as number,
    subject: input.subarray(subjectAt, replyAt),
    reply: input.subarray(replyAt, replyAt + input.readUInt16LE(start + 4)),
  };
}
