// What the services of the system account need of the server around them. Control thread; types only.
import type { BrokerSnapshot, ConnectionAnswer, ConnectionOrder, TraceOptions } from "@weft/broker";
import type { ServerFigures } from "@weft/control";
import type { LogSink } from "@weft/logging";
import type { ClaimRequest, ClaimSubscription } from "@weft/resolver";
import type { Mailbox } from "@weft/shm";
import type { CalloutAccounts } from "./callout-service.ts";
import type { ConnectionRegistry } from "./connection-registry.ts";
import type { ServerKeys } from "./identity.ts";
import type { SharedRegions } from "./shared-state.ts";
import type { PageSources } from "./system-pages.ts";

export interface SystemParts {
  readonly snapshot: BrokerSnapshot;
  readonly regions: SharedRegions;
  readonly mailbox: Mailbox;
  readonly hashSeed: number;
  readonly keys: ServerKeys;
  readonly log: LogSink;
  /** Undefined = the protocol is not traced. */
  readonly trace: TraceOptions | undefined;
  readonly connections: ConnectionRegistry;
  /** Sums over all threads, and what the operating system says of the process. */
  figures(accountsActive: number): ServerFigures;
  /** Tells one worker, counted from 0. */
  tellWorker(worker: number, ticket: number, order: ConnectionOrder): void;
  /** What the pages of monitoring are made of, monitoring port or not. */
  pages(): Promise<PageSources>;
  /** Undefined, or why the configuration was not taken. */
  reload(): Promise<string | undefined>;
  /** SY-37. Undefined without operators. */
  readonly claims?: ClaimService | undefined;
}

/** Who answers requests about claims (AC-86 to AC-90). */
export interface ClaimService extends CalloutAccounts {
  readonly subscriptions: readonly ClaimSubscription[];
  onClaimRequest(request: ClaimRequest): void;
}

export interface OrderAnswer {
  readonly ticket: number;
  readonly answer: ConnectionAnswer | undefined;
}
