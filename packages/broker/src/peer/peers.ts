// The connections of a worker that are no clients': accepted or dialled here, they subscribe and publish
// through this. Owned by the worker's core. Must stay true: who is no client's interest stands in the
// worker's own segment like a client's, so that every thread finds it; what it publishes bears its kind and
// its number on every thread, so that its kind can refuse what came by the same way.
import type { Clock, Dialler, DialTarget, Log, Transport } from "@weft/base";
import type { Outbox } from "../deliver/outbox.ts";
import type { OutboxOwner } from "../deliver/receiver.ts";
import { fillMessage } from "../internal/internal-message.ts";
import type { BrokerDependencies } from "../ports.ts";
import type { ContextTable } from "../publish/context.ts";
import { MessageView, renameMessage } from "../publish/message-view.ts";
import type { Publisher } from "../publish/publisher.ts";
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
  touch(owner: OutboxOwner): void;
}

export type PeersDependencies = Pick<
  BrokerDependencies,
  "clock" | "log" | "dialler" | "hashSeed" | "nextClientId"
>;

export class Peers implements PeerHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly threadIndex: number;
  readonly #core: PeersHost;
  readonly #dialler: Dialler;
  readonly #dependencies: PeersDependencies;
  readonly #message = new MessageView();

  constructor(core: PeersHost, dependencies: PeersDependencies) {
    this.#core = core;
    this.#dependencies = dependencies;
    this.#dialler = dependencies.dialler;
    this.clock = dependencies.clock;
    this.log = dependencies.log;
    this.threadIndex = core.threadIndex;
  }

  /** A connection was accepted for a session of this kind. */
  open(transport: Transport, create: OpenPeer): PeerSession {
    return create(this, transport, this.#dependencies.nextClientId());
  }

  /** Dials; the connection belongs to this worker. `failed` is told why it does not stand. */
  dial(to: DialTarget, create: OpenPeer, failed: (reason: string) => void): void {
    this.#dialler.dial(to, (transport) => this.open(transport, create), failed);
  }

  newOutbox(owner: OutboxOwner): Outbox {
    return this.#core.newOutbox(owner);
  }

  touch(owner: OutboxOwner): void {
    this.#core.touch(owner);
  }

  subscribe(
    session: PeerSession,
    account: number,
    filter: string,
    queue: string | undefined,
    sid: string,
  ): boolean {
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

  publish(session: PeerSession, { account, subject, reply, header, payload }: PeerMessage): number {
    const message = this.#message;
    fillMessage(message, header, payload, reply);
    message.originKind = session.originKind;
    message.sourceThread = this.threadIndex;
    message.sourceClientId = session.clientId;
    renameMessage(message, subject, this.#dependencies.hashSeed);
    const { publisher, contexts } = this.#core;
    publisher.beginTurn();
    return publisher.publishAs(contexts.mapped(account), message, 0);
  }

  ended(session: PeerSession): void {
    session.outbox.seal();
    this.#core.departures.begin(session);
  }
}
