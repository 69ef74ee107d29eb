// For tests: facts of a server that does not run, to be changed at will, and its pages. Any thread.
import { type ConnectionFacts, FIGURES_COUNT } from "@weft/base";
import type {
  ConnectionFigures,
  FinishedConnection,
  SubscriptionAnswer,
  SubscriptionEntry,
  SubscriptionQuery,
  WorkerCounters,
} from "@weft/broker";
import { defaultOptions, type ServerOptions } from "@weft/config";
import { matches, subjectsCollide } from "@weft/subjects";
import type {
  AccountFacts,
  CalloutFacts,
  FinishedTotals,
  LiveConnections,
  MonitorFacts,
  ProcessFacts,
  QueueFacts,
  ServerFacts,
  Steps,
  ThrottledFacts,
  WorkerFacts,
} from "../facts.ts";
import { renderPage } from "../render-page.ts";
import { ShownCounters } from "../shown-counters.ts";

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

export interface FakeConnection {
  figures: Writable<ConnectionFigures>;
  facts: Writable<ConnectionFacts>;
  worker: number;
}

/** 2026-11-22T05:43:03.594451579Z. */
export const NOW = 1_795_326_183_594_451_579n;
const NOW_MS = Number(NOW / 1_000_000n);

export function fakeConnection(clientId: number): FakeConnection {
  return {
    worker: 1,
    figures: {
      clientId,
      startedAt: NOW_MS - 90_000,
      activeAt: NOW_MS - 3_000,
      inMessages: 0,
      inBytes: 0,
      outMessages: 0,
      outBytes: 0,
      pendingBytes: 0,
      subscriptions: 0,
      roundTripNanos: 0,
      stalls: 0,
    },
    facts: {
      kind: "Client",
      listener: 0,
      address: "10.0.0.1",
      port: 40_000 + clientId,
      account: "$G",
      user: "",
      nkey: "",
      name: "",
      language: "",
      version: "",
      protocol: 1,
      tlsVersion: "",
      tlsCipher: "",
      tlsFirst: false,
      tlsPeerSubject: "",
      tlsPeerCertificate: "",
    },
  };
}

export function fakeFinished(clientId: number, reason = "Client Closed"): FinishedConnection {
  const { figures, facts } = fakeConnection(clientId);
  const { account } = facts;
  return { ...figures, reason, account, closedAt: NOW_MS - 1_000, facts: JSON.stringify(facts) };
}

const COUNTERS: WorkerCounters = {
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

const NO_TOTALS: FinishedTotals = {
  connections: 0,
  inMessages: 0,
  inBytes: 0,
  outMessages: 0,
  outBytes: 0,
  slowConsumers: 0,
};

/** Everything that pages can be made of. */
export class FakeServer {
  now = NOW;
  options: Writable<ServerOptions> = defaultOptions();
  server: Writable<ServerFacts> = {
    id: "NSERVER",
    name: "one",
    version: "2.14.0",
    weftVersion: "0.1.0",
    runtime: "node24.21.0",
    host: "0.0.0.0",
    port: 4222,
    authRequired: false,
    tlsRequired: false,
    tlsVerify: false,
    connectUrls: [],
    startedUnixNanos: NOW - 3_600_000_000_000n,
    configLoadedUnixNanos: NOW - 1_800_000_000_000n,
    configDigest: "",
    workersCount: 2,
    monitoringPort: 8222,
  };
  process: Writable<ProcessFacts> = {
    residentBytes: 1,
    cpuPercent: 0,
    coresCount: 4,
    commandLine: ["weft"],
    heap: { usedBytes: 1, totalBytes: 2, limitBytes: 3, externalBytes: 4, mallocedBytes: 5 },
  };
  workers: Writable<WorkerFacts>[] = [1, 2].map((threadIndex) => ({
    threadIndex,
    counters: { ...COUNTERS },
    blocked: false,
    heartbeatAgeMs: 10,
    utilization: 0,
  }));
  accounts: Writable<AccountFacts>[] = [
    { index: 0, name: "$G", isSystem: false, mappings: [] },
    { index: 1, name: "$SYS", isSystem: true, mappings: [] },
  ];
  open: FakeConnection[] = [];
  finished: FinishedConnection[] = [];
  slow: FinishedConnection[] = [];
  readonly finishedTotals = new Map<string, FinishedTotals>();
  readonly finishedByReason = new Map<string, number>();
  readonly shown = new ShownCounters();
  readonly queues = new Map<string, QueueFacts>();
  readonly requestStats = new Map<string, number>();
  /** By client id; the worker is that of the connection. */
  subscriptions: SubscriptionEntry[] = [];
  /** Of open connections, by client id. */
  readonly tokens = new Map<number, string>();
  notListening: string | undefined;
  callout: CalloutFacts | undefined;
  throttled: ThrottledFacts = { connections: 0, failedLogins: 0, handshakes: 0 };
  /** Pauses that pages made. */
  pauses = 0;
  /** Questions that workers were asked. */
  asked = 0;

  get facts(): MonitorFacts {
    return {
      server: this.server,
      options: this.options,
      connections: {
        live: () => this.#readLive(),
        finished: () => this.finished,
        slow: () => this.slow,
        factsOf: (record) => JSON.parse(record.facts) as ConnectionFacts,
        subscriptionsOf: ({ subscriptionList = "[]" }) => JSON.parse(subscriptionList),
        tokenOf: ({ tokenText }) => tokenText,
        finishedTotals: (account) => this.finishedTotals.get(account) ?? NO_TOTALS,
        finishedByReason: () => this.finishedByReason,
        shown: this.shown,
      },
      unixNanos: () => this.now,
      process: () => this.process,
      counters: () => this.#counters(),
      workers: () => this.workers,
      accounts: () => this.accounts,
      queues: () => this.queues,
      requestStats: () => this.requestStats,
      notListening: () => this.notListening,
      authenticationModule: () => undefined,
      callout: () => this.callout,
      throttled: () => this.throttled,
      stacks: () => "thread 0 [running]:\n",
    };
  }

  /** Drives steps as the runtime does, at once. */
  run<Result>(steps: Steps<Result>): Result {
    let step = steps.next();
    while (step.done !== true) {
      const need = step.value;
      if (need.kind === "pause") this.pauses += 1;
      if (need.kind === "subscriptions") {
        this.asked += 1;
        step = steps.next(this.#list(need.worker, need.query));
      } else step = steps.next();
    }
    return step.value;
  }

  /** Status and whole text of a page. */
  page(target: string): { status: number; contentType: string; text: string } {
    const [path = "", search = ""] = target.split("?", 2);
    const { status, contentType, body } = this.run(renderPage({ path, search }, this.facts));
    return { status, contentType, text: [...body].join("") };
  }

  /** Value of a page of JSON. */
  json(target: string): Record<string, unknown> {
    const { status, text } = this.page(target);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  *#readLive(): Steps<LiveConnections> {
    yield { kind: "pause" };
    return this.#live();
  }

  #live(): LiveConnections {
    const figures = new Float64Array(this.open.length * FIGURES_COUNT);
    for (const [row, { figures: of }] of this.open.entries()) {
      const { clientId, startedAt, inMessages, inBytes, outMessages, outBytes } = of;
      const { pendingBytes, subscriptions, activeAt, roundTripNanos, stalls } = of;
      const traffic = [inMessages, inBytes, outMessages, outBytes];
      const state = [pendingBytes, subscriptions, activeAt, roundTripNanos, stalls];
      figures.set([clientId, startedAt, ...traffic, ...state], row * FIGURES_COUNT);
    }
    return {
      count: this.open.length,
      figures,
      facts: (row) => this.open[row]?.facts,
      worker: (row) => this.open[row]?.worker ?? 0,
    };
  }

  #counters(): WorkerCounters {
    const sums = { ...COUNTERS };
    for (const name of Object.keys(COUNTERS) as (keyof WorkerCounters)[]) {
      for (const { counters } of this.workers) sums[name] += counters[name];
    }
    return sums;
  }

  /** One subscription per piece, so that pages have to go on asking. */
  #list(worker: number, query: SubscriptionQuery): SubscriptionAnswer {
    const { from, clientIds, account, matching, colliding, skip, take, tokensOf } = query;
    if (tokensOf !== undefined) {
      const tokens = tokensOf.map((clientId) => ({
        clientId,
        text: this.tokens.get(clientId) ?? "",
      }));
      return { entries: [], matched: 0, tokens };
    }
    const here = this.subscriptions.filter((entry) => {
      const owner = this.open.find(({ figures }) => figures.clientId === entry.clientId);
      return owner?.worker === worker && (clientIds?.includes(entry.clientId) ?? true);
    });
    const entry = here[from.passed];
    if (entry === undefined) return { entries: [], matched: 0 };
    const fits =
      (account === undefined || entry.account === account) &&
      (matching === undefined || matches(entry.subject, matching)) &&
      (colliding === undefined || subjectsCollide(entry.subject, colliding));
    const next = { clientId: 0, passed: from.passed + 1 };
    const listed = fits && skip === 0 && take > 0;
    return { entries: listed ? [entry] : [], matched: fits ? 1 : 0, next };
  }
}
