// What the services of the system account need of the server around them. Control thread; types only.

import type { BrokerSnapshot, ConnectionAnswer, ConnectionOrder } from "@weft/broker";
import type { ServerFigures } from "@weft/control";
import type { Mailbox } from "@weft/shm";
import type { ConnectionRegistry } from "./connection-registry.ts";
import type { LogSink } from "./log-writer.ts";
import type { SharedRegions } from "./shared-state.ts";

/** One page of monitoring: JSON text with status 200, else the text of the mistake. */
export interface PageText {
  readonly status: number;
  readonly body: string;
}

/** A subscription as the count of subscribers looks at it; subjects are byte strings. */
export interface ListedSubscription {
  readonly filter: string;
  readonly queue: string | undefined;
}

export interface SystemParts {
  readonly snapshot: BrokerSnapshot;
  readonly regions: SharedRegions;
  readonly mailbox: Mailbox;
  readonly hashSeed: number;
  readonly log: LogSink;
  readonly connections: ConnectionRegistry;
  /** Sums over all threads, and what the operating system says of the process. */
  figures(accountsActive: number): ServerFigures;
  /** Tells one worker, counted from 0. */
  tellWorker(worker: number, ticket: number, order: ConnectionOrder): void;
  /** `path` as over HTTP, such as `/connz`; `search` as behind its question mark. */
  page(path: string, search: string): Promise<PageText>;
  /** Live subscriptions of an account that have a subject in common with `filter`. */
  subscriptions(account: number, filter: string): AsyncIterable<ListedSubscription>;
  /** Rejects with why the configuration was not taken. */
  reload(): Promise<void>;
}

export interface OrderAnswer {
  readonly ticket: number;
  readonly answer: ConnectionAnswer | undefined;
}
