// The connections of a worker that are no clients': accepted or dialled here, they subscribe and publish
// through this. Owned by the worker's core. Must stay true: another server's interest stands in the worker's
// own segment like a client's, so that every thread finds it, and goes with its connection or its account;
// what it publishes bears its kind and its number on every thread, so that its kind can refuse what came by
// the same way; once the server stops there are no such connections.
import type { AccountSnapshot } from "@weft/accounts";
import {
  type Clock,
  type DialTarget,
  LIMITS,
  type Log,
  type Millis,
  type Transport,
} from "@weft/base";
import { isValidFilterForSubscribe, isValidPublishSubject, tokenCount } from "@weft/subjects";
import type { Outbox } from "../deliver/outbox.ts";
import type { OutboxOwner } from "../deliver/receiver.ts";
import { fillMessage } from "../internal/internal-message.ts";
import type { BrokerDependencies } from "../ports.ts";
import type { ContextTable } from "../publish/context.ts";
import { type DirectedParts, DirectedPublish } from "../publish/directed-publish.ts";
import { MessageView, renameMessage } from "../publish/message-view.ts";
import { PARKED, type Publisher } from "../publish/publisher.ts";
import type { Departures } from "../subscribe/departures.ts";
import { Subscription } from "../subscribe/subscription.ts";
import type { Subscriptions } from "../subscribe/subscriptions.ts";
import type { OpenPeer, PeerHost, PeerMessage, PeerSession } from "./peer-session.ts";

/** What of the core this stands on. */
interface PeersHost {
  readonly publisher: Publisher;
  readonly contexts: ContextTable;
  readonly subscriptions: Subscriptions;
  readonly departures: Departures;
  readonly threadIndex: number;
  newOutbox(owner: OutboxOwner): Outbox;
}

export type PeersDependencies = DirectedParts &
  Pick<BrokerDependencies, "clock" | "log" | "dialler" | "hashSeed" | "nextClientId"> & {
    /** `goOn` is to be called in another pass of the loop. */
    callSoon(): void;
  };

export class Peers implements PeerHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly threadIndex: number;
  readonly #core: PeersHost;
  readonly #dependencies: PeersDependencies;
  readonly #directed: DirectedPublish;
  readonly #message = new MessageView();
  /** By number. */
  readonly #sessions = new Map<number, PeerSession>();
  /** They were told that there is no room. */
  readonly #waiting = new Set<PeerSession>();
  #isStopping = false;

  constructor(core: PeersHost, dependencies: PeersDependencies) {
    this.#core = core;
    this.#dependencies = dependencies;
    this.#directed = new DirectedPublish(core.publisher, dependencies);
    this.clock = dependencies.clock;
    this.log = dependencies.log;
    this.threadIndex = core.threadIndex;
  }

  /** Those that stand. */
  get count(): number {
    return this.#sessions.size;
  }

  /** A connection was accepted for a session of this kind. */
  open(transport: Transport, create: OpenPeer): PeerSession {
    const session = create(this, transport, this.#dependencies.nextClientId());
    if (session.closedReason !== undefined) return session;
    this.#sessions.set(session.clientId, session);
    if (this.#isStopping) session.end("Server Shutdown");
    return session;
  }

  /** Dials; the connection belongs to this worker. `failed` is told why it does not stand. */
  dial(to: DialTarget, create: OpenPeer, failed: (reason: string) => void): void {
    const { dialler } = this.#dependencies;
    dialler.dial(to, (transport) => this.open(transport, create), failed);
  }

  newOutbox(owner: OutboxOwner): Outbox {
    return this.#core.newOutbox(owner);
  }

  subscribe(
    session: PeerSession,
    account: number,
    filter: string,
    queue: string | undefined,
    sid: string,
  ): boolean {
    if (session.closedReason !== undefined || session.subscriptions?.has(sid) === true)
      return false;
    if (!isValidFilterForSubscribe(filter)) return false;
    if (tokenCount(filter) > LIMITS.subjectTokensMax) return false;
    const subscription = new Subscription(session, account, filter, queue, sid, false);
    if (!this.#core.subscriptions.add(subscription)) return false;
    session.subscriptions ??= new Map();
    session.subscriptions.set(sid, subscription);
    return true;
  }

  unsubscribe(session: PeerSession, sid: string): void {
    const subscription = session.subscriptions?.get(sid);
    if (subscription === undefined) return;
    session.subscriptions?.delete(sid);
    this.#core.subscriptions.remove(subscription, true);
  }

  publish(session: PeerSession, peerMessage: PeerMessage): boolean {
    const { account, subject, reply = "", header, payload } = peerMessage;
    if (!isValidPublishSubject(subject) || reply.length > LIMITS.subjectBytesMax) return true;
    const message = this.#message;
    fillMessage(message, header, payload, reply === "" ? undefined : reply);
    message.originKind = session.originKind;
    message.sourceThread = this.threadIndex;
    message.sourceClientId = session.clientId;
    renameMessage(message, subject, this.#dependencies.hashSeed);
    const { publisher, contexts } = this.#core;
    if (publisher.isSpent) return this.#waitFor(session);
    publisher.beginTurn();
    const context = contexts.remote(account);
    const plan = publisher.planFor(context, message, 0);
    const result = this.#directed.run(plan, message, context, peerMessage);
    return result === PARKED ? this.#waitFor(session) : true;
  }

  #waitFor(session: PeerSession): false {
    this.#waiting.add(session);
    if (this.#core.publisher.isSpent) this.#dependencies.callSoon();
    return false;
  }

  /** There may be room again. */
  goOn(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const session of waiting) session.goOn();
  }

  tick(now: Millis): void {
    for (const session of this.#sessions.values()) session.tick(now);
  }

  /** Between two turns: what was wanted in accounts that are gone is wanted no more. */
  followAccounts(accounts: readonly AccountSnapshot[]): void {
    for (const session of this.#sessions.values()) {
      for (const [sid, { account }] of session.subscriptions ?? []) {
        if (accounts[account]?.retired === true) this.unsubscribe(session, sid);
      }
    }
  }

  /** The server stops: they end, and who comes later does at once. */
  stop(): void {
    this.#isStopping = true;
    for (const session of this.#sessions.values()) session.end("Server Shutdown");
  }

  ended(session: PeerSession): void {
    this.#sessions.delete(session.clientId);
    this.#waiting.delete(session);
    session.outbox.seal();
    this.#core.departures.begin(session);
  }
}
