// What a running server is to the program around it. Control thread; types only.

import type { AccountsSnapshot } from "@weft/accounts";
import type { ConfigProblem } from "@weft/base";
import type { BrokerSnapshot, ClosedConnection, WorkerCounters } from "@weft/broker";
import type { ServerOptions } from "@weft/config";
import type { LogSink } from "@weft/logging";
import type { TlsContextOptions } from "@weft/net";
import type { AuthenticationHook } from "./authentication-hook.ts";
import type { PrestartedThreads } from "./prestart.ts";

/** What a server runs with. Replaced as a whole by a reload. */
export interface ServerConfiguration {
  readonly options: ServerOptions;
  readonly accounts: AccountsSnapshot;
  /** Undefined = no TLS, or no certificate. */
  readonly tls: TlsContextOptions | undefined;
  /** `sha256:...` of the file (CF-16); undefined = there is none. */
  readonly digest?: string | undefined;
  readonly loadedAt: Date;
}

/** A configuration that was read anew and checked. */
export interface ReloadInput {
  readonly options: ServerOptions;
  /** Compiled as for a start. */
  readonly accounts: AccountsSnapshot;
  readonly digest?: string | undefined;
  readonly warnings?: readonly ConfigProblem[] | undefined;
}

/** Reads a configuration; throws what is wrong with it, perhaps as `problems` with places. */
export type ReloadSource = () => ReloadInput | Promise<ReloadInput>;

/** What a reload did. */
export interface ReloadResult {
  /** One text for each option that was changed, such as `max_payload = 1000`. */
  readonly changes: readonly string[];
  /** Connections that had to go. */
  readonly connectionsClosed: number;
  /** Subscriptions that connections lost which stay (CP-91). */
  readonly subscriptionsRemoved: number;
  readonly digest?: string | undefined;
  readonly loadedAt: Date;
}

/** A part of the server, or of the program around it, that follows a reload. Control thread. */
export interface ReloadPart {
  /**
   * Does everything that can fail, and throws if it does; then nothing is changed. The result
   * changes what has to be changed, without failing; undefined = nothing has to.
   */
  prepare?(
    next: ServerOptions,
    previous: ServerOptions,
  ): PreparedPart | undefined | Promise<PreparedPart | undefined>;
  /** The workers have it by now. */
  applySnapshot?(snapshot: BrokerSnapshot): void;
  /** GP-5. Everything is done. */
  onReloaded?(result: ReloadResult): void;
}

export interface PreparedPart {
  commit(): void;
  /** Instead of `commit`, when another part refuses; all is as before when it is done. Never fails. */
  abandon?(): void | Promise<void>;
}

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
  /** Reads that file again; undefined = there is none to reload. */
  readonly reloadSource?: ReloadSource | undefined;
  /** What follows a reload beside the server itself. */
  readonly reloadParts?: readonly ReloadPart[] | undefined;
  /** GP-14. Decides about logins; counts where the options name no file for it. */
  readonly authentication?: AuthenticationHook | undefined;
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
  /**
   * Takes over the configuration file as it is now, or what `source` reads; all of it or nothing.
   * Resolves when every thread follows it. Rejects with `ReloadError`, and then nothing has changed.
   * Reloads happen one after the other.
   */
  reload(source?: ReloadSource): Promise<ReloadResult>;
  /** What it runs with now. */
  readonly configuration: ServerConfiguration;
  /** Sums over all workers, as of now. */
  counters(): Record<keyof WorkerCounters, number>;
  /** Workers (from 1) whose loop has not turned for 5 seconds. */
  readonly blockedWorkers: readonly number[];
  /** The last finished connections, oldest first (CP-110). */
  closedConnections(): readonly ClosedConnection[];
}
