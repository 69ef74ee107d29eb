// Requests and replies that cross accounts (AC-28 to AC-34, AC-37). A request is published into the
// exporting account with a reply subject of this thread's own, `_R_.<thread>.<token>`; who answers
// there finds the way back through the token, from whatever thread. Owned by the worker's core.
//
// Must stay true: a token is good only in the account that the request went to; the exporter learns
// of the requester what the import shares and nothing that the requester claims about itself.
import {
  type AccountSnapshot,
  type ServiceImportSnapshot,
  ServiceReplyTable,
  type ServiceTarget,
} from "@weft/accounts";
import { assert, type Clock, type Entropy, type Millis } from "@weft/base";
import { removeHeader, setHeader } from "@weft/protocol";
import { FLAG_SERVICE_REPLY } from "../deliver/bus-frame.ts";
import type { RemoteLanes } from "../deliver/remote-lanes.ts";
import type { Bus } from "../ports.ts";
import { requestInfo } from "../session/request-info.ts";
import type { ContextTable, PublishContext } from "./context.ts";
import { MessageView } from "./message-view.ts";
import type { Plan } from "./plan.ts";
import { hashSubject } from "./plan-compiler.ts";
import { PUBLISH_DEPTH_MAX, type Publisher, type ServiceStep } from "./publisher.ts";

const REQUEST_INFO = "Nats-Request-Info";
/** AC-33: acknowledgements keep their way; rewriting them would break pull consumers. */
const ACK_PREFIX = Buffer.from("$JS.ACK.", "latin1");
const EMPTY = Buffer.alloc(0);
const DOT = 0x2e;
const DIGIT_0 = 0x30;

export interface ServiceImportsDependencies {
  readonly bus: Bus;
  readonly lanes: RemoteLanes;
  readonly publisher: Publisher;
  readonly contexts: ContextTable;
  readonly accounts: readonly AccountSnapshot[];
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly hashSeed: number;
  readonly serverId: string;
}

/** `_R_.`, six characters of the server's id, two digits of the thread, a dot. */
const TAG_AT = 4;
const SERVER_TAG_BYTES = 6;
const THREAD_AT = TAG_AT + SERVER_TAG_BYTES;
const TAG_END = THREAD_AT + 2;

export class ServiceImports implements ServiceStep {
  readonly #dependencies: ServiceImportsDependencies;
  readonly #replies: ServiceReplyTable;
  readonly #serverTag: Buffer;
  /** One message per nesting depth. */
  readonly #views: MessageView[] = [];

  constructor(dependencies: ServiceImportsDependencies) {
    this.#dependencies = dependencies;
    const { bus, serverId, entropy } = dependencies;
    this.#serverTag = Buffer.from(serverId.slice(1, 1 + SERVER_TAG_BYTES), "latin1");
    assert(this.#serverTag.length === SERVER_TAG_BYTES, "a server id is a public key");
    const tag = `${this.#serverTag.toString("latin1")}${String(bus.threadIndex).padStart(2, "0")}`;
    this.#replies = new ServiceReplyTable(entropy, tag);
  }

  request(plan: Plan, message: MessageView, context: PublishContext, depth: number): number {
    if (depth + 1 >= PUBLISH_DEPTH_MAX) return 0;
    let delivered = 0;
    for (const route of plan.services ?? []) {
      if (this.#requestOne(route, message, context, depth + 1)) delivered += 1;
    }
    return delivered;
  }

  reply(message: MessageView, context: PublishContext): boolean {
    const { subject, subjectStart, subjectEnd } = message;
    const thread = this.#threadOf(subject, subjectStart, subjectEnd);
    const { bus, lanes } = this.#dependencies;
    if (thread < 0 || thread >= bus.threadsCount) return false;
    if (thread !== bus.threadIndex) {
      const { account } = context;
      const { hash } = message;
      lanes.send(
        thread,
        message,
        account,
        subject,
        subjectStart,
        subjectEnd,
        hash,
        [],
        FLAG_SERVICE_REPLY,
      );
      return true;
    }
    const now = this.#dependencies.clock.monotonicMs();
    const slot = this.#replies.find(subject, subjectStart, subjectEnd, now);
    // A token is good only where the request went to.
    if (slot < 0 || this.#replies.import(slot).exporter !== context.account) return false;
    return this.#forward(slot, message, now);
  }

  /** Forgets mappings whose time is over (AC-30). */
  expire(now: Millis): void {
    this.#replies.expire(now);
  }

  #requestOne(
    route: ServiceTarget,
    message: MessageView,
    context: PublishContext,
    depth: number,
  ): boolean {
    const { publisher, contexts } = this.#dependencies;
    const { import: service } = route;
    const view = this.#view(depth);
    this.#setSubject(view, route.subject);
    let slot = -1;
    if (message.replyStart < 0) {
      view.replyStart = -1;
    } else if (hasPrefix(message, ACK_PREFIX)) {
      view.reply = message.reply;
      view.replyStart = message.replyStart;
      view.replyEnd = message.replyEnd;
    } else {
      slot = this.#replyVia(view, service, context.account, message);
    }
    view.requester = message.requester ?? message.source;
    this.#addRequestInfo(view, message, context, service.share, depth);
    const done = publisher.publishAs(contexts.internal(service.exporter), view, depth) > 0;
    if (!done && slot >= 0) this.#replies.release(slot);
    return done;
  }

  /** A reply found its request: publish it where the requester waits. */
  #forward(slot: number, message: MessageView, now: Millis): boolean {
    const depth = message.hops + 1;
    if (depth >= PUBLISH_DEPTH_MAX) return false;
    const { publisher, contexts } = this.#dependencies;
    const service = this.#replies.import(slot);
    const account = this.#replies.account(slot);
    const view = this.#view(depth);
    this.#setSubject(view, this.#replies.reply(slot));
    view.body = message.body;
    view.tailStart = message.tailStart;
    view.bodyStart = message.bodyStart;
    view.bodyEnd = message.bodyEnd;
    view.headerBytes = message.headerBytes;
    view.replyStart = -1;
    if (message.replyStart >= 0) {
      // The answer asks back: the requester's side gets a way to answer it.
      const { importer, exporter } = service;
      const reverse = { ...service, importer: exporter, exporter: importer };
      this.#replyVia(view, reverse, exporter, message);
    }
    const payloadBytes = message.bodyEnd - message.bodyStart;
    const done = publisher.publishAs(contexts.internal(account), view, depth) > 0;
    this.#replies.answered(slot, payloadBytes, done, now);
    return done;
  }

  /** Gives `view` a reply subject of this thread that leads back to the reply of `message`. */
  #replyVia(
    view: MessageView,
    service: ServiceImportSnapshot,
    account: number,
    message: MessageView,
  ): number {
    const { clock } = this.#dependencies;
    const { reply, replyStart, replyEnd } = message;
    const text = reply.toString("latin1", replyStart, replyEnd);
    const connection = message.sourceClientId;
    const slot = this.#replies.create(service, account, connection, text, clock.monotonicMs());
    view.reply = view.ownedReply;
    view.replyStart = 0;
    view.replyEnd = this.#replies.writeSubject(slot, view.ownedReply, 0);
    return slot;
  }

  /** The thread that a reply subject of this server names, or -1. */
  #threadOf(subject: Buffer, start: number, end: number): number {
    if (end - start <= TAG_END || subject[start + TAG_END] !== DOT) return -1;
    for (let k = 0; k < SERVER_TAG_BYTES; k += 1) {
      if (subject[start + TAG_AT + k] !== this.#serverTag[k]) return -1;
    }
    const tens = (subject[start + THREAD_AT] as number) - DIGIT_0;
    const ones = (subject[start + THREAD_AT + 1] as number) - DIGIT_0;
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) return -1;
    return tens * 10 + ones;
  }

  /** AC-34: replaces whatever the requester put there itself. */
  #addRequestInfo(
    view: MessageView,
    message: MessageView,
    context: PublishContext,
    share: boolean,
    depth: number,
  ): void {
    const account = this.#dependencies.accounts[context.account]?.name ?? "";
    const info = requestInfo(view.requester, account, share);
    const { headerBytes, bodyStart, bodyEnd } = message;
    const payloadStart = headerBytes < 0 ? bodyStart : bodyStart + headerBytes;
    const block = headerBytes < 0 ? undefined : message.body.subarray(bodyStart, payloadStart);
    // Whatever its spelling, what the requester says of itself goes (attack 43).
    const clean = block === undefined ? undefined : removeHeader(block, REQUEST_INFO, "loose");
    const header = setHeader(clean, REQUEST_INFO, info);
    const payloadBytes = bodyEnd - payloadStart;
    const tail = Buffer.from(`${header.length} ${header.length + payloadBytes}\r\n`, "latin1");
    const out = this.#bodyBuffer(depth, tail.length + header.length + payloadBytes + 2);
    tail.copy(out, 0);
    header.copy(out, tail.length);
    message.body.copy(out, tail.length + header.length, payloadStart, bodyEnd + 2);
    view.body = out;
    view.tailStart = 0;
    view.bodyStart = tail.length;
    view.bodyEnd = tail.length + header.length + payloadBytes;
    view.headerBytes = header.length;
  }

  #setSubject(view: MessageView, subject: string): void {
    const bytes = Buffer.from(subject, "latin1");
    view.subject = bytes;
    view.subjectStart = 0;
    view.subjectEnd = bytes.length;
    view.hash = hashSubject(bytes, 0, bytes.length, this.#dependencies.hashSeed);
  }

  #view(depth: number): MessageView {
    let view = this.#views[depth];
    if (view === undefined) {
      view = new MessageView();
      this.#views[depth] = view;
    }
    view.source = undefined;
    view.sourceThread = this.#dependencies.bus.threadIndex;
    view.sourceClientId = 0;
    view.wantsNoResponders = false;
    view.mayPark = false;
    view.hops = depth;
    return view;
  }

  /** Memory for a body of this depth; large ones are not kept. */
  #bodyBuffer(depth: number, bytes: number): Buffer {
    const view = this.#view(depth);
    if (view.body !== view.subject && view.ownedBody.length >= bytes) return view.ownedBody;
    const grown = Buffer.allocUnsafeSlow(Math.max(4096, bytes));
    view.ownedBody = grown.length <= 65_536 ? grown : EMPTY;
    return grown;
  }
}

function hasPrefix(message: MessageView, prefix: Buffer): boolean {
  const { reply, replyStart, replyEnd } = message;
  if (replyEnd - replyStart < prefix.length) return false;
  return reply.compare(prefix, 0, prefix.length, replyStart, replyStart + prefix.length) === 0;
}
