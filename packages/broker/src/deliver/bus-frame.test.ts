// Frames between threads: what is read is what was written, at the largest sizes of each part.
import { createPrng, makeView, type Prng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { MessageView } from "../publish/message-view.ts";
import {
  decodeControlFrame,
  encodeControlFrame,
  FLAG_PLAIN,
  FLAG_TRIED,
  FRAME_NO_RESPONDERS,
  FrameHead,
  frameHeadBytes,
  ITEM_SOLE,
  itemBytes,
  readFrameHead,
  readItem,
  writeFrameHead,
  writeItem,
} from "./bus-frame.ts";
import { ORIGIN_CLIENT, ORIGIN_ROUTE } from "./receiver.ts";

function text(prng: Prng, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => 33 + prng.below(200)));
}

/** A message as a session has it: all in one buffer, with other bytes around. */
function randomMessage(prng: Prng): MessageView {
  const subject = text(prng, 1 + prng.below(300));
  const reply = prng.below(2) === 0 ? undefined : text(prng, 1 + prng.below(200));
  const body = text(prng, prng.below(2) === 0 ? prng.below(40) : prng.below(3_000));
  const header = prng.below(3) === 0 ? prng.below(body.length + 1) : -1;
  const tail = Buffer.from(header < 0 ? `${body.length}\r\n` : `${header} ${body.length}\r\n`);
  const parts = [text(prng, 9), subject, reply ?? Buffer.alloc(0), tail, body, Buffer.from("\r\n")];
  const all = Buffer.concat(parts);
  const view = new MessageView();
  view.subject = all;
  view.subjectStart = 9;
  view.subjectEnd = 9 + subject.length;
  view.hash = prng.nextUint32() | 0;
  view.reply = all;
  view.replyStart = reply === undefined ? -1 : view.subjectEnd;
  view.replyEnd = view.subjectEnd + (reply?.length ?? 0);
  view.body = all;
  view.tailStart = view.replyEnd;
  view.bodyStart = view.tailStart + tail.length;
  view.bodyEnd = view.bodyStart + body.length;
  view.headerBytes = header;
  view.sourceClientId = prng.nextUint32();
  view.sourceThread = prng.below(64);
  view.originKind = [ORIGIN_CLIENT, ORIGIN_ROUTE, 255][prng.below(3)] as number;
  view.wantsNoResponders = prng.below(2) === 0;
  return view;
}

function headParts(view: MessageView): unknown {
  return {
    subject: view.subject.toString("latin1", view.subjectStart, view.subjectEnd),
    hash: view.hash,
    client: view.sourceClientId,
    thread: view.sourceThread,
    origin: view.originKind,
  };
}

function itemParts(view: MessageView): unknown {
  const { reply, body } = view;
  return {
    reply: view.replyStart < 0 ? null : reply.toString("latin1", view.replyStart, view.replyEnd),
    tail: body.toString("latin1", view.tailStart, view.bodyStart),
    body: body.toString("latin1", view.bodyStart, view.bodyEnd + 2),
    header: view.headerBytes,
    asks: view.wantsNoResponders,
  };
}

test("who asked through a service import is told, and is nobody's source", () => {
  const prng = createPrng(5);
  for (const [sourceClientId, requesterId] of [
    [0, 7],
    [8, 0],
    [8, 7],
    [0, 0],
  ] as const) {
    const message = randomMessage(prng);
    Object.assign(message, { sourceClientId, requesterId, sourceThread: 63 });
    const { subject, subjectStart, subjectEnd, hash } = message;
    const bytes = Buffer.alloc(frameHeadBytes(subjectEnd - subjectStart, 0, FLAG_PLAIN));
    const out = { bytes, view: makeView(bytes) };
    // biome-ignore format: one call
    writeFrameHead(out, 0, message, 1, subject, subjectStart, subjectEnd, hash, [], FLAG_PLAIN, 0, 0);
    const read = new MessageView();
    read.requesterId = 99;
    readFrameHead(bytes, 0, read, new FrameHead());
    const asked = sourceClientId === 0 ? requesterId : 0;
    expect([read.sourceClientId, read.requesterId, read.sourceThread]).toEqual([
      sourceClientId,
      asked,
      63,
    ]);
  }
});

describe("message frames", () => {
  test("round trip of runs", () => {
    const prng = createPrng(3);
    const received = new MessageView();
    const frame = new FrameHead();
    for (let run = 0; run < 1_000; run += 1) {
      const messages = Array.from({ length: 1 + prng.below(4) }, () => randomMessage(prng));
      const message = messages[0] as MessageView;
      const picks = Array.from({ length: prng.below(5) }, () => text(prng, 1 + prng.below(70)));
      const isTried = prng.below(3) === 0;
      const flags = (run % 2 === 0 ? FLAG_PLAIN : 0) | (isTried ? FLAG_TRIED : 0);
      const low = isTried ? prng.nextUint32() | 0 : 0;
      const high = isTried ? prng.nextUint32() | 0 : 0;
      const picksBytes = picks.reduce((sum, name) => sum + 2 + name.length, 0);
      const { subject, subjectStart, subjectEnd, hash } = message;
      const headBytes = frameHeadBytes(subjectEnd - subjectStart, picksBytes, flags);
      const size = messages.reduce((sum, view) => sum + itemBytes(view), headBytes);
      const at = prng.below(40);
      const out = Buffer.alloc(at + size + 8, 0xaa);
      const account = prng.below(65_536);
      const memory = { bytes: out, view: makeView(out) };
      const first = writeFrameHead(
        memory,
        at,
        message,
        account,
        subject,
        subjectStart,
        subjectEnd,
        hash,
        picks,
        flags,
        low,
        high,
      );
      expect(first).toBe(at + headBytes);
      let to = first;
      for (const view of messages) {
        to = writeItem(
          memory,
          to,
          view.wantsNoResponders ? ITEM_SOLE : 0,
          view.reply,
          view.replyStart,
          view.replyEnd,
          view.body,
          view.tailStart,
          view.bodyStart,
          view.bodyEnd + 2,
          view.headerBytes,
        );
      }
      expect(to).toBe(at + size);
      expect(out.subarray(at + size).every((byte) => byte === 0xaa)).toBe(true);
      let from = readFrameHead(out, at, received, frame);
      for (const view of messages) {
        from = readItem(out, from, received);
        expect(itemParts(received)).toEqual(itemParts(view));
      }
      expect(from).toBe(at + size);
      expect(headParts(received)).toEqual(headParts(message));
      expect(frame.account).toBe(account);
      expect(frame.flags).toBe(flags);
      expect(frame.picks.map(String)).toEqual(picks.map(String));
      expect([frame.triedLow, frame.triedHigh]).toEqual([low, high]);
    }
  });

  test("control frames", () => {
    const subject = Buffer.from("a.b");
    const reply = Buffer.from("_INBOX.x");
    const ballot = 0xffff_ff01;
    const kind = FRAME_NO_RESPONDERS;
    const encoded = encodeControlFrame(kind, 0xffff_fffe, subject, reply, ballot, 63);
    const decoded = decodeControlFrame(Buffer.concat([Buffer.alloc(5), encoded]), 5);
    expect({ ...decoded, subject: `${decoded.subject}`, reply: `${decoded.reply}` }).toEqual({
      kind: FRAME_NO_RESPONDERS,
      clientId: 0xffff_fffe,
      ballot,
      frames: 63,
      subject: "a.b",
      reply: "_INBOX.x",
    });
  });
});
