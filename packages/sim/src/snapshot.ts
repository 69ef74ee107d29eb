// The configuration of a simulated server. Test support.
import { type AccountSpec, type AccountsSnapshot, compileAccounts } from "@weft/accounts";
import type { AuthSpec, UserSpec } from "@weft/auth";
import { LIMITS } from "@weft/base";
import type { BrokerLimits, BrokerSnapshot, WorkerCounters } from "@weft/broker";

export interface SnapshotOptions {
  readonly accounts?: readonly AccountSpec[] | undefined;
  readonly users?: readonly UserSpec[] | undefined;
  /** More about logins than `users`. */
  readonly auth?: Partial<AuthSpec> | undefined;
  readonly limits?: Partial<BrokerLimits> | undefined;
}

const DEFAULT_LIMITS: BrokerLimits = {
  controlLineBytesMax: LIMITS.controlLineBytesMax,
  payloadBytesMax: LIMITS.payloadBytesMax,
  pendingBytesMax: LIMITS.pendingBytesMax,
  connectionsMax: LIMITS.connectionsMax,
  subscriptionsMax: -1,
  subscriptionTokensMax: 0,
  writeDeadlineMs: LIMITS.writeDeadlineMs,
  pingIntervalMs: LIMITS.pingIntervalMs,
  pingsUnansweredMax: LIMITS.pingsUnansweredMax,
  authTimeoutMs: LIMITS.authTimeoutMs,
  closedConnectionsKept: LIMITS.closedConnectionsKept,
  noFastProducerStall: false,
  headers: true,
};

/** Throws with the findings when the accounts do not compile. */
export function compileForSim(specs: readonly AccountSpec[]): AccountsSnapshot {
  const compiled = compileAccounts(specs, {});
  if (!compiled.ok) throw new Error(compiled.errors.map((error) => error.message).join("; "));
  return compiled.snapshot;
}

export function createSnapshot(options: SnapshotOptions): BrokerSnapshot {
  const accounts = options.accounts ?? [];
  const auth: AuthSpec = {
    users: options.users ?? [],
    tlsMap: false,
    accountNames: accounts.map((account) => account.name),
    ...options.auth,
  };
  return {
    auth,
    accounts: compileForSim(accounts),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    server: {
      id: "NSIMULATEDSERVER",
      name: "sim",
      version: "2.14.0",
      weftVersion: "0.0.0",
      runtime: "sim",
      host: "127.0.0.1",
      port: 4222,
    },
    listeners: [
      { kind: "client", tls: "off", tlsVerify: false, handshakeFirst: false, tlsTimeoutMs: 2_000 },
    ],
  };
}

export function createCounters(): WorkerCounters {
  return {
    connections: 0,
    connectionsTotal: 0,
    subscriptions: 0,
    inMessages: 0,
    inBytes: 0,
    outMessages: 0,
    outBytes: 0,
    slowConsumersPending: 0,
    slowConsumersDeadline: 0,
    staleConnections: 0,
    stalledClients: 0,
    authFailures: 0,
    pinnedAccountFails: 0,
    planMisses: 0,
    subscriptionsAdded: 0,
    plansKept: 0,
    fanoutMax: 0,
    connectionFaults: 0,
    handshakesThrottled: 0,
    systemEvents: 0,
  };
}
