// A connection that is no client's: where routes, leafnodes and gateways plug into a worker. "Peer" is the
// server at its other end. Worker threads. Must stay true: a session speaks its own protocol on its own
// transport and touches nothing of the core but what `PeerHost` offers.
import type { Clock, DialTarget, Log, Millis, Transport, TransportEvents } from "@weft/base";
import type { ClosedReason } from "@weft/protocol";
import type { Outbox } from "../deliver/outbox.ts";
import type { OutboxOwner, Receiver } from "../deliver/receiver.ts";
import type { Direction } from "../publish/directed-publish.ts";
import type { Subscription } from "../subscribe/subscription.ts";

export interface PeerSession extends TransportEvents, Receiver {
  /** What the kind of its messages is in frames: `ORIGIN_ROUTE`, say. */
  readonly originKind: number;
  /** Its interest by name (`sid`); undefined = it has none. The host writes it. */
  subscriptions: Map<string, Subscription> | undefined;
  /** Every 100 ms, in a turn of its own. */
  tick(now: Millis): void;
  /** What `publish` would not take may be offered again; in a turn of its own. */
  goOn(): void;
  /** It is to end: the server stops, or it has thrown. Calls `ended` of the host. */
  end(reason: ClosedReason): void;
}

/** What a peer tells of messages. Texts are byte strings. */
export interface PeerMessage extends Direction {
  /** Index of the account. */
  readonly account: number;
  readonly subject: string;
  readonly reply?: string | undefined;
  /** Header block; empty without one. */
  readonly header: Buffer;
  readonly payload: Buffer;
}

/** What a worker offers to sessions of all kinds. Every call is part of a turn. */
export interface PeerHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly threadIndex: number;
  newOutbox(owner: OutboxOwner): Outbox;
  /**
   * The peer wants what matches `filter`, alone or as a member of `queue`; as soon as this returns all
   * threads see it. `sid` names it. False: the filter is none, the name is taken, the session has ended, or
   * the index or the account's share of it has no room.
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
   * Publishes what the peer sent, past permissions, mappings and imports, which its server has applied.
   * False: there is no room for now, and nobody has got it; the session stops reading and offers it again
   * at `goOn`. What has no valid subject is dropped.
   */
  publish(session: PeerSession, message: PeerMessage): boolean;
  /** Another connection; see `Peers`. */
  dial(to: DialTarget, create: OpenPeer, failed: (reason: string) => void): void;
  /** The connection has ended: its interest goes, in slices. Once. */
  ended(session: PeerSession): void;
}

/** Makes the session of a connection that stands. */
export type OpenPeer = (host: PeerHost, transport: Transport, clientId: number) => PeerSession;
