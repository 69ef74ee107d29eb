// Binds the facts of the monitoring pages to the running server: registry, counters, options,
// process. Control thread. Must stay true: reading asks no thread for anything.
import type { AccountDocument, AccountSpec, AccountsDelta, AccountsSnapshot } from "@weft/accounts";
import { decodeFacts } from "@weft/base";
import { readLastSubscriptions, type WorkerCounters } from "@weft/broker";
import type { ServerOptions } from "@weft/config";
import type {
  AccountFacts,
  CalloutFacts,
  ConnectionSource,
  LiveConnections,
  MonitorFacts,
  ProcessFacts,
  QueueFacts,
  ServerFacts,
  Steps,
  ThrottledFacts,
  WorkerFacts,
} from "@weft/monitor";
import { Heartbeats } from "@weft/shm";
import { processMs, systemClock } from "./clocks.ts";
import type { ConnectionRegistry } from "./connection-registry.ts";
import { LoopUsage } from "./loop-usage.ts";
import { ProcessUsage } from "./process-usage.ts";
import type { SharedRegions } from "./shared-state.ts";
import type { ThreadGroup } from "./thread-group.ts";
import { THROTTLE_COUNTERS } from "./throttle-counters.ts";
import { WORKER_COUNTERS } from "./worker-counters.ts";

/** What changes with the configuration. */
export interface ConfiguredFacts {
  readonly options: ServerOptions;
  readonly accounts: AccountsSnapshot;
  readonly server: ServerFacts;
}

export interface MonitorSources {
  readonly workersCount: number;
  readonly regions: SharedRegions;
  readonly registry: ConnectionRegistry;
  readonly threads: ThreadGroup;
  readonly commandLine: readonly string[];
  blockedWorkers(): readonly number[];
  queues(): ReadonlyMap<string, QueueFacts>;
  notListening(): string | undefined;
  callout(): CalloutFacts | undefined;
  authenticationModule(): CalloutFacts | undefined;
  /** Accounts that come by tokens; undefined = none do. */
  readonly operator?: OperatorDocuments | undefined;
}

/** What is known of accounts that come by tokens. */
export interface OperatorDocuments {
  spec(account: string): AccountSpec | undefined;
  document(account: string): AccountDocument | undefined;
}

export class LiveMonitorFacts implements MonitorFacts {
  readonly connections: ConnectionSource;
  readonly #sources: MonitorSources;
  readonly #process: ProcessUsage;
  readonly #loops: LoopUsage;
  readonly #heartbeats: Heartbeats;
  readonly #clock = systemClock();
  readonly #requests = new Map<string, number>();
  #configured: ConfiguredFacts;
  #operator: OperatorDocuments | undefined;

  constructor(sources: MonitorSources, configured: ConfiguredFacts) {
    this.#sources = sources;
    this.#configured = configured;
    this.#operator = sources.operator;
    this.#process = new ProcessUsage(sources.commandLine);
    this.#loops = new LoopUsage((worker) => sources.threads.loopUtilization(worker));
    this.#heartbeats = new Heartbeats(sources.regions.heartbeats);
    this.connections = connectionSource(sources.registry);
  }

  get server(): ServerFacts {
    return this.#configured.server;
  }

  get options(): ServerOptions {
    return this.#configured.options;
  }

  /** A reload, or the port of the monitoring listener. */
  configure(change: Partial<ConfiguredFacts>): void {
    this.#configured = { ...this.#configured, ...change };
  }

  /** Accounts by tokens, where the port of the pages was opened before they were looked for. */
  followOperator(operator: OperatorDocuments, accounts: AccountsSnapshot): void {
    this.#operator = operator;
    this.configure({ accounts });
  }

  /** Accounts that came, changed or went one by one. */
  followAccounts({ accounts: changed }: AccountsDelta): void {
    const known = [...this.#configured.accounts.accounts];
    for (const account of changed) known[account.index] = account;
    this.configure({ accounts: { ...this.#configured.accounts, accounts: known } });
  }

  /** MO-05. Names are those of the table of pages, so there are few. */
  countRequest(name: string): void {
    this.#requests.set(name, (this.#requests.get(name) ?? 0) + 1);
  }

  unixNanos(): bigint {
    return this.#clock.unixNanos();
  }

  process(): ProcessFacts {
    return this.#process.facts();
  }

  counters(): Readonly<Record<keyof WorkerCounters, number>> {
    return WORKER_COUNTERS.totals(this.#sources.regions.counters);
  }

  workers(): readonly WorkerFacts[] {
    const { workersCount, regions } = this.#sources;
    const blocked = this.#sources.blockedWorkers();
    const nowMs = processMs();
    return Array.from({ length: workersCount }, (_, index) => {
      const threadIndex = index + 1;
      const { slots } = WORKER_COUNTERS.block(regions.counters, threadIndex);
      const counted = WORKER_COUNTERS.names.map((name, at) => [name, slots[at] ?? 0] as const);
      return {
        threadIndex,
        counters: Object.fromEntries(counted) as Record<keyof WorkerCounters, number>,
        blocked: blocked.includes(threadIndex),
        heartbeatAgeMs: this.#heartbeats.silenceMs(threadIndex, nowMs),
        utilization: this.#loops.shareOf(index),
      };
    });
  }

  accounts(): readonly AccountFacts[] {
    const { accounts, options } = this.#configured;
    const specs = new Map(options.accounts.map((spec) => [spec.name, spec]));
    const operator = this.#operator;
    const specOf = (name: string): AccountSpec | undefined =>
      specs.get(name) ?? operator?.spec(name);
    return accounts.accounts
      .filter(({ index, retired }) => (index === 1 ? accounts.hasSystemAccount : retired !== true))
      .map(({ index, name, nameTag }) => ({
        index,
        name,
        nameTag,
        isSystem: index === 1,
        spec: specOf(name),
        mappings: [
          ...(index === 0 ? options.globalMappings : []),
          ...(specOf(name)?.mappings ?? []),
        ],
        ...claimsOf(name, operator),
      }));
  }

  queues(): ReadonlyMap<string, QueueFacts> {
    return this.#sources.queues();
  }

  requestStats(): ReadonlyMap<string, number> {
    return this.#requests;
  }

  notListening(): string | undefined {
    return this.#sources.notListening();
  }

  throttled(): ThrottledFacts {
    const { slots } = THROTTLE_COUNTERS.block(this.#sources.regions.throttled, 0);
    const { index } = THROTTLE_COUNTERS;
    return {
      connections: slots[index.connections] ?? 0,
      failedLogins: slots[index.failedLogins] ?? 0,
      handshakes: this.counters().handshakesThrottled,
    };
  }

  callout(): CalloutFacts | undefined {
    return this.#sources.callout();
  }

  authenticationModule(): CalloutFacts | undefined {
    return this.#sources.authenticationModule();
  }

  stacks(): string {
    const resources = new Map<string, number>();
    for (const name of process.getActiveResourcesInfo()) {
      resources.set(name, (resources.get(name) ?? 0) + 1);
    }
    const held = [...resources].map(([name, count]) => `\t${name} ${count}\n`).join("");
    const workers = this.workers().map(({ threadIndex, blocked, heartbeatAgeMs, utilization }) => {
      const state = blocked ? "blocked" : "running";
      const busy = `busy ${(utilization * 100).toFixed(1)}%`;
      return `thread ${threadIndex} [${state}]:\n\t${busy}, seen ${Math.round(heartbeatAgeMs)}ms ago\n`;
    });
    return [`thread 0 [running]:\n${held}`, ...workers].join("\n");
  }
}

function* liveSteps(registry: ConnectionRegistry): Steps<LiveConnections> {
  const reading = registry.liveInSlices();
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
    yield { kind: "pause" };
  }
}

/** The accounts that there are now, and who knows more of them. */
export function monitoredAccounts<Service extends { snapshot(): AccountsSnapshot }>(
  operator: Service | undefined,
  { accounts }: { readonly accounts: AccountsSnapshot },
): { readonly accounts: AccountsSnapshot; readonly operator: Service | undefined } {
  return { accounts: operator?.snapshot() ?? accounts, operator };
}

function claimsOf(name: string, operator: OperatorDocuments | undefined) {
  if (operator?.spec(name) === undefined) return {};
  return { claims: () => operator.document(name) as AccountDocument };
}

function connectionSource(registry: ConnectionRegistry): ConnectionSource {
  return {
    live: () => liveSteps(registry),
    finished: () => registry.finishedRecords(),
    slow: () => registry.slowRecords(),
    factsOf: (record) => decodeFacts(record.facts),
    subscriptionsOf: (record) => readLastSubscriptions(record.subscriptionList),
    tokenOf: ({ clientId }) => registry.tokenOf(clientId),
    finishedTotals: (account) => registry.finishedTotals(account),
    finishedByReason: () => registry.finishedByReason(),
    shown: registry.shown,
  };
}
