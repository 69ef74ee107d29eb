// `/metrics`: the server in OpenMetrics, for Prometheus and its like. Our own page. Thread: control.
// Must stay true: the number of lines is bounded by workers, accounts and reasons, never by clients:
// no label holds a subject, a client's name, a user or an address (attack 65).
import type { WorkerCounters } from "@weft/broker";
import { type AccountTotals, allAccountTotals } from "./account-totals.ts";
import type { CalloutFacts, MonitorFacts, Steps, WorkerFacts } from "./facts.ts";
import { OpenMetricsText, type Sample } from "./open-metrics.ts";
import type { ShownCounters } from "./shown-counters.ts";

/** Accounts with lines of their own; how many are left out has a line too. */
const ACCOUNTS_MAX = 256;

type Counter = keyof WorkerCounters;
type WorkerRow = readonly [kind: "counter" | "gauge", name: string, counter: Counter, help: string];

const WORKER_ROWS: readonly WorkerRow[] = [
  ["gauge", "weft_connections", "connections", "Open client connections."],
  ["counter", "weft_connections_opened", "connectionsTotal", "Client connections accepted."],
  ["gauge", "weft_subscriptions", "subscriptions", "Live subscriptions of clients."],
  ["counter", "weft_subscriptions_added", "subscriptionsAdded", "Subscriptions made."],
  ["counter", "weft_received_messages", "inMessages", "Messages received from clients."],
  ["counter", "weft_received_bytes", "inBytes", "Payload and header bytes from clients."],
  ["counter", "weft_sent_messages", "outMessages", "Messages sent to clients."],
  ["counter", "weft_sent_bytes", "outBytes", "Payload and header bytes sent to clients."],
  ["counter", "weft_stale_connections", "staleConnections", "Connections that answered no ping."],
  ["counter", "weft_stalled_clients", "stalledClients", "Pauses of publishers for receivers."],
  ["counter", "weft_login_failures", "authFailures", "Refused logins."],
  [
    "counter",
    "weft_pinned_account_failures",
    "pinnedAccountFails",
    "Logins refused since their account is not among the pinned ones.",
  ],
  ["counter", "weft_plan_misses", "planMisses", "Subjects whose route had to be worked out."],
  ["gauge", "weft_plans", "plansKept", "Routes of subjects that are kept."],
  [
    "counter",
    "weft_connection_faults",
    "connectionFaults",
    "Connections closed for an error here.",
  ],
];

type AccountRow = readonly [
  kind: "counter" | "gauge",
  name: string,
  total: keyof AccountTotals,
  help: string,
];

const ACCOUNT_ROWS: readonly AccountRow[] = [
  ["gauge", "weft_account_connections", "connections", "Open connections of the account."],
  ["gauge", "weft_account_subscriptions", "subscriptions", "Subscriptions of the account."],
  ["counter", "weft_account_received_messages", "inMessages", "Messages from its clients."],
  ["counter", "weft_account_received_bytes", "inBytes", "Bytes from its clients."],
  ["counter", "weft_account_sent_messages", "outMessages", "Messages to its clients."],
  ["counter", "weft_account_sent_bytes", "outBytes", "Bytes to its clients."],
  ["counter", "weft_account_slow_consumers", "slowConsumers", "Its slow consumers."],
];

export function* metrics(facts: MonitorFacts): Steps<string> {
  const text = new OpenMetricsText();
  addServer(text, facts);
  addAsked(text, facts.callout(), CALLOUT_NAMES);
  addAsked(text, facts.authenticationModule(), MODULE_NAMES);
  addWorkers(text, facts.workers());
  addAccounts(text, yield* allAccountTotals(facts), facts.connections.shown);
  const reasons = [...facts.connections.finishedByReason()];
  text.add(
    "counter",
    "weft_connections_closed",
    "Finished connections.",
    reasons.map(([reason, value]) => ({ labels: { reason }, value })),
  );
  const { connections, failedLogins, handshakes } = facts.throttled();
  text.add("counter", "weft_connections_throttled", "Turned away by a limit of a rate.", [
    { labels: { limit: "connections of an address" }, value: connections },
    { labels: { limit: "failed logins of an address" }, value: failedLogins },
    { labels: { limit: "handshakes" }, value: handshakes },
  ]);
  const requests = [...facts.requestStats()];
  text.add(
    "counter",
    "weft_monitor_requests",
    "Requests to the monitoring port.",
    requests.map(([path, value]) => ({ labels: { path }, value })),
  );
  return text.end();
}

function addServer(text: OpenMetricsText, facts: MonitorFacts): void {
  const { server, options } = facts;
  const { residentBytes, cpuPercent, coresCount, heap } = facts.process();
  const labels = { server_id: server.id, server_name: server.name, version: server.weftVersion };
  const one = (value: number): readonly Sample[] => [{ value }];
  text.add("info", "weft_server", "This server.", [{ labels, value: 1 }]);
  const started = Number(server.startedUnixNanos / 1_000_000n) / 1_000;
  text.add("gauge", "weft_start_time_seconds", "Unix time of the start.", one(started));
  const loaded = Number(server.configLoadedUnixNanos / 1_000_000n) / 1_000;
  text.add("gauge", "weft_config_load_time_seconds", "Unix time of the last load.", one(loaded));
  const up = facts.notListening() === undefined ? 1 : 0;
  text.add("gauge", "weft_listening", "1 while clients are accepted.", one(up));
  text.add("gauge", "weft_resident_memory_bytes", "Memory of the process.", one(residentBytes));
  text.add("gauge", "weft_cpu_usage_ratio", "Cores in use.", one(cpuPercent / 100));
  text.add("gauge", "weft_cores", "Cores of the machine.", one(coresCount));
  text.add("gauge", "weft_control_heap_bytes", "Heap of the control thread.", one(heap.usedBytes));
  const { maxConnections } = options.limits;
  text.add("gauge", "weft_connections_limit", "Connections allowed.", one(maxConnections));
  if (server.tlsCertificateEndsMs === undefined) return;
  const ends = server.tlsCertificateEndsMs / 1_000;
  text.add("gauge", "weft_tls_certificate_end_time_seconds", "Its last moment.", one(ends));
}

/** AN-67. */
/** What those outside are called that decide about logins. */
interface AskedNames {
  readonly state: string;
  readonly underWay: string;
  readonly asked: string;
  readonly logins: string;
  readonly whom: string;
}

const CALLOUT_NAMES: AskedNames = {
  state: "weft_auth_callout_state",
  underWay: "weft_auth_callouts_under_way",
  asked: "weft_auth_callouts",
  logins: "weft_auth_callout_logins",
  whom: "the auth callout service",
};
const MODULE_NAMES: AskedNames = {
  state: "weft_auth_module_state",
  underWay: "weft_auth_module_questions_under_way",
  asked: "weft_auth_module_questions",
  logins: "weft_auth_module_logins",
  whom: "the authentication module",
};

function addAsked(text: OpenMetricsText, facts: CalloutFacts | undefined, names: AskedNames): void {
  if (facts === undefined) return;
  const { state, underWay, asked, granted, refused, late, notAsked } = facts;
  text.add(
    "gauge",
    names.state,
    `1 for the state that asking ${names.whom} is in.`,
    (["closed", "half-open", "open"] as const).map((name) => ({
      labels: { state: name },
      value: name === state ? 1 : 0,
    })),
  );
  text.add("gauge", names.underWay, "Questions without an answer.", [{ value: underWay }]);
  text.add("counter", names.asked, "Questions asked.", [{ value: asked }]);
  text.add("counter", names.logins, `Logins that ${names.whom} decided.`, [
    { labels: { result: "granted" }, value: granted },
    { labels: { result: "refused" }, value: refused - late - notAsked },
    { labels: { result: "late" }, value: late },
    { labels: { result: "not asked" }, value: notAsked },
  ]);
}

function addWorkers(text: OpenMetricsText, workers: readonly WorkerFacts[]): void {
  for (const [kind, name, counter, help] of WORKER_ROWS) {
    text.add(
      kind,
      name,
      help,
      workers.map(({ threadIndex: worker, counters }) => ({
        labels: { worker },
        value: counters[counter],
      })),
    );
  }
  const slow = workers.flatMap(({ threadIndex: worker, counters }) => [
    { labels: { worker, reason: "pending bytes" }, value: counters.slowConsumersPending },
    { labels: { worker, reason: "write deadline" }, value: counters.slowConsumersDeadline },
  ]);
  text.add("counter", "weft_slow_consumers", "Connections closed for not reading.", slow);
  const state = (value: (worker: WorkerFacts) => number): readonly Sample[] =>
    workers.map((worker) => ({ labels: { worker: worker.threadIndex }, value: value(worker) }));
  text.add(
    "gauge",
    "weft_worker_blocked",
    "1 while the worker does not turn.",
    state(({ blocked }) => (blocked ? 1 : 0)),
  );
  text.add(
    "gauge",
    "weft_worker_busy_ratio",
    "Share of time that its loop was busy.",
    state(({ utilization }) => utilization),
  );
}

function addAccounts(
  text: OpenMetricsText,
  all: ReadonlyMap<string, AccountTotals>,
  before: ShownCounters,
): void {
  const shown = [...all]
    .slice(0, ACCOUNTS_MAX)
    .map(([account, totals]) => [account, before.notBelow(account, totals)] as const);
  for (const [kind, name, total, help] of ACCOUNT_ROWS) {
    const samples = shown.map(([account, totals]) => ({
      labels: { account },
      value: totals[total],
    }));
    text.add(kind, name, help, samples);
  }
  before.forgetOthers((account) => all.has(account));
  const left = all.size - shown.length;
  text.add("gauge", "weft_accounts_not_shown", "Accounts without lines here.", [{ value: left }]);
}
