// The world outside a worker's core: what the runtime gives it, and what it may be told.
import type { AccountsDelta, AccountsSnapshot } from "@weft/accounts";
import type {
  AuthSpec,
  ForgottenAccount,
  LoginAnswer,
  LoginQuestion,
  PermissionsSpec,
  TokenLogins,
} from "@weft/auth";
import type {
  Clock,
  ConnectionFacts,
  Dialler,
  Entropy,
  Log,
  Prng,
  TlsFacts,
  Transport,
  TransportEvents,
} from "@weft/base";
import type { Generations } from "@weft/subjects";
import type { SubscriptionAnswer, SubscriptionQuery } from "./subscribe/subscription-list.ts";

/** What every worker gets from control at start and at each change. Plain data. */
export interface BrokerSnapshot {
  readonly auth: AuthSpec;
  readonly accounts: AccountsSnapshot;
  readonly limits: BrokerLimits;
  readonly server: ServerIdentity;
  readonly listeners: readonly ListenerOptions[];
  /** Users log in by tokens, by these rules of `BrokerDependencies.tokens`; undefined = they do not. */
  readonly operator?: unknown;
}

/** LG-11. */
export interface TraceOptions {
  /** Bytes of a payload that are shown; 0 or less = all. */
  readonly payloadBytesMax: number;
  /** Header blocks only, no payloads. */
  readonly headersOnly: boolean;
  /** What the server itself says in the system account, too. */
  readonly own: boolean;
}

/** Limits of the configuration; bytes, milliseconds, counts; -1 = unlimited. */
export interface BrokerLimits {
  readonly controlLineBytesMax: number;
  readonly payloadBytesMax: number;
  readonly pendingBytesMax: number;
  readonly connectionsMax: number;
  readonly subscriptionsMax: number;
  readonly subscriptionTokensMax: number;
  readonly writeDeadlineMs: number;
  readonly pingIntervalMs: number;
  readonly pingsUnansweredMax: number;
  readonly authTimeoutMs: number;
  readonly closedConnectionsKept: number;
  readonly noFastProducerStall: boolean;
  readonly headers: boolean;
}

/** Fields of INFO that are the same for every connection (CP-02, CP-03). */
export interface ServerIdentity {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly weftVersion: string;
  /** Runtime, shown where the reference names its compiler (`go` in INFO). */
  readonly runtime: string;
  readonly host: string;
  readonly port: number;
  readonly xkey?: string | undefined;
  readonly connectUrls?: readonly string[] | undefined;
  // In messages of the system account only (SY-11).
  readonly cluster?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly featureFlags?: Readonly<Record<string, boolean>> | undefined;
}

/** One row of the listener table; the acceptor sends its index with every socket. */
export interface ListenerOptions {
  readonly kind: "client";
  /** `available` = clear clients may stay (CP-19). */
  readonly tls: "off" | "available" | "required";
  readonly tlsVerify: boolean;
  /** TL-10: true = TLS before INFO; milliseconds = wait that long for a TLS hello, then INFO. */
  readonly handshakeFirst: boolean | number;
  readonly tlsTimeoutMs: number;
}

/**
 * Frames between threads. Two lanes each way; the data lane pushes back, the control lane never
 * loses. `to` is a thread index as in the interest index: control 0, workers from 1.
 */
export interface Bus {
  readonly threadIndex: number;
  readonly threadsCount: number;
  /**
   * Room for one data frame of at least `leastBytes` and, where it is to be had, up to `mostBytes`
   * (`dataRoom` tells). Returns the offset in `dataBytes(to)` where the caller writes before
   * `commitData`, or -1 = full: nothing is reserved, and `onSpace(to)` of the core will be called.
   * A reservation that is not committed is abandoned by the next one.
   */
  reserveData(to: number, leastBytes: number, mostBytes: number): number;
  /** Bytes that the last reservation got. */
  dataRoom(to: number): number;
  dataBytes(to: number): Buffer;
  /** The first `frameBytes` of the reservation are a frame. */
  commitData(to: number, frameBytes: number): void;
  /** Copies a small frame; never refused. */
  sendControl(to: number, frame: Uint8Array): void;
  /**
   * Control frames to this thread wait for room. Whoever answers data frames by control frames stops
   * taking data until they have left, or a flood of questions fills the memory with answers.
   */
  controlWaits(to: number): boolean;
  /** Makes everything committed since the last call visible and wakes sleeping readers. */
  publish(): void;
}

/** Shared limits and gauges, exact over all threads. */
export interface SharedLimits {
  /** Takes one connection of the account if fewer than `max` are taken (-1 = no bound). */
  acquireConnection(account: number, max: number): boolean;
  releaseConnection(account: number): void;
  /** Gives one back if more than `max` are taken; false = there are not. */
  releaseAbove(account: number, max: number): boolean;
  /** Of this thread alone: tokens of the different permissions of its users, some 300 bytes each. */
  readonly permissionTokensMax: number;
  /** Of this thread alone: bytes of its heap for subscriptions, as `HeapShares` counts them. */
  readonly subscriptionBytesMax: number;
  /** The same for reply subjects that sessions may answer, as `ResponseShares` counts them. */
  readonly responseBytesMax: number;
}

/** What a connection has done; times in Unix milliseconds. */
export interface ConnectionFigures {
  readonly clientId: number;
  readonly startedAt: number;
  /** Last input or delivery. */
  readonly activeAt: number;
  readonly inMessages: number;
  readonly inBytes: number;
  readonly outMessages: number;
  readonly outBytes: number;
  readonly pendingBytes: number;
  readonly subscriptions: number;
  /** 0 = not measured. */
  readonly roundTripNanos: number;
  /** Pauses for receivers (CP-105). */
  readonly stalls: number;
}

/** A live connection, for monitoring (MO-20). */
export interface OpenConnection extends ConnectionFigures, ConnectionFacts {}

/** A finished connection, for the ring of CP-110. */
export interface ClosedConnection extends ConnectionFigures, ConnectionFacts {
  readonly reason: string;
  readonly closedAt: number;
}

/** The same on its way to control: facts as a text, since few of them are ever read. */
export interface FinishedConnection extends ConnectionFigures {
  readonly reason: string;
  readonly account: string;
  readonly closedAt: number;
  /** See `decodeFacts`. */
  readonly facts: string;
  /** See `readLastSubscriptions`. */
  readonly subscriptionList?: string | undefined;
  /** What it logged in with, without the signature; undefined = no token, or a very long one. */
  readonly tokenText?: string | undefined;
}

/**
 * A worker's part of the shared connection board. A place is the index of its first figure; which
 * figure stands where is told by `connection-figures.ts` in base.
 */
export interface ConnectionBoard {
  readonly figures: Float64Array;
  /** -1 = no place left. */
  take(clientId: number, startedAt: number): number;
  /** False when the text is too long for the board. */
  describe(place: number, facts: string): boolean;
  release(place: number): void;
}

/** What a core asks of the control thread, seldom enough for a structured clone. */
export interface ControlPort {
  /** Something a login waits for; the answer comes as `onLoginAnswer` with the same ticket. */
  askForLogin(ticket: number, question: LoginQuestion): void;
  connectionClosed(record: FinishedConnection): void;
  /** Facts that are too long for the board, until the connection is closed. */
  describeConnection(clientId: number, facts: string): void;
}

/** Single-writer statistics of this thread; the runtime backs them with shared memory. */
export interface WorkerCounters {
  connections: number;
  connectionsTotal: number;
  subscriptions: number;
  inMessages: number;
  inBytes: number;
  outMessages: number;
  outBytes: number;
  slowConsumersPending: number;
  slowConsumersDeadline: number;
  staleConnections: number;
  stalledClients: number;
  authFailures: number;
  /** AN-55. */
  pinnedAccountFails: number;
  planMisses: number;
  /** Subscriptions ever made. */
  subscriptionsAdded: number;
  /** Plans in the cache, as of the last tick. */
  plansKept: number;
  /** Local subscriptions of the widest plan so far. */
  fanoutMax: number;
  connectionFaults: number;
  /** Connections that came above `connection_rate_limit` (TL-12). */
  handshakesThrottled: number;
  /** Events of the system account that were made because somebody listened. */
  systemEvents: number;
}

export interface BrokerDependencies {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly prng: Prng;
  readonly log: Log;
  readonly bus: Bus;
  readonly shared: SharedLimits;
  readonly control: ControlPort;
  readonly counters: WorkerCounters;
  readonly board: ConnectionBoard;
  readonly generations: Generations;
  /** Who judges the tokens of users; undefined = nobody: there are no operators. */
  readonly tokens?: TokenLogins | undefined;
  /** Connections that this thread itself opens: see `Peers`. */
  readonly dialler: Dialler;
  /** Secret start value of subject hashes, equal on all threads of the process. */
  readonly hashSeed: number;
  /** Next process-wide client id (CP-04). */
  nextClientId(): number;
  /** Process-wide number of the next message of the system account (SY-11). */
  nextEventSequence(): number;
  /**
   * Calls `core.onTimer()` once, `delayMs` from now. At most one call is outstanding: one that was set
   * before, for later, is given up.
   */
  setTimer(delayMs: number): void;
}

/** A changed configuration, for all threads the same (RL-12). */
export interface SnapshotChange {
  readonly snapshot: BrokerSnapshot;
  /** Secrets that are written anew and are the same; see `secretChanges` in auth. */
  readonly sameSecrets: ReadonlySet<string>;
  /** TL-13: false ends a connection whose certificate is not pinned any more; undefined = none. */
  readonly isPinned?: ((tls: TlsFacts) => boolean) | undefined;
}

/** Accounts that came, changed or went one by one (AC-93). Plain data. */
export interface AccountsChange {
  readonly delta: AccountsDelta;
  /** What users are judged by from now on, for `BrokerDependencies.tokens`. */
  readonly known: readonly unknown[];
  readonly forgotten: readonly ForgottenAccount[];
  /** Accounts, by index, whose users are judged again. */
  readonly judged: ReadonlySet<number>;
  /** Accounts, by index, with a lower limit of connections than before. */
  readonly lowered: ReadonlyMap<number, number>;
}

/** What a change did to the connections of one thread. */
export interface SnapshotEffects {
  /** Connections that were ended. */
  readonly closed: number;
  /** Subscriptions that were taken away from connections that stay (CP-91). */
  readonly subscriptionsRemoved: number;
  /** Connections that are left. */
  readonly connections: number;
}

/** Limits that fewer connections than there are may be within. */
export interface ConnectionLimits {
  /** Connections that this thread may keep. */
  readonly connectionsMax: number;
  /** Accounts whose limit was lowered, by index. */
  readonly accounts: ReadonlyMap<number, number>;
}

/** A thread's connections above a limit, on their way out. */
export interface ExcessClosing {
  /** Connections that were ended so far. */
  readonly closed: number;
  /** Between two turns: ends some more, the newest first. True when nobody is above the limit. */
  step(): boolean;
}

/** What may be asked of one connection by the system account. */
export interface ConnectionOrder {
  readonly clientId: number;
  /** Close it; tell it to go elsewhere; say what its user may do. */
  readonly what: "kick" | "lame-duck" | "permissions";
}

export interface ConnectionAnswer {
  /** Why the order was not followed; undefined = it was. */
  readonly refusal?: string | undefined;
  /** For `permissions`: undefined = no limits. */
  readonly permissions?: PermissionsSpec | undefined;
  /** For `permissions`: names for people, and when the right to be connected ends, Unix ms. */
  readonly accountTag?: string | undefined;
  readonly userName?: string | undefined;
  readonly expiresAtMs?: number | undefined;
}

/** The worker's core as the runtime drives it. Every call is one turn or part of one. */
export interface BrokerDriver {
  /** In force now. */
  readonly limits: Pick<BrokerLimits, "pendingBytesMax">;
  /** Connections that are no clients'; `stop` ends them, and those that come yet. */
  readonly peers: { stop(): void };
  /**
   * A connection was accepted on row `listener` of the table. The session writes its INFO itself.
   * After each call into the returned events the driver calls `flush()`.
   */
  open(transport: Transport, listener: number): TransportEvents;
  /** One data frame of another thread; false = not now (it stays in its ring). */
  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean;
  onControlFrame(from: number, bytes: Buffer, start: number, end: number): void;
  /** The data lane to `to`, which was full, has room. */
  onSpace(to: number): void;
  /** End of a turn: writes every touched connection once, publishes the bus once. */
  flush(): void;
  /** Every 100 ms: deadlines of sessions. */
  tick(): void;
  onTimer(): void;
  onLoginAnswer(ticket: number, answer: LoginAnswer): void;
  /** Traces the protocol of all connections from now on, or no longer. */
  setTrace(trace: TraceOptions | undefined): void;
  /** One piece of the live subscriptions here, for monitoring (MO-18, MO-24). */
  listSubscriptions(query: SubscriptionQuery): SubscriptionAnswer;
  /** CP-13, CP-108: sends `ldm` INFO to all. */
  enterLameDuck(): void;
  /** CP-07: what INFO says of the server has changed, its `connectUrls` say; sends it to all. */
  announce(server: ServerIdentity): void;
  /** CP-112, SY-36; undefined = no such connection here. */
  obeyOrder(order: ConnectionOrder): ConnectionAnswer | undefined;
  /** Closes up to `count` connections with this reason; returns how many are left. */
  closeSome(count: number, reason: "Server Shutdown"): number;
  /**
   * Between two turns. From the return on nobody does anything by rules of before; very many connections
   * and subscriptions are judged in later turns. `done` is called, now or in one of these, when
   * everything here follows the new snapshot. One at a time.
   */
  applySnapshot(change: SnapshotChange, done: (effects: SnapshotEffects) => void): void;
  /** The same for accounts; those that are not named stay as they are. */
  applyAccounts(change: AccountsChange): void;
  /** Will end the newest connections above a limit, in slices. */
  closeExcess(limits: ConnectionLimits): ExcessClosing;
}
