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
  SYSTEM_ACCOUNT_INDEX,
} from "@weft/accounts";
import { assert, type Clock, type Entropy, type Millis } from "@weft/base";
import { copyWithHeader, HEADER_ROOM_BYTES } from "@weft/protocol";
import {
  FLAG_SERVICE_REPLY,
  FLAG_TRACED,
  frameHeadBytes,
  itemBytes,
} from "../deliver/bus-frame.ts";
import type { RemoteLanes } from "../deliver/remote-lanes.ts";
import { LatencyTracker, markBytes } from "../latency/latency-tracker.ts";
import type { Bus } from "../ports.ts";
import { REQUEST_INFO_KEY, RequestInfoCache, RequestOrigin } from "../session/request-info.ts";
import { writeSizes } from "./body-sizes.ts";
import { copyBytes, isText } from "./byte-text.ts";
import type { ContextTable, PublishContext } from "./context.ts";
import { MessageView, pausableId } from "./message-view.ts";
import type { Plan } from "./plan.ts";
import { hashSubject } from "./plan-compiler.ts";
import type { Publisher } from "./publisher.ts";
import { ReplyTag } from "./reply-tag.ts";
import { PUBLISH_DEPTH_MAX, type ServiceStep } from "./service-step.ts";

/** AC-33: acknowledgements keep their way; rewriting them would break pull consumers. */
const ACK_PREFIX = Buffer.from("$JS.ACK.", "latin1");
/**
 * In front of a body written anew: room for the reply subject, as what stands in one buffer is
 * copied faster, then for `<#header> <#total> CRLF` with ten digits each.
 */
const REPLY_BYTES_MAX = 64;
const BODY_START = REPLY_BYTES_MAX + 24;
const BODY_BYTES_MIN = 4_096;
/** Memory for larger bodies is not kept; subjects are bounded by the control line. */
const BODY_BYTES_KEPT = 65_536;
const SUBJECT_BYTES_MIN = 256;
const EMPTY = Buffer.alloc(0);
const NO_PICKS: readonly Buffer[] = [];

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

/** What one nesting depth publishes: refilled for each message, so that nothing is allocated. */
class Hop {
  readonly view = new MessageView();
  readonly origin = new RequestOrigin();
  /** The view is a request passed on; otherwise an answer on its way back. */
  isRequest = false;
  #subject = Buffer.allocUnsafeSlow(SUBJECT_BYTES_MIN);

  subjectRoom(bytes: number): Buffer {
    if (bytes > this.#subject.length) this.#subject = Buffer.allocUnsafeSlow(bytes);
    return this.#subject;
  }

  /** Large ones are not kept. */
  bodyRoom(bytes: number): Buffer {
    const { view } = this;
    if (view.ownedBody.length >= bytes) return view.ownedBody;
    const grown = Buffer.allocUnsafeSlow(Math.max(BODY_BYTES_MIN, bytes));
    view.ownedBody = grown.length <= BODY_BYTES_KEPT ? grown : EMPTY;
    return grown;
  }
}

export class ServiceImports implements ServiceStep {
  readonly #dependencies: ServiceImportsDependencies;
  readonly #replies: ServiceReplyTable;
  readonly #tag: ReplyTag;
  #infos: RequestInfoCache;
  readonly #latency: LatencyTracker;
  /** One per nesting depth. */
  readonly #hops: Hop[] = [];
  /** Imports seen from the other side, both ways. */
  readonly #reversed = new Map<ServiceImportSnapshot, ServiceImportSnapshot>();

  constructor(dependencies: ServiceImportsDependencies) {
    this.#dependencies = dependencies;
    const { bus, serverId, entropy, accounts } = dependencies;
    this.#tag = new ReplyTag(serverId);
    this.#replies = new ServiceReplyTable(entropy, this.#tag.of(bus.threadIndex));
    assert(this.#replies.subjectBytes <= REPLY_BYTES_MAX, "a reply subject has room");
    this.#infos = new RequestInfoCache(accounts);
    this.#latency = new LatencyTracker(accounts, dependencies);
    this.#replies.onMeasuredReleased = (slot) => this.#latency.released(slot);
  }

  request(plan: Plan, message: MessageView, context: PublishContext, depth: number): number {
    const { services } = plan;
    if (services === undefined || depth + 1 >= PUBLISH_DEPTH_MAX) return 0;
    let delivered = 0;
    for (let i = 0; i < services.length; i += 1) {
      const route = services[i] as ServiceTarget;
      if (this.#requestOne(route, message, context, depth + 1)) delivered += 1;
    }
    return delivered;
  }

  reply(message: MessageView, context: PublishContext, responder?: Buffer): boolean {
    const { subject, subjectStart, subjectEnd } = message;
    const thread = this.#tag.threadOf(subject, subjectStart, subjectEnd);
    const { bus, lanes, publisher } = this.#dependencies;
    if (thread < 0 || thread >= bus.threadsCount) return false;
    const mark = markBytes(subject, subjectEnd);
    if (thread !== bus.threadIndex) {
      const { account } = context;
      const { hash, source, trace } = message;
      const names = mark === 0 ? NO_PICKS : this.#latency.description(source);
      const report = trace && publisher.tracer?.awaited.add(trace.expect(undefined, false));
      const flags = report === undefined ? FLAG_SERVICE_REPLY : FLAG_SERVICE_REPLY | FLAG_TRACED;
      // biome-ignore format: one call
      lanes.send(thread, message, account, subject, subjectStart, subjectEnd, hash, names, flags,
        0, 0, 0, report, trace?.only === true ? 1 : 0);
      return true;
    }
    const now = this.#dependencies.clock.monotonicMs();
    const slot = this.#replies.find(subject, subjectStart, subjectEnd - mark, now);
    if (message.hops === 0) this.#latency.answeredBy(message.source, responder);
    // A token is good only where the request went to.
    if (slot < 0 || this.#replies.import(slot).exporter !== context.account) return false;
    return this.#forward(slot, message, now);
  }

  replyParksOn(message: MessageView): number {
    const { subject, subjectStart, subjectEnd } = message;
    const thread = this.#tag.threadOf(subject, subjectStart, subjectEnd);
    const { bus, lanes } = this.#dependencies;
    const isElsewhere = thread >= 0 && thread < bus.threadsCount && thread !== bus.threadIndex;
    if (!isElsewhere) return -1;
    const size = frameHeadBytes(subjectEnd - subjectStart, 0, FLAG_SERVICE_REPLY);
    return lanes.hasRoomFor(thread, size + itemBytes(message)) ? -1 : thread;
  }

  /** Forgets mappings whose time is over (AC-30). */
  expire(now: Millis): void {
    this.#replies.expire(now);
    this.#latency.tick((slot) => this.#replies.release(slot));
  }

  /** Other accounts by the same indexes. Requests on their way find back, unless an end is gone. */
  replaceAccounts(accounts: readonly AccountSnapshot[]): void {
    this.#infos = new RequestInfoCache(accounts);
    this.#latency.accounts = accounts;
    this.#reversed.clear();
    const isGone = (index: number): boolean => accounts[index]?.retired === true;
    if (!accounts.some(({ retired }) => retired === true)) return;
    this.#replies.releaseWhere((importer, exporter) => isGone(importer) || isGone(exporter));
  }

  #requestOne(
    route: ServiceTarget,
    message: MessageView,
    context: PublishContext,
    depth: number,
  ): boolean {
    const { import: service } = route;
    const hop = this.#hop(depth, message);
    const { view } = hop;
    this.#setSubject(hop, route.subject, message);
    this.#setOrigin(hop, message, context, service);
    // Answers have none: who answers is in hand himself, and waits as any publisher.
    view.requesterId = pausableId(message);
    this.#writeBody(hop, message);
    let slot = -1;
    if (message.replyStart < 0) {
      view.replyStart = -1;
    } else if (hasPrefix(message, ACK_PREFIX)) {
      view.reply = message.reply;
      view.replyStart = message.replyStart;
      view.replyEnd = message.replyEnd;
    } else {
      view.reply = view.body;
      slot = this.#replyVia(view, service, context.account, message);
    }
    if (service.latency !== undefined) {
      this.#latency.requested(service, slot, hop.origin.session, message, view, depth);
    }
    const use = slot < 0 ? 0 : this.#replies.use(slot);
    const done = this.#passOn(service.allowTrace, service.exporter, message, view, depth);
    // What was published may have asked on, and taken the slot.
    if (slot >= 0 && (!done || message.trace?.only === true) && this.#replies.use(slot) === use) {
      this.#latency.undelivered(slot, depth);
      this.#replies.releaseUse(slot, use);
    }
    hop.origin.session = undefined;
    return done;
  }

  /** A reply found its request: publish it where the requester waits. */
  #forward(slot: number, message: MessageView, now: Millis): boolean {
    const depth = message.hops + 1;
    if (depth >= PUBLISH_DEPTH_MAX) return false;
    const { hashSeed } = this.#dependencies;
    const replies = this.#replies;
    const service = replies.import(slot);
    const account = replies.account(slot);
    const use = replies.use(slot);
    if (service.latency !== undefined) {
      // Published before anything of the answer is put together: mapped, it may be the answer itself.
      this.#latency.answered(slot, depth);
      if (replies.use(slot) !== use) return false;
    }
    const hop = this.#hop(depth, message);
    const { view, origin } = hop;
    const subjectBytes = replies.replyBytes(slot);
    view.subject = hop.subjectRoom(subjectBytes);
    replies.copyReply(slot, view.subject, 0);
    view.subjectStart = 0;
    view.subjectEnd = subjectBytes;
    view.hash = hashSubject(view.subject, 0, subjectBytes, hashSeed);
    view.body = message.body;
    view.tailStart = message.tailStart;
    view.bodyStart = message.bodyStart;
    view.bodyEnd = message.bodyEnd;
    view.headerBytes = message.headerBytes;
    view.replyStart = -1;
    // Where the requester waits may be a service too: then the one who answers is who asks.
    origin.session = message.source;
    origin.account = service.exporter;
    origin.service = -1;
    origin.shared = false;
    origin.withServer = false;
    hop.isRequest = false;
    // Before anything else is published: that may need the place of the oldest request.
    const payloadBytes = message.bodyEnd - message.bodyStart;
    const takesMore = replies.takesMore(slot, payloadBytes, now);
    // The answer asks back: the requester's side gets a way to answer it.
    if (message.replyStart >= 0) {
      view.reply = view.ownedReply;
      this.#replyVia(view, this.#reverse(service), service.exporter, message);
    }
    // AC-74: what becomes of it in the requester's account is not for who answers.
    const done = this.#passOn(false, account, message, view, depth);
    if (takesMore && !done) replies.releaseUse(slot, use);
    origin.session = undefined;
    return done;
  }

  /** Publishes `view`, as `message` goes on, in `account`; true if it reached anybody. */
  #passOn(
    allowTrace: boolean,
    account: number,
    message: MessageView,
    view: MessageView,
    depth: number,
  ): boolean {
    const { publisher, contexts } = this.#dependencies;
    if (message.trace === undefined) {
      return publisher.publishAs(contexts.internal(account), view, depth) > 0;
    }
    return publisher.tracer?.through(allowTrace, account, message, view, depth) === true;
  }

  #reverse(service: ServiceImportSnapshot): ServiceImportSnapshot {
    let reversed = this.#reversed.get(service);
    if (reversed === undefined) {
      const { importer, exporter } = service;
      reversed = { ...service, importer: exporter, exporter: importer };
      this.#reversed.set(service, reversed);
      this.#reversed.set(reversed, service);
    }
    return reversed;
  }

  /** Writes a reply subject of this thread that leads back to the reply of `message` to `view`. */
  #replyVia(
    view: MessageView,
    service: ServiceImportSnapshot,
    account: number,
    message: MessageView,
  ): number {
    const { clock } = this.#dependencies;
    const { reply, replyStart, replyEnd, sourceClientId } = message;
    const now = clock.monotonicMs();
    const replies = this.#replies;
    const slot = replies.create(service, account, sourceClientId, reply, replyStart, replyEnd, now);
    view.replyStart = 0;
    view.replyEnd = replies.writeSubject(slot, view.reply, 0);
    return slot;
  }

  /** AC-37: what the accounts behind the first one learn is what the requester's import shares. */
  #setOrigin(
    hop: Hop,
    message: MessageView,
    context: PublishContext,
    service: ServiceImportSnapshot,
  ): void {
    const { origin } = hop;
    hop.isRequest = true;
    const isSystem = service.exporter === SYSTEM_ACCOUNT_INDEX;
    const before = this.#hops[message.hops];
    if (before === undefined || before.view !== message) {
      origin.session = message.source;
      origin.account = context.account;
      origin.service = -1;
      origin.shared = service.share;
      origin.withServer = service.share || isSystem;
      return;
    }
    origin.session = before.origin.session;
    origin.account = before.origin.account;
    origin.service = before.isRequest ? context.account : -1;
    origin.shared = before.origin.shared;
    origin.withServer = before.origin.withServer || isSystem || (before.isRequest && service.share);
  }

  /** AC-34: the message with the broker's word about the requester in place of his own. */
  #writeBody(hop: Hop, message: MessageView): void {
    const { view } = hop;
    const info = this.#infos.of(hop.origin);
    const { body, bodyStart, bodyEnd, headerBytes } = message;
    const whole = bodyEnd - bodyStart + 2;
    const out = hop.bodyRoom(BODY_START + info.block.length + HEADER_ROOM_BYTES + whole);
    let payloadStart = bodyStart;
    let at = BODY_START;
    if (headerBytes < 0) {
      at = copyBytes(info.block, 0, info.block.length, out, at);
    } else {
      payloadStart += headerBytes;
      const block = body.subarray(bodyStart, payloadStart);
      // Whatever its spelling, what the requester says of itself goes (attack 43).
      at = copyWithHeader(block, REQUEST_INFO_KEY, info.last, out, at);
    }
    view.headerBytes = at - BODY_START;
    view.body = out;
    view.bodyStart = BODY_START;
    view.bodyEnd = copyBytes(body, payloadStart, bodyEnd + 2, out, at) - 2;
    view.tailStart = writeSizes(out, BODY_START, view.headerBytes, view.bodyEnd - BODY_START);
  }

  /** Most imports keep the subject: then the message's own bytes do. */
  #setSubject(hop: Hop, subject: string, message: MessageView): void {
    const { view } = hop;
    if (isText(subject, message.subject, message.subjectStart, message.subjectEnd)) {
      view.subject = message.subject;
      view.subjectStart = message.subjectStart;
      view.subjectEnd = message.subjectEnd;
      view.hash = message.hash;
      return;
    }
    const bytes = subject.length;
    const out = hop.subjectRoom(bytes);
    for (let k = 0; k < bytes; k += 1) out[k] = subject.charCodeAt(k);
    view.subject = out;
    view.subjectStart = 0;
    view.subjectEnd = bytes;
    view.hash = hashSubject(out, 0, bytes, this.#dependencies.hashSeed);
  }

  #hop(depth: number, { originKind }: MessageView): Hop {
    let hop = this.#hops[depth];
    if (hop === undefined) {
      hop = new Hop();
      this.#hops[depth] = hop;
    }
    const { view } = hop;
    view.source = undefined;
    view.originKind = originKind;
    view.sourceThread = this.#dependencies.bus.threadIndex;
    view.sourceClientId = 0;
    view.requesterId = 0;
    view.wantsNoResponders = false;
    view.mayPark = false;
    view.hops = depth;
    view.trace = undefined;
    return hop;
  }
}

function hasPrefix(message: MessageView, prefix: Buffer): boolean {
  const { reply, replyStart, replyEnd } = message;
  if (reply[replyStart] !== prefix[0] || replyEnd - replyStart < prefix.length) return false;
  for (let k = 1; k < prefix.length; k += 1) {
    if (reply[replyStart + k] !== prefix[k]) return false;
  }
  return true;
}
