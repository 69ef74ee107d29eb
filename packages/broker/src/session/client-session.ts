// One client connection: its states and its operations (docs/compat/01-client-protocol.md).
// Owned by the worker that has its socket. Reading order: state table, `onPublish` (hot path),
// the others; login is in login.ts, deadlines in liveness.ts, partial input in session-input.ts.
//
//   greeting -> securing -> connecting -> (logging-in) -> active -> closing -> closed
//
// Must stay true: nothing is delivered to a session that has ended; its subscriptions have left the
// index, or leave it in slices (departures.ts).
import type { CompiledPermissions, Identity, LoginKind, ResponseTracker } from "@weft/auth";
import {
  equalWords,
  type TlsFacts,
  type Transport,
  type TransportEvents,
  viewOf,
} from "@weft/base";
import {
  type ClientOps,
  type ClosedReason,
  type ConnectOptions,
  type ErrorLine,
  encodeInfo,
  errorLine,
  type FailureParts,
  PARSE_FAILURES,
  PONG,
  type PublishParts,
  TRANSPORT_REASONS,
} from "@weft/protocol";
import { ITEM_SOLE, writeItem } from "../deliver/bus-frame.ts";
import { deliverPlain } from "../deliver/deliverer.ts";
import type { Outbox } from "../deliver/outbox.ts";
import type { Receiver } from "../deliver/receiver.ts";
import { fitsRun, type Run } from "../deliver/remote-lanes.ts";
import type { PublishContext } from "../publish/context.ts";
import { contextMix } from "../publish/plan-cache.ts";
import type { Publisher } from "../publish/publisher.ts";
import { dropSubscriptions, subscribe, unsubscribe } from "../subscribe/client-subscribe.ts";
import type { Subscription } from "../subscribe/subscription.ts";
import { type ClientFacts, NO_FACTS } from "./client-description.ts";
import { clientInfo } from "./client-info.ts";
import { CLIENT_KIND } from "./client-kind.ts";
import { isPlainRequest, type ParkedPublish, publishInHand } from "./client-publish.ts";
import type { ClientTrace } from "./client-trace.ts";
import { sendFirstInfo, takesHello } from "./greeting.ts";
import { connect, loginWithoutConnect } from "./login.ts";
import type { Review } from "./review.ts";
import type { PendingLogin, SessionHost } from "./session-host.ts";
import { SessionInput } from "./session-input.ts";
import { failureText, logAbout } from "./session-log.ts";
import { publishTraced, traceOversized } from "./traced-publish.ts";
import { WAIT_JUDGEMENT } from "./wait-reasons.ts";

export type SessionState =
  | "greeting"
  | "securing"
  | "connecting"
  | "logging-in"
  | "active"
  | "closing"
  | "closed";

// As in plan-cache.ts and deliverer.ts: V8 folds constants of the same module only.
const HIT_SLOT_MASK = (1 << 16) - 1;
const HIT_BODY_BYTES = 8 * 1024;

/** How long a closing session may take to hand over its last bytes. */
const CLOSE_GRACE_MS = 1_000;

export class ClientSession implements ClientOps, TransportEvents, Receiver {
  readonly kind = CLIENT_KIND;
  readonly host: SessionHost;
  readonly transport: Transport;
  readonly outbox: Outbox;
  readonly clientId: number;
  readonly listenerIndex: number;
  readonly startedUnixMs: number;
  state: SessionState = "greeting";
  readonly publisher: Publisher;
  /** Set by login, as all that depends on the account. */
  identity: Identity | undefined;
  context: PublishContext;
  /**
   * Id of `context` while the hit path of PUB may be taken: active, neither verbose nor pedantic.
   * Otherwise -1, which no plan has.
   */
  contextId = -1;
  contextMix = 0;
  account = -1;
  permissions: CompiledPermissions | undefined;
  responses: ResponseTracker | undefined;
  facts: ClientFacts = NO_FACTS;
  /** Name or public key for logs and monitoring. */
  user = "";
  nkey = "";
  loginKind: LoginKind = "none";
  /** Between the parser and this session while the protocol is traced. */
  trace: ClientTrace | undefined;
  /** Options of the last CONNECT without its secrets; a second one builds on them (CP-29). */
  connectOptions: ConnectOptions | undefined;
  /** The CONNECT being processed; forgotten when the login is decided. */
  lastOptions: ConnectOptions | undefined;
  pendingLogin: PendingLogin | undefined;
  tls: TlsFacts | undefined;
  nonce = "";
  // Switches of CONNECT, as they are without one (CP-20, CP-32).
  verbose = true;
  pedantic = true;
  echo = true;
  headersEnabled = false;
  noResponders = false;
  awaitingConnect: boolean;
  connectReceived = false;
  controlLineBytesMax: number;
  payloadBytesMax: number;
  subscriptionsMax: number;
  /** Deliveries to this session need a decision each (echo off, reply tracking). */
  specialTarget = false;
  subscriptions: Map<string, Subscription> | undefined;
  /** Its rights have changed, and not all of its subscriptions are looked at yet. */
  review: Review | undefined;
  inMessages = 0;
  inBytes = 0;
  /** Pauses for receivers (CP-105). */
  stalls = 0;
  /** Of the connection board: the index of its first figure. */
  place = -1;
  isDescribed = false;
  closedReason: ClosedReason | undefined;
  /** Bits of `WAIT_*`. */
  waiting = 0;
  /** Monotonic deadlines in milliseconds; 0 = none. */
  authDeadlineMs = 0;
  pingDueMs = 0;
  greetDueMs = 0;
  closeDeadlineMs = 0;
  expiryDeadlineMs = 0;
  pingsUnanswered = 0;
  roundTripMs = 0;
  pingSentMs = 0;
  lastInputMs = 0;
  aheadBytes = 0;
  infoSent = false;
  tlsFirst = false;
  firstPongSent = false;
  /** The next publish was parked before, and admitted as this. */
  publishParked: ParkedPublish | undefined;
  readonly #input = new SessionInput();

  constructor(host: SessionHost, transport: Transport, clientId: number, listenerIndex: number) {
    this.host = host;
    this.transport = transport;
    this.clientId = clientId;
    this.listenerIndex = listenerIndex;
    this.outbox = host.newOutbox(this);
    this.publisher = host.publisher;
    this.awaitingConnect = host.rules.authRequired;
    this.controlLineBytesMax = host.limits.controlLineBytesMax;
    this.payloadBytesMax = host.limits.payloadBytesMax;
    this.subscriptionsMax = host.limits.subscriptionsMax;
    this.context = host.contexts.client(0);
    this.startedUnixMs = Number(host.clock.unixNanos() / 1_000_000n);
    this.lastInputMs = host.clock.monotonicMs();
  }

  // ---- transport events

  onBytes(input: Buffer, start: number, end: number): void {
    if (this.state === "closing" || this.state === "closed") return;
    this.host.beginInput(this, end - start);
    if (this.tls === undefined && takesHello(this, input[start] as number)) return;
    if (this.greetDueMs !== 0) sendFirstInfo(this);
    if (this.waiting !== 0 && !this.host.judgements.isLetOn(this)) {
      if (this.waiting !== 0) this.#input.keep(input, start, end);
      return;
    }
    this.#bindMessage();
    this.#input.feed(this.host.parser, this.trace ?? this, input, start, end, start);
    this.host.endOfInput(this);
  }

  onWritten(): void {
    this.outbox.written();
    this.host.outputDone(this);
  }

  onSecure(facts: TlsFacts): void {
    this.tls = facts;
    this.tlsFirst = !this.infoSent;
    if (!this.infoSent) sendFirstInfo(this);
    if (this.state === "securing") this.state = "connecting";
  }

  onClosed(cause: keyof typeof TRANSPORT_REASONS, detail: string): void {
    if (this.state === "closed") return;
    if (cause === "tls" && detail !== "") logAbout(this, "error", `TLS handshake error: ${detail}`);
    this.#release(TRANSPORT_REASONS[cause]);
    this.state = "closed";
    this.outbox.close();
    this.#input.drop();
    this.host.closed(this);
  }

  // ---- client operations

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
    // The hit path: one probe, one comparison, no call but delivery and copy. Calls are what costs here
    // (rows `pub-16`, `1-1-16`, `w2-1-1-16`); what is unusual falls through to the general way below.
    const { publisher } = this;
    const plan = publisher.cache.slots[(hash ^ this.contextMix) & HIT_SLOT_MASK];
    if (
      plan !== undefined &&
      plan.hash === hash &&
      plan.contextId === this.contextId &&
      plan.checkedEpoch === publisher.epoch &&
      (plan.direct || (plan.soleRemote !== undefined && plan.plain)) &&
      plan.subjectLength === subjectEnd - subjectStart &&
      tailStart >= 0 &&
      bodyEnd - bodyStart < HIT_BODY_BYTES &&
      (replyStart < 0 || isPlainRequest(plan, input, replyStart))
    ) {
      const length = plan.subjectLength;
      let hit = equalWords(plan.view, plan.subjectStart, viewOf(input), subjectStart, length);
      const { targets, soleRemote } = plan;
      const end = bodyEnd + 2;
      let run: Run | undefined;
      if (soleRemote !== undefined && hit) {
        run = publisher.runs[soleRemote.thread] as Run;
        const bytes = end - tailStart + (replyStart < 0 ? 0 : replyEnd - replyStart);
        hit = fitsRun(run, soleRemote, this.clientId, bytes);
      }
      if (hit) {
        const bodyBytes = bodyEnd - bodyStart;
        let delivered = 0;
        if (targets.length > 0) {
          const header = headerBytes < 0 ? 0 : 1;
          // biome-ignore format: one call
          delivered = deliverPlain(targets, input, input, replyStart, replyEnd, tailStart, end,
            header, bodyBytes);
        }
        if (run !== undefined) {
          const asks = replyStart >= 0 && delivered === 0 && this.noResponders ? ITEM_SOLE : 0;
          // biome-ignore format: one call, and the longest function of the file
          run.at = writeItem(run, run.at, asks, input, replyStart, replyEnd, input, tailStart,
            bodyStart, end, headerBytes);
        }
        // A request that nobody took is told so by the general way (CP-64).
        if (delivered > 0 || run !== undefined || replyStart < 0) {
          this.inMessages += 1;
          this.inBytes += bodyBytes;
          return true;
        }
      }
    }
    const { message } = this.host;
    message.subject = input;
    message.subjectStart = subjectStart;
    message.subjectEnd = subjectEnd;
    message.hash = hash;
    message.reply = input;
    message.replyStart = replyStart;
    message.replyEnd = replyEnd;
    message.body = input;
    message.tailStart = tailStart;
    message.bodyStart = bodyStart;
    message.bodyEnd = bodyEnd;
    message.headerBytes = headerBytes;
    return publishInHand(this);
  }

  onTracedPublish(...publish: PublishParts): boolean {
    return publishTraced(this, publish);
  }

  onOversizedHeaders(input: Buffer, start: number, end: number, totalBytes: number): void {
    traceOversized(this, input.subarray(start, end), totalBytes);
  }

  onConnect(input: Buffer, start: number, end: number): boolean {
    return connect(this, input, start, end);
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
    if (!this.ensureActive()) return false;
    const filter = input.toString("latin1", subjectStart, subjectEnd);
    const queue = queueStart < 0 ? undefined : input.toString("latin1", queueStart, queueEnd);
    subscribe(this, filter, queue, input.toString("latin1", sidStart, sidEnd));
    return this.state === "active";
  }

  onUnsubscribe(input: Buffer, sidStart: number, sidEnd: number, max: number): boolean {
    if (!this.ensureActive()) return false;
    unsubscribe(this, input.toString("latin1", sidStart, sidEnd), max);
    return true;
  }

  onPing(): boolean {
    this.send(PONG);
    if (!this.connectReceived) return true;
    if (!this.firstPongSent) {
      this.firstPongSent = true;
      // CP-10
      if (this.facts.protocol >= 1) this.send(encodeInfo(clientInfo(this, { connectInfo: true })));
    }
    return true;
  }

  onPong(): boolean {
    this.pingsUnanswered = 0;
    if (this.pingSentMs !== 0) {
      this.roundTripMs = this.host.clock.monotonicMs() - this.pingSentMs;
      this.pingSentMs = 0;
    }
    return true;
  }

  onEarlyOperation(): boolean {
    return loginWithoutConnect(this);
  }

  onParseFailure(...failure: FailureParts): void {
    const { line, reason } = PARSE_FAILURES[failure[0]];
    logAbout(this, "error", failureText(this.payloadBytesMax, ...failure));
    if (line !== undefined) this.send(errorLine(line.text));
    this.close(reason);
  }

  // ---- what the rest of the core asks of a session; `ensureActive` lets operations go on

  ensureActive(): boolean {
    if (this.state === "active") return true;
    if (this.state !== "connecting") return false;
    return loginWithoutConnect(this);
  }

  /** AZ-07, for subscriptions that overlap a deny. */
  mayReceive(subject: string, queue: string | undefined): boolean {
    return this.permissions === undefined || this.permissions.deliveryAllowed(subject, queue);
  }

  /** Appends protocol bytes; they leave at the end of the turn. */
  send(bytes: Uint8Array): void {
    this.trace?.sent(bytes);
    this.outbox.append(bytes);
  }

  /** Sends the `-ERR` and closes where the text says so. */
  fail(line: ErrorLine): void {
    this.send(errorLine(line.text));
    if (line.closes) this.close(line.reason);
  }

  /** Ends the session; what is in the outbox still leaves. */
  close(reason: ClosedReason): void {
    if (this.state === "closing" || this.state === "closed") return;
    this.#release(reason);
    this.state = "closing";
    this.closeDeadlineMs = this.host.clock.monotonicMs() + CLOSE_GRACE_MS;
    this.host.touch(this);
  }

  /** Ends the session at once: its peer does not read. */
  abort(reason: ClosedReason): void {
    if (this.state === "closed") return;
    this.#release(reason);
    this.state = "closing";
    this.outbox.close();
    this.transport.destroy();
  }

  /** End of a turn in which something was appended. */
  flush(): void {
    if (this.state === "closed") return;
    const wasWriting = this.outbox.writing;
    this.outbox.flush(this.transport);
    this.host.outputDone(this);
    if (!wasWriting && this.outbox.writing) {
      this.outbox.writeStartedMs = this.host.clock.monotonicMs();
    }
    if (this.state === "closing" && this.outbox.queuedBytes === 0) this.transport.end();
  }

  /** Stops parsing for this reason until `go` is called for it. */
  wait(reason: number): void {
    if ((this.waiting & ~WAIT_JUDGEMENT) === 0) this.transport.pauseReading();
    this.waiting |= reason;
  }

  /** Ends one reason to wait; without another one the kept input goes on. */
  go(reason: number): void {
    if ((this.waiting & reason) === 0) return;
    this.waiting &= ~reason;
    if (this.waiting === WAIT_JUDGEMENT) this.host.judgements.isLetOn(this);
    if (this.waiting !== 0 || this.state === "closing" || this.state === "closed") return;
    if (this.#input.isWaiting) {
      this.#bindMessage();
      this.host.resumeInput(this, this.#input);
    }
    if (this.waiting === 0) this.transport.resumeReading();
  }

  /** After a change of state, context or switches: the fields that the hit path looks at. */
  refreshQuick(): void {
    const isPlain = !this.verbose && !this.pedantic && this.publishParked === undefined;
    this.contextId = isPlain && this.state === "active" ? this.context.id : -1;
    this.contextMix = contextMix(this.context.id);
  }

  /** After a change of switches: recomputes `specialTarget` and makes plans to this session anew. */
  refreshSpecial(): void {
    this.specialTarget = !this.echo || this.responses !== undefined || this.trace !== undefined;
    const { subscriptions } = this;
    if (subscriptions !== undefined) this.host.subscriptions.allChanged(subscriptions.values());
  }

  /** Everything of this session that others can see is taken back. */
  #release(reason: ClosedReason): void {
    if (this.closedReason !== undefined) return;
    this.closedReason = reason;
    this.contextId = -1;
    if (this.host.log.debugEnabled) logAbout(this, "debug", `Client connection closed: ${reason}`);
    dropSubscriptions(this);
    this.waiting = 0;
    if (this.account >= 0) this.host.shared.releaseConnection(this.account);
  }

  /** Points the message in hand at this session, once per piece of input. */
  #bindMessage(): void {
    const { message, threadIndex } = this.host;
    this.publisher.beginTurn();
    message.source = this;
    message.sourceThread = threadIndex;
    message.sourceClientId = this.clientId;
    message.wantsNoResponders = this.noResponders;
    message.mayPark = true;
    message.hops = 0;
  }
}
