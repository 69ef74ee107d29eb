// A connection that is no client's: where routes, leafnodes and gateways plug into a worker. Worker
// threads. Must stay true: a session speaks its own protocol on its own transport and touches nothing of
// the core but what `PeerHost` offers.
import type { Clock, Log, Transport, TransportEvents } from "@weft/base";
import type { Outbox } from "../deliver/outbox.ts";
import type { OutboxOwner, Receiver } from "../deliver/receiver.ts";
import type { Subscription } from "../subscribe/subscription.ts";

export interface PeerSession extends TransportEvents, Receiver {
  /** What the kind of its messages is in frames: `ORIGIN_ROUTE`, say. */
  readonly originKind: number;
  /** Its interest by name (`sid`); undefined = it has none. The host writes it. */
  subscriptions: Map<string, Subscription> | undefined;
}

/** What a peer tells of messages. Texts are byte strings. */
export interface PeerMessage {
  /** Index of the account. */
  readonly account: number;
  readonly subject: string;
  readonly reply?: string | undefined;
  /** Header block; empty without one. */
  readonly header: Buffer;
  readonly payload: Buffer;
}

/** What a worker offers to sessions of all kinds. Every call is part of the turn of a transport. */
export interface PeerHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly threadIndex: number;
  newOutbox(owner: OutboxOwner): Outbox;
  /** Something was appended: `flush` of the owner is called at the end of the turn. */
  touch(owner: OutboxOwner): void;
  /**
   * The peer wants what matches `filter`, alone or as a member of `queue`; as soon as this returns all
   * threads see it. False: the index or the account's share of it has no room. `sid` names it.
   */
  subscribe(
    session: PeerSession,
    account: number,
    filter: string,
    queue: string | undefined,
    sid: string,
  ): boolean;
  unsubscribe(session: PeerSession, sid: string): void;
  /**
   * Publishes what the peer sent, past permissions and mappings, which its server has applied. Returns
   * deliveries and frames to other threads; never waits.
   */
  publish(session: PeerSession, message: PeerMessage): number;
  /** The connection has ended: its interest goes, in slices. */
  ended(session: PeerSession): void;
}

/** Makes the session of a connection that stands. */
export type OpenPeer = (host: PeerHost, transport: Transport, clientId: number) => PeerSession;
