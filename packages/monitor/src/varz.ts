// `/varz`: the server at a glance (MO-10 to MO-17, MO-36). Thread: control. Parts of the reference
// that are not there stand as it shows them when they are switched off.
import type { ServerOptions } from "@weft/config";
import type { MonitorFacts } from "./facts.ts";
import type { JsonObject, JsonValue } from "./go-json.ts";
import { timeText, timeTextMs, uptimeText } from "./go-text.ts";

const NANOS_PER_MS = 1_000_000;
const PROTOCOL = 1;

export function varz(facts: MonitorFacts): JsonObject {
  const now = facts.unixNanos();
  return {
    ...identity(facts),
    ...limits(facts),
    cluster: {},
    gateway: {},
    leaf: {},
    mqtt: {},
    websocket: {},
    jetstream: {},
    tls_timeout: tlsTimeoutSeconds(facts.options),
    write_deadline: facts.options.writeDeadlineMs * NANOS_PER_MS,
    write_timeout: facts.options.writeTimeout,
    ...runtime(facts, now),
    ...traffic(facts),
    ...configuration(facts),
  };
}

function identity({ server }: MonitorFacts): JsonObject {
  return {
    server_id: server.id,
    server_name: server.name,
    version: server.version,
    proto: PROTOCOL,
    go: server.runtime,
    host: server.host,
    port: server.port,
    auth_required: server.authRequired || undefined,
    tls_required: server.tlsRequired || undefined,
    tls_verify: server.tlsVerify || undefined,
    connect_urls: server.connectUrls.length === 0 ? undefined : server.connectUrls,
  };
}

function limits({ options, server }: MonitorFacts): JsonObject {
  const { monitoring } = options;
  const secure = monitoring?.secure === true;
  return {
    max_connections: options.limits.maxConnections,
    max_subscriptions: options.limits.maxSubscriptions || undefined,
    ping_interval: options.pingIntervalMs * NANOS_PER_MS,
    ping_max: options.pingMax,
    http_host: monitoring?.host ?? options.host,
    http_port: secure ? 0 : server.monitoringPort,
    http_base_path: monitoring?.basePath ?? "",
    https_port: secure ? server.monitoringPort : 0,
    auth_timeout: options.auth.authTimeoutMs / 1_000,
    max_control_line: options.limits.maxControlLine,
    max_payload: options.limits.maxPayload,
    max_pending: options.limits.maxPending,
  };
}

function tlsTimeoutSeconds({ tls }: ServerOptions): number {
  return (tls?.timeoutMs ?? DEFAULT_TLS_TIMEOUT_MS) / 1_000;
}

const DEFAULT_TLS_TIMEOUT_MS = 2_000;

function runtime(facts: MonitorFacts, now: bigint): JsonObject {
  const { residentBytes, coresCount, cpuPercent } = facts.process();
  const { startedUnixNanos, workersCount } = facts.server;
  return {
    start: timeText(startedUnixNanos),
    now: timeText(now),
    uptime: uptimeText(Number((now - startedUnixNanos) / 1_000_000n)),
    mem: residentBytes,
    cores: coresCount,
    gomaxprocs: workersCount,
    cpu: cpuPercent,
  };
}

function traffic(facts: MonitorFacts): JsonObject {
  const counted = facts.counters();
  const { inMessages, inBytes, outMessages, outBytes } = counted;
  return {
    connections: counted.connections,
    total_connections: counted.connectionsTotal,
    routes: 0,
    remotes: 0,
    leafnodes: 0,
    in_msgs: inMessages,
    in_bytes: inBytes,
    in_client_msgs: inMessages,
    in_client_bytes: inBytes,
    out_msgs: outMessages,
    out_bytes: outBytes,
    out_client_msgs: outMessages,
    out_client_bytes: outBytes,
    slow_consumers: counted.slowConsumersPending + counted.slowConsumersDeadline,
    stale_connections: counted.staleConnections,
    stalled_clients: counted.stalledClients,
    subscriptions: counted.subscriptions,
    http_req_stats: facts.requestStats(),
  };
}

function configuration(facts: MonitorFacts): JsonObject {
  const { options, server } = facts;
  const counted = facts.counters();
  const slow = counted.slowConsumersPending + counted.slowConsumersDeadline;
  const ends = server.tlsCertificateEndsMs;
  return {
    config_load_time: timeText(server.configLoadedUnixNanos),
    config_digest: server.configDigest,
    tags: options.serverTags.length === 0 ? undefined : options.serverTags,
    metadata: mapOf(options.serverMetadata),
    feature_flags: mapOf(options.featureFlags),
    ...operatorsOf(options),
    system_account: options.noSystemAccount ? undefined : options.systemAccount,
    pinned_account_fails: counted.pinnedAccountFails || undefined,
    slow_consumer_stats: clientsOnly(slow),
    stale_connection_stats: clientsOnly(counted.staleConnections),
    disk_io_wait_stats: { waiters: 0, waits: 0, wait_time: 0, max_wait_time: 0 },
    proxies: proxiesOf(options),
    tls_cert_not_after: ends === undefined ? undefined : timeTextMs(ends),
  };
}

/** AN-40. Tokens without their signatures, and what they say. */
function operatorsOf({ operator }: ServerOptions): JsonObject {
  if (operator === undefined || operator.operators.length === 0) return {};
  return {
    trusted_operators_jwt: operator.operators.map((token) =>
      token.slice(0, token.lastIndexOf(".") + 1),
    ),
    trusted_operators_claim: operator.operators.map((token) => {
      const [, body = ""] = token.split(".");
      return JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as JsonObject;
    }),
  };
}

/** AN-83. */
function proxiesOf({ trustedProxies }: ServerOptions): JsonObject | undefined {
  if (trustedProxies === undefined) return undefined;
  return {
    trusted: trustedProxies.length === 0 ? undefined : trustedProxies.map((key) => ({ key })),
  };
}

/** By kind of connection; there is only one kind yet. */
function clientsOnly(clients: number): JsonObject {
  return { clients, routes: 0, gateways: 0, leafs: 0 };
}

function mapOf(
  values: Readonly<Record<string, string | boolean>>,
): ReadonlyMap<string, JsonValue> | undefined {
  const entries = Object.entries(values);
  return entries.length === 0 ? undefined : new Map(entries);
}
