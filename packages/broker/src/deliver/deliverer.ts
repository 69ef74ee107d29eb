// Writing one message to local targets: the innermost loop of the product. Owned by the worker's
// core. Bench rows: `1-1 16`, `1-8 16`, `1-8 1024`, `1-1 32768`.
import {
  AssertionFailure,
  copyWords,
  LIMITS,
  makeView,
  viewOf,
  WORD_COPY_BYTES_MAX,
} from "@weft/base";
import type { MessageView } from "../publish/message-view.ts";
import type { Target } from "../publish/plan.ts";
import type { Subscription } from "../subscribe/subscription.ts";
import type { ConnectionKind, MessageEncoder } from "./receiver.ts";
import type { Slab, SlabPool } from "./slab-pool.ts";

/** From this size on a body with several receivers is copied once and shared. */
const SHARED_BODY_BYTES = 8 * 1024;
const SPACE = 0x20;
const LETTER_H = 0x48;
/** `MSG ` as a little-endian word. */
const MSG_AND_SPACE = 0x2047534d;
/** `MSG `, and a blank behind subject and sid. */
const LINE_FIXED_BYTES = 6;
const CR = 0x0d;
const LF = 0x0a;

/**
 * A message of at most a few KiB (or with one receiver) to targets that need no decision:
 * `[tail, end)` of `body` is the end of the control line, the body and its CRLF, copied in one piece
 * behind prefix and reply. `header` is 1 for HMSG. A function of its own arguments only, called from
 * the parser's handler without a detour (bench rows `1-1`, `1-8`, `4-4`).
 */
export function deliverPlain(
  targets: readonly Target[],
  body: Buffer,
  reply: Buffer,
  replyStart: number,
  replyEnd: number,
  tail: number,
  end: number,
  header: number,
  payloadBytes: number,
): number {
  const replyBytes = replyStart < 0 ? 0 : replyEnd - replyStart + 1;
  const tailBytes = end - tail;
  const fixedBytes = header + replyBytes + tailBytes;
  const bodyView = viewOf(body);
  const replyView = reply === body ? bodyView : makeView(reply);
  let delivered = 0;
  for (let i = 0; i < targets.length; i += 1) {
    const target = targets[i] as Target;
    const outbox = target.outbox;
    const prefixBytes = target.length;
    let at = outbox.used;
    if (at + prefixBytes + fixedBytes > outbox.capacity) {
      at = outbox.grow(prefixBytes + fixedBytes);
      if (at < 0) continue;
    }
    const out = outbox.view;
    if (header === 1) {
      out.setUint8(at, LETTER_H);
      at += 1;
    }
    at = copyWords(target.view, target.start, target.start + prefixBytes, out, at);
    if (replyBytes > 0) {
      at = copyWords(replyView, replyStart, replyEnd, out, at);
      out.setUint8(at, SPACE);
      at += 1;
    }
    if (tailBytes < WORD_COPY_BYTES_MAX) at = copyWords(bodyView, tail, end, out, at);
    else {
      body.copy(outbox.bytes, at, tail, end);
      at += tailBytes;
    }
    outbox.used = at;
    outbox.messages += 1;
    outbox.payloadBytes += payloadBytes;
    target.subscription.delivered += 1;
    delivered += 1;
  }
  return delivered;
}

export class Deliverer {
  readonly #slabs: SlabPool;
  readonly #one: Target[] = [];

  constructor(slabs: SlabPool) {
    this.#slabs = slabs;
  }

  /**
   * Delivers to all targets and returns to how many. `plain`: none of them is special or without
   * headers.
   */
  deliver(targets: readonly Target[], plain: boolean, message: MessageView): number {
    const count = targets.length;
    const { body, tailStart, bodyStart, bodyEnd } = message;
    const end = bodyEnd + 2;
    if (count > 1 && end - tailStart >= SHARED_BODY_BYTES) {
      return this.#deliverShared(targets, message);
    }
    if (plain) {
      const { reply, replyStart, replyEnd } = message;
      const header = message.headerBytes >= 0 ? 1 : 0;
      const payloadBytes = bodyEnd - bodyStart;
      return deliverPlain(
        targets,
        body,
        reply,
        replyStart,
        replyEnd,
        tailStart,
        end,
        header,
        payloadBytes,
      );
    }
    let delivered = 0;
    for (let i = 0; i < count; i += 1) delivered += this.deliverOne(targets[i] as Target, message);
    return delivered;
  }

  /** Delivers to one target. */
  deliverOne(target: Target, message: MessageView): number {
    if (target.special || (target.withoutHeaders && message.headerBytes >= 0)) {
      return this.#deliverSpecial(target, message);
    }
    this.#one[0] = target;
    return this.deliver(this.#one, true, message);
  }

  /**
   * Delivers to a subscription that has no target, with the control line written on the spot: for
   * subjects that come once. The caller has seen to it that no decision is needed.
   */
  deliverNew(subscription: Subscription, message: MessageView): number {
    const { outbox } = subscription.session;
    const { sid } = subscription;
    const { subject, subjectStart, subjectEnd, replyStart, replyEnd, tailStart } = message;
    const isWithHeader = message.headerBytes >= 0;
    const replyBytes = replyStart < 0 ? 0 : replyEnd - replyStart + 1;
    const end = message.bodyEnd + 2;
    const lineBytes = LINE_FIXED_BYTES + subjectEnd - subjectStart + sid.length + replyBytes;
    const needed = (isWithHeader ? 1 : 0) + lineBytes + end - tailStart;
    let at = outbox.used;
    if (at + needed > outbox.capacity) {
      at = outbox.grow(needed);
      if (at < 0) return 0;
    }
    const out = outbox.view;
    if (isWithHeader) {
      out.setUint8(at, LETTER_H);
      at += 1;
    }
    out.setInt32(at, MSG_AND_SPACE, true);
    at = copyWords(viewOf(subject), subjectStart, subjectEnd, out, at + 4);
    out.setUint8(at, SPACE);
    at += 1;
    for (let k = 0; k < sid.length; k += 1, at += 1) out.setUint8(at, sid.charCodeAt(k));
    out.setUint8(at, SPACE);
    at += 1;
    if (replyBytes > 0) {
      at = copyWords(viewOf(message.reply), replyStart, replyEnd, out, at);
      out.setUint8(at, SPACE);
      at += 1;
    }
    const { body } = message;
    if (end - tailStart < WORD_COPY_BYTES_MAX) {
      at = copyWords(viewOf(body), tailStart, end, out, at);
    } else at += body.copy(outbox.bytes, at, tailStart, end);
    outbox.used = at;
    outbox.messages += 1;
    outbox.payloadBytes += message.bodyEnd - message.bodyStart;
    subscription.delivered += 1;
    return 1;
  }

  #deliverShared(targets: readonly Target[], message: MessageView): number {
    const tail = message.tailStart;
    const length = message.bodyEnd + 2 - tail;
    const slab = this.#slabs.take(Math.max(length, LIMITS.slabBytes));
    message.body.copy(slab.bytes, 0, tail, tail + length);
    let delivered = 0;
    for (const target of targets) {
      if (target.special || target.withoutHeaders) {
        delivered += this.#deliverSpecial(target, message);
      } else if (this.#write(target, message, slab, length)) delivered += 1;
    }
    this.#slabs.release(slab);
    return delivered;
  }

  #deliverSpecial(target: Target, message: MessageView): number {
    const { kind } = target.subscription.session;
    if (kind.encoder !== undefined) return this.#deliverEncoded(target, kind, message);
    if (!kind.admit(target, message)) return 0;
    const strip = message.headerBytes >= 0 && target.withoutHeaders;
    const done = strip
      ? this.#writeWithoutHeader(target, message)
      : this.#write(target, message, undefined, 0);
    if (!done) return 0;
    kind.delivered(target, message);
    return 1;
  }

  /** To a connection with a protocol of its own; what throws there ends it, and nobody else (F27). */
  #deliverEncoded(target: Target, kind: ConnectionKind, message: MessageView): number {
    try {
      if (!kind.admit(target, message)) return 0;
      const { encoder } = kind;
      if (encoder === undefined || !this.#writeEncoded(target, encoder, message)) return 0;
      kind.delivered(target, message);
      return 1;
    } catch (error) {
      if (error instanceof AssertionFailure) throw error;
      kind.failed(target.subscription.session, error);
      return 0;
    }
  }

  #writeEncoded(target: Target, encoder: MessageEncoder, message: MessageView): boolean {
    const { outbox } = target;
    const needed = encoder.sizeOf(target, message);
    let at = outbox.used;
    if (at + needed > outbox.capacity) {
      at = outbox.grow(needed);
      if (at < 0) return false;
    }
    encoder.write(target, message, outbox.bytes, at);
    outbox.used = at + needed;
    this.#count(target, message.bodyEnd - message.bodyStart);
    return true;
  }

  /** Prefix and reply, then the body: copied, or by reference when it stands in `shared`. */
  #write(
    target: Target,
    message: MessageView,
    shared: Slab | undefined,
    sharedBytes: number,
  ): boolean {
    const { tailStart, bodyEnd } = message;
    const copied = shared === undefined ? bodyEnd + 2 - tailStart : 0;
    const outbox = target.outbox;
    if (shared !== undefined && !outbox.admits(sharedBytes)) return false;
    let at = this.#writeHead(target, message, message.headerBytes >= 0, copied);
    if (at < 0) return false;
    if (shared === undefined) {
      message.body.copy(outbox.bytes, at, tailStart, bodyEnd + 2);
      at += copied;
    }
    outbox.used = at;
    if (shared !== undefined) outbox.appendShared(shared, sharedBytes);
    this.#count(target, message.bodyEnd - message.bodyStart);
    return true;
  }

  /** CP-47: a receiver without header support gets MSG with the header block removed. */
  #writeWithoutHeader(target: Target, message: MessageView): boolean {
    const payloadStart = message.bodyStart + message.headerBytes;
    const payloadBytes = message.bodyEnd - payloadStart;
    const size = Buffer.from(`${payloadBytes}`, "latin1");
    const needed = size.length + 2 + payloadBytes + 2;
    let at = this.#writeHead(target, message, false, needed);
    if (at < 0) return false;
    const outbox = target.outbox;
    const out = outbox.bytes;
    at += size.copy(out, at);
    out[at] = CR;
    out[at + 1] = LF;
    at += 2 + message.body.copy(out, at + 2, payloadStart, message.bodyEnd + 2);
    outbox.used = at;
    this.#count(target, payloadBytes);
    return true;
  }

  #writeHead(target: Target, message: MessageView, header: boolean, bodyBytes: number): number {
    const outbox = target.outbox;
    const replyBytes = message.replyStart < 0 ? 0 : message.replyEnd - message.replyStart + 1;
    const needed = (header ? 1 : 0) + target.length + replyBytes + bodyBytes;
    let at = outbox.used;
    if (at + needed > outbox.capacity) {
      at = outbox.grow(needed);
      if (at < 0) return -1;
    }
    const out = outbox.bytes;
    if (header) {
      out[at] = LETTER_H;
      at += 1;
    }
    at = copyWords(target.view, target.start, target.start + target.length, outbox.view, at);
    if (replyBytes > 0) {
      at += message.reply.copy(out, at, message.replyStart, message.replyEnd);
      out[at] = SPACE;
      at += 1;
    }
    return at;
  }

  #count(target: Target, payloadBytes: number): void {
    target.outbox.messages += 1;
    target.outbox.payloadBytes += payloadBytes;
    target.subscription.delivered += 1;
  }
}
