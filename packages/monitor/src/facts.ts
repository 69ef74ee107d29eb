// What the pages are made of: everything that control knows without asking anybody. Thread: control;
// types only. Must stay true: no field is a secret, and reading one costs no more than its size.

import type { AccountDocument, AccountSpec, MappingSpec } from "@weft/accounts";
import type { ConnectionFacts } from "@weft/base";
import type {
  FinishedConnection,
  SubscriptionAnswer,
  SubscriptionEntry,
  SubscriptionQuery,
  WorkerCounters,
} from "@weft/broker";
import type { ServerOptions } from "@weft/config";
import type { ShownCounters } from "./shown-counters.ts";

/** Who this server is and how it was started. */
export interface ServerFacts {
  readonly id: string;
  readonly name: string;
  /** Protocol level, as in INFO. */
  readonly version: string;
  readonly weftVersion: string;
  /** Shown where the reference names its compiler. */
  readonly runtime: string;
  readonly host: string;
  readonly port: number;
  readonly authRequired: boolean;
  readonly tlsRequired: boolean;
  readonly tlsVerify: boolean;
  readonly connectUrls: readonly string[];
  readonly startedUnixNanos: bigint;
  /** Of the first load or the last reload. */
  readonly configLoadedUnixNanos: bigint;
  /** `sha256:...` (CF-16); empty without a file. */
  readonly configDigest: string;
  readonly workersCount: number;
  /** The monitoring port that was bound; 0 = none. */
  readonly monitoringPort: number;
  /** Unix milliseconds; undefined = no certificate. */
  readonly tlsCertificateEndsMs?: number | undefined;
}

/** The process, as the operating system sees it. */
export interface ProcessFacts {
  readonly residentBytes: number;
  /** Of one core = 100, over the last second or so. */
  readonly cpuPercent: number;
  readonly coresCount: number;
  /** Arguments, with secrets replaced. */
  readonly commandLine: readonly string[];
  readonly heap: HeapFacts;
}

/** Bytes and counts of the control thread's JavaScript heap, and of the process. */
export interface HeapFacts {
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly limitBytes: number;
  readonly externalBytes: number;
  readonly mallocedBytes: number;
}

export interface WorkerFacts {
  /** From 1. */
  readonly threadIndex: number;
  readonly counters: Readonly<Record<keyof WorkerCounters, number>>;
  readonly blocked: boolean;
  /** Since it last said that it lives. */
  readonly heartbeatAgeMs: number;
  /** Share of the last second or so that its loop was busy, 0 to 1. */
  readonly utilization: number;
}

export interface AccountFacts {
  readonly index: number;
  readonly name: string;
  /** What its token calls it; undefined = `name` is one for people. */
  readonly nameTag?: string | undefined;
  readonly isSystem: boolean;
  /** As configured; undefined for accounts that nobody wrote. */
  readonly spec?: AccountSpec | undefined;
  readonly mappings: readonly MappingSpec[];
  /** What its token says and how it stands; undefined = it has none. */
  claims?(): AccountDocument;
}

/** A reading of all connection boards: `count` rows of `FIGURES_COUNT` figures (base). */
export interface LiveConnections {
  readonly count: number;
  readonly figures: Float64Array;
  /** Undefined when the connection is gone since. */
  facts(row: number): ConnectionFacts | undefined;
  /** Thread of the connection. */
  worker(row: number): number;
}

/** Traffic of an account's connections that are gone. */
export interface FinishedTotals {
  readonly connections: number;
  readonly inMessages: number;
  readonly inBytes: number;
  readonly outMessages: number;
  readonly outBytes: number;
  readonly slowConsumers: number;
}

/** Connections as control knows them. */
export interface ConnectionSource {
  /** Reads all boards, in slices. */
  live(): Steps<LiveConnections>;
  /** The ring of finished connections, oldest first. */
  finished(): readonly FinishedConnection[];
  /** The ring of slow consumers, oldest first. */
  slow(): readonly FinishedConnection[];
  factsOf(record: FinishedConnection): ConnectionFacts;
  /** The first of what it had subscribed to. */
  subscriptionsOf(record: FinishedConnection): readonly SubscriptionEntry[];
  /** What it logged in with, without the signature; undefined = no token, or not kept. */
  tokenOf(record: FinishedConnection): string | undefined;
  finishedTotals(account: string): FinishedTotals;
  /** All that finished since the start, by reason. */
  finishedByReason(): ReadonlyMap<string, number>;
  readonly shown: ShownCounters;
}

export interface QueueFacts {
  readonly pending: number;
  readonly inProgress: number;
}

export interface MonitorFacts {
  readonly server: ServerFacts;
  readonly options: ServerOptions;
  readonly connections: ConnectionSource;
  unixNanos(): bigint;
  process(): ProcessFacts;
  counters(): Readonly<Record<keyof WorkerCounters, number>>;
  workers(): readonly WorkerFacts[];
  /** By index: `$G`, the system account if there is one, then as configured. */
  accounts(): readonly AccountFacts[];
  /** Internal queues by name. */
  queues(): ReadonlyMap<string, QueueFacts>;
  /** Requests to the monitoring port by path (MO-05). */
  requestStats(): ReadonlyMap<string, number>;
  /** Why the client listener does not accept; undefined = it does (MO-31). */
  notListening(): string | undefined;
  /** What the threads are doing, as text (MO-32). */
  stacks(): string;
  /** Undefined = no auth callout is configured. */
  callout(): CalloutFacts | undefined;
  /** The same of an authentication module. */
  authenticationModule(): CalloutFacts | undefined;
  throttled(): ThrottledFacts;
}

/** Connections that were turned away for how many came, since the start. */
export interface ThrottledFacts {
  /** `address_limits { connections_per_second }`. */
  readonly connections: number;
  /** `address_limits { login_failures }`. */
  readonly failedLogins: number;
  /** `tls { connection_rate_limit }`. */
  readonly handshakes: number;
}

/** Questions to the auth callout service, or to the authentication module. */
export interface CalloutFacts {
  /** `open`: nobody is asked for a while, since nobody answered. */
  readonly state: "closed" | "half-open" | "open";
  readonly underWay: number;
  readonly asked: number;
  readonly granted: number;
  /** Whatever the reason; those that are counted below included. */
  readonly refused: number;
  /** No answer in time. */
  readonly late: number;
  /** Logins refused without a question: too many under way, or the state is `open`. */
  readonly notAsked: number;
}

/** What making a page may have to wait for. */
export type Need =
  /** Others may run: the work so far has taken a slice of time. */
  | { readonly kind: "pause" }
  /** Records of connections that have ended already are on their way: they shall be here. */
  | { readonly kind: "settled" }
  /** One piece of a worker's subscriptions; undefined comes back when the worker does not answer. */
  | { readonly kind: "subscriptions"; readonly worker: number; readonly query: SubscriptionQuery };

/** Work in slices; `next` takes what the last need was answered with. */
export type Steps<Result> = Generator<Need, Result, SubscriptionAnswer | undefined>;

/** An answer of the monitoring port. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  /** Pieces of bounded size, made as they are asked for. */
  readonly body: Iterable<string | Buffer>;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
