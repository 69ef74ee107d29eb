// What control and the other threads tell each other by message: seldom enough for structured
// clones. All threads; types only. Frames on the message path never come this way.

import type { MessagePort } from "node:worker_threads";
import type { LoginAnswer, LoginQuestion } from "@weft/auth";
import type {
  AccountsChange,
  BrokerSnapshot,
  ConnectionAnswer,
  ConnectionLimits,
  ConnectionOrder,
  SnapshotEffects,
  SubscriptionAnswer,
  SubscriptionQuery,
  TraceOptions,
} from "@weft/broker";
import type { AddressLimits } from "@weft/config";
import type { LogBatch } from "@weft/logging";
import type { ListenOptions, NativeConnection, TlsContextOptions } from "@weft/net";
import type { MailboxSeed } from "@weft/shm";
import type { RecordAfterGap } from "./closed-connections-gap.ts";
import type { SharedRegions } from "./shared-state.ts";

/** What the workers write to the log. */
export interface LogLevels {
  readonly debug: boolean;
  /** Undefined = no protocol trace. */
  readonly trace?: TraceOptions | undefined;
}

/** What a worker thread is born with. */
export interface WorkerSeed {
  /** From 1; control is thread 0. */
  readonly threadIndex: number;
  readonly regions: SharedRegions;
  readonly mailbox: MailboxSeed;
  /** Sockets come here, straight from the acceptor. */
  readonly sockets: MessagePort;
  readonly debug: boolean;
  readonly trace: boolean;
  /** Module that exports `BrokerCore`; undefined = the product's. */
  readonly coreModule?: string | undefined;
}

/** What the worker needs to know before its first connection. */
export interface WorkerStart {
  readonly kind: "start";
  readonly snapshot: BrokerSnapshot;
  /** By listener; null = no TLS. */
  readonly tls: readonly (TlsContextOptions | null)[];
  readonly hashSeed: number;
  /** Undefined = the protocol is not traced. */
  readonly trace?: TraceOptions | undefined;
}

/** A changed configuration; answered by `reloaded` when it is in force. */
export interface WorkerReload {
  readonly kind: "reload";
  readonly snapshot: BrokerSnapshot;
  /** See `SnapshotChange`. */
  readonly sameSecrets: ReadonlySet<string>;
  /** For new connections, by listener; undefined = as before. */
  readonly tls?: readonly (TlsContextOptions | null)[] | undefined;
  /** TL-13: live connections whose key is not among these end; empty = none do. */
  readonly pinnedKeys: readonly string[];
  readonly debug: boolean;
  /** Undefined = no protocol trace. */
  readonly trace: TraceOptions | undefined;
}

export type ToWorker =
  | WorkerStart
  | { readonly kind: "login-answer"; readonly ticket: number; readonly answer: LoginAnswer }
  | { readonly kind: "log-taken" }
  /** LG-11, RL-02: what is logged from now on. */
  | ({ readonly kind: "log-levels" } & LogLevels)
  | { readonly kind: "lame-duck" }
  | WorkerReload
  /** AC-93. */
  | { readonly kind: "accounts"; readonly change: AccountsChange }
  /** RL-06. Answered by `excess-closed`. */
  | { readonly kind: "close-excess"; readonly limits: ConnectionLimits }
  /** Answered by `order-answer`, whoever has the connection. */
  | { readonly kind: "order"; readonly ticket: number; readonly order: ConnectionOrder }
  /** Answered by `subscriptions`. */
  | {
      readonly kind: "list-subscriptions";
      readonly ticket: number;
      readonly query: SubscriptionQuery;
    }
  /** Close all connections, spread over this time; answered by `drained`. */
  | { readonly kind: "drain"; readonly durationMs: number }
  /** Close all connections now; answered by `stopped`. */
  | { readonly kind: "stop" };

/** CP-110. */
export interface ConnectionsClosed {
  readonly kind: "connections-closed";
  /** Oldest first; the first one tells of those that were given up before it. */
  readonly records: readonly RecordAfterGap[];
}

export type FromWorker =
  | LogBatch
  | { readonly kind: "loaded" }
  | { readonly kind: "ready" }
  | {
      readonly kind: "login-question";
      readonly ticket: number;
      readonly question: LoginQuestion;
    }
  | ConnectionsClosed
  /** See `ControlPort.describeConnection`. */
  | { readonly kind: "connection-facts"; readonly clientId: number; readonly facts: string }
  | { readonly kind: "reloaded"; readonly effects: SnapshotEffects }
  | { readonly kind: "excess-closed"; readonly count: number }
  /** `answer` undefined: no such connection here. */
  | {
      readonly kind: "order-answer";
      readonly ticket: number;
      readonly answer: ConnectionAnswer | undefined;
    }
  | {
      readonly kind: "subscriptions";
      readonly ticket: number;
      readonly answer: SubscriptionAnswer;
    }
  | { readonly kind: "drained" }
  | { readonly kind: "stopped" };

/** What the acceptor thread is born with. */
export interface AcceptorSeed {
  readonly regions: SharedRegions;
  /** One for each worker, in order. */
  readonly workers: readonly MessagePort[];
  /** CP-15. -1 = unlimited. */
  readonly connectionsMax: number;
  readonly addressLimits?: AddressLimits | undefined;
}

export type ToAcceptor =
  | {
      readonly kind: "listen";
      readonly listeners: readonly ListenOptions[];
    }
  /** What a connection above the limit is told, by listener. */
  | { readonly kind: "refusals"; readonly texts: readonly string[] }
  /** A new limit, and what is told above it; answered by `acceptor-reloaded`. */
  | {
      readonly kind: "reload";
      readonly connectionsMax: number;
      readonly addressLimits: AddressLimits | undefined;
      readonly refusals: readonly string[];
    }
  /** One entry for each login that failed. */
  | { readonly kind: "logins-failed"; readonly addresses: readonly string[] }
  | { readonly kind: "log-taken" }
  | { readonly kind: "stop" };

export type FromAcceptor =
  | LogBatch
  | ConnectionsClosed
  | { readonly kind: "loaded" }
  | { readonly kind: "acceptor-reloaded" }
  /** Ports in the order of the listeners; fewer, and the error, when one could not be bound. */
  | {
      readonly kind: "listen-answer";
      readonly ports: readonly number[];
      readonly error?: string | undefined;
    }
  | { readonly kind: "stopped" };

/** An accepted connection on its way to a worker. */
export interface PlacedConnection {
  readonly connection: NativeConnection;
  readonly listener: number;
}
