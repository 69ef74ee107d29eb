// Figures of one account, as an event and in answers (SY-03, SY-31, SY-32). Control thread; pure.
import type { EventStamp } from "./connection-events.ts";
import { type ServerFacts, serverInfo } from "./server-info.ts";
import { typedEvent } from "./typed-event.ts";

/** What an account has and did, over all threads. */
export interface AccountFigures {
  readonly name: string;
  readonly connections: number;
  readonly subscriptions: number;
  /** From its connections. */
  readonly inMessages: number;
  readonly inBytes: number;
  /** To its connections. */
  readonly outMessages: number;
  readonly outBytes: number;
  readonly slowConsumers: number;
}

const NOTHING = { msgs: 0, bytes: 0 };

/** Fields in the reference's order. There are no gateways, routes and leafs yet. */
export function accountStat(figures: AccountFigures): object {
  const others = { gateways: NOTHING, routes: NOTHING, leafs: NOTHING };
  return {
    acc: figures.name,
    name: figures.name,
    conns: figures.connections,
    leafnodes: 0,
    total_conns: figures.connections,
    num_subscriptions: figures.subscriptions,
    sent: { msgs: figures.outMessages, bytes: figures.outBytes, ...others },
    received: { msgs: figures.inMessages, bytes: figures.inBytes, ...others },
    slow_consumers: figures.slowConsumers,
  };
}

/** SY-03. */
export function accountConnectionsEvent(
  server: ServerFacts,
  figures: AccountFigures,
  stamp: EventStamp,
): object {
  return {
    ...typedEvent("account_connections", stamp.id, stamp.at),
    server: serverInfo(server, stamp),
    ...accountStat(figures),
  };
}
