// What a running server is to the program around it. Control thread; types only.

import type { AccountsSnapshot } from "@weft/accounts";
import type { ClosedConnection, WorkerCounters } from "@weft/broker";
import type { ServerOptions } from "@weft/config";
import type { LogSink } from "@weft/logging";
import type { PrestartedThreads } from "./prestart.ts";

export interface RuntimeOptions {
  readonly options: ServerOptions;
  readonly accounts: AccountsSnapshot;
  readonly log: LogSink;
  /** Where the configuration was read from, for the start banner. */
  readonly configFile?: string | undefined;
  /** `sha256:...` of the configuration (CF-16). */
  readonly configDigest?: string | undefined;
  /** Arguments of the program, for `/debug/vars`; secrets in them are replaced. */
  readonly commandLine?: readonly string[] | undefined;
  /** Module that exports another `BrokerCore`; undefined = the product's. */
  readonly coreModule?: string | undefined;
  /** Threads that were started ahead; the server takes them over. */
  readonly prestarted?: PrestartedThreads | undefined;
}

export interface Runtime {
  /** `N...` (CP-02). */
  readonly id: string;
  readonly name: string;
  /** `nats://host:port` or `tls://host:port`, for clients on this machine. */
  readonly url: string;
  /** Address that the client listener is bound to. */
  readonly host: string;
  readonly port: number;
  /** Of the monitoring port, such as `http://127.0.0.1:8222`; undefined = there is none. */
  readonly monitoringUrl: string | undefined;
  readonly workersCount: number;
  /**
   * Resolves when the server has ended on purpose. Rejects when a thread of it died (F27): then
   * nothing of it runs any more.
   */
  readonly closed: Promise<void>;
  /** Stops listening, closes all connections, ends all threads. */
  close(): Promise<void>;
  /** LG-08. */
  reopenLog(): void;
  /**
   * LG-11, RL-02: logs as `options.logging` says from now on. Rejects, with nothing changed, when a
   * file or a syslog cannot be opened. Where the log is a function, only the levels change.
   */
  updateLogging(options: ServerOptions): Promise<void>;
  /** CP-108. Resolves when the server has ended. */
  enterLameDuck(): Promise<void>;
  readonly inLameDuck: boolean;
  /** Sums over all workers, as of now. */
  counters(): Record<keyof WorkerCounters, number>;
  /** Workers (from 1) whose loop has not turned for 5 seconds. */
  readonly blockedWorkers: readonly number[];
  /** The last finished connections, oldest first (CP-110). */
  closedConnections(): readonly ClosedConnection[];
}
