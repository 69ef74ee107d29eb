// The server's figures, sent now and then and on request (SY-04, SY-05, SY-20), and when the next
// are due. Control thread; pure.
import type { Millis } from "@weft/base";
import { type MessageStamp, type ServerFacts, serverInfo } from "./server-info.ts";
import { wireTimeOfMs } from "./wire-time.ts";

/** Sums over all threads. */
export interface ServerFigures {
  readonly startedUnixMs: number;
  /** Resident memory. */
  readonly memoryBytes: number;
  readonly cores: number;
  /** Of one core, in percent. */
  readonly processorPercent: number;
  readonly connections: number;
  readonly connectionsTotal: number;
  readonly accountsActive: number;
  readonly subscriptions: number;
  readonly inMessages: number;
  readonly inBytes: number;
  readonly outMessages: number;
  readonly outBytes: number;
  readonly slowConsumers: number;
  readonly staleConnections: number;
  readonly stalledClients: number;
  /** Threads that route. */
  readonly workers: number;
}

/** SY-05. Fields in the reference's order; counts that are 0 there too are left out. */
export function statszDocument(
  server: ServerFacts,
  figures: ServerFigures,
  stamp: MessageStamp,
): object {
  const sent = { msgs: figures.outMessages, bytes: figures.outBytes };
  const received = { msgs: figures.inMessages, bytes: figures.inBytes };
  const { slowConsumers, staleConnections } = figures;
  const clientsOnly = (clients: number): object | undefined =>
    clients === 0 ? undefined : { clients, routes: 0, gateways: 0, leafs: 0 };
  return {
    server: serverInfo(server, stamp),
    statsz: {
      start: wireTimeOfMs(figures.startedUnixMs),
      mem: figures.memoryBytes,
      cores: figures.cores,
      cpu: figures.processorPercent,
      connections: figures.connections,
      total_connections: figures.connectionsTotal,
      active_accounts: figures.accountsActive,
      subscriptions: figures.subscriptions,
      sent,
      sent_to_clients: sent,
      received,
      received_from_clients: received,
      slow_consumers: slowConsumers,
      slow_consumer_stats: clientsOnly(slowConsumers),
      stale_connections: staleConnections || undefined,
      stale_connection_stats: clientsOnly(staleConnections),
      stalled_clients: figures.stalledClients || undefined,
      active_servers: 1,
      gomaxprocs: figures.workers,
    },
  };
}

const FIRST_MS = 250;
const LATER_MS = 10_000;
/** Shortest time between two that go to everybody. */
const APART_MS = 1_000;

/** When the figures go out to everybody: soon after the start, then more and more seldom. */
export class StatszSchedule {
  #intervalMs = FIRST_MS;
  #dueMs: Millis;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(now: Millis) {
    this.#dueMs = now + FIRST_MS;
  }

  /** True if they are to be sent now; then they count as sent. */
  takeDue(now: Millis): boolean {
    if (now < this.#dueMs) return false;
    const apartMs = Math.min(APART_MS, this.#intervalMs);
    if (now - this.#lastMs < apartMs) {
      this.#dueMs = this.#lastMs + apartMs;
      return false;
    }
    this.#lastMs = now;
    this.#intervalMs = Math.min(LATER_MS, this.#intervalMs * 2);
    this.#dueMs = now + this.#intervalMs;
    return true;
  }
}
