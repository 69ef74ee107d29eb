// Every field of every page of JSON is changed by some fact, or is a constant with a reason. A field
// that is neither would be a lie that no test sees.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type FakeServer, fakeConnection, fakeFinished } from "./testing/fake-server.ts";
import { fullServer, OTHER_DOCUMENT, tokenOf } from "./testing/full-server.ts";

const PAGES = [
  "/varz",
  "/connz?subs=detail&auth=1&state=all",
  "/connz?subs=1&offset=0&limit=7",
  "/subsz?subs=1&offset=0&limit=7",
  "/accountz",
  "/accountz?acc=A",
  "/accstatz?unused=1",
  "/routez",
  "/gatewayz",
  "/leafz",
  "/jsz",
  "/healthz",
  "/healthz?details=1",
  "/recentz?auth=1",
  "/ipqueuesz?all=1",
  "/debug/vars",
] as const;

type Change = (server: FakeServer) => void;

const bumpAll = (object: object): void => {
  for (const [key, value] of Object.entries(object)) {
    if (typeof value === "number") Object.assign(object, { [key]: value + 7_000_000 });
    if (typeof value === "string") Object.assign(object, { [key]: `${value}x` });
  }
};

const CHANGES: Readonly<Record<string, Change>> = {
  "another server": ({ server }) => {
    server.id += "x";
    server.name += "x";
    server.version += "x";
    server.runtime += "x";
    server.host += "x";
    server.port += 1;
    server.connectUrls = ["5.6.7.8:1"];
    server.configDigest = "sha256:1";
    server.workersCount += 1;
    server.tlsCertificateEndsMs = 2e12;
    server.monitoringPort += 1;
  },
  "started earlier": ({ server }) => {
    server.startedUnixNanos -= 5_000_000_000n;
    server.configLoadedUnixNanos -= 5_000_000_000n;
  },
  later: (server) => {
    server.now += 5_000_000_000n;
  },
  "no login, no TLS": ({ server }) => {
    server.authRequired = false;
    server.tlsRequired = false;
    server.tlsVerify = false;
  },
  "other limits": ({ options }) => {
    const { limits } = options;
    options.limits = {
      ...limits,
      maxConnections: 1,
      maxSubscriptions: 2,
      maxControlLine: 3,
      maxPayload: 4,
      maxPending: 5,
    };
    options.pingIntervalMs += 1;
    options.pingMax += 1;
    options.writeDeadlineMs += 1;
    options.writeTimeout = undefined;
    options.auth = { ...options.auth, authTimeoutMs: 1 };
    options.tls = { timeoutMs: 1 } as NonNullable<typeof options.tls>;
    options.systemAccount = "OTHER";
    options.serverTags = ["b"];
    options.serverMetadata = { k: "w" };
    options.featureFlags = { f: false };
    options.trustedProxies = ["QKEY"];
    const operators = [tokenOf({ sub: "Y", nats: { type: "operator" } })];
    options.operator = { operators, trustedKeys: [], preloads: {} };
  },
  "monitoring by HTTPS": ({ options }) => {
    options.monitoring = { host: "h", port: 1, secure: true, basePath: "" };
  },
  counters: ({ workers }) => {
    for (const { counters } of workers) bumpAll(counters);
  },
  "hits of the cache": ({ workers }) => {
    Object.assign(workers[0]?.counters ?? {}, {
      inMessages: 9,
      planMisses: 3,
      subscriptionsAdded: 4,
    });
  },
  "use of the process": ({ process }) => {
    process.residentBytes += 1;
    process.cpuPercent += 1;
    process.coresCount += 1;
    process.commandLine = ["other"];
    process.heap = {
      usedBytes: 11,
      totalBytes: 32,
      limitBytes: 63,
      externalBytes: 124,
      mallocedBytes: 235,
    };
  },
  requests: ({ requestStats }) => {
    requestStats.set("/varz", 2);
  },
  queues: ({ queues }) => {
    queues.set("q", { pending: 2, inProgress: 3 });
  },
  "figures of connections": (server) => {
    for (const { figures } of server.open) {
      bumpAll(figures);
      figures.startedAt -= 18_000_000;
      figures.activeAt -= 16_000_000;
    }
    server.finished = server.finished.map(changedRecord);
    server.slow = server.slow.map(changedRecord);
  },
  "facts of connections": (server) => {
    for (const { facts } of server.open) {
      bumpAll(facts);
      facts.tlsFirst = false;
      facts.tlsPeerCertificate = "";
    }
    const strangers = server.open.map(({ facts }) => JSON.stringify(facts));
    server.finished = server.finished.map((record) => ({ ...record, facts: strangers[0] ?? "" }));
    server.slow = server.slow.map((record) => ({ ...record, facts: strangers[0] ?? "" }));
  },
  "one more of everything": (server) => {
    server.open.push(fakeConnection(20));
    server.finished = [...server.finished, fakeFinished(21)];
    server.slow = [...server.slow, fakeFinished(22, "Slow Consumer (Write Deadline)")];
    const again = { clientId: 1, account: 2, sid: "9", delivered: 1, max: 0 };
    server.subscriptions.push({ ...again, subject: "z" });
    server.finishedByReason.set("Client Closed", 2);
    server.accounts.push({ index: 3, name: "B", isSystem: false, mappings: [] });
  },
  "other subscriptions": (server) => {
    for (const entry of server.subscriptions)
      bumpAll(Object.assign(entry, { account: -6_999_999 }));
    for (const entry of server.subscriptions) Object.assign(entry, { clientId: 1 });
  },
  "traffic of accounts": ({ finishedTotals, open }) => {
    const traffic = { inMessages: 1, inBytes: 2, outMessages: 3, outBytes: 4 };
    finishedTotals.set("A", { ...traffic, connections: 5, slowConsumers: 6 });
    for (const { figures } of open) figures.subscriptions += 1;
  },
  "other borders of accounts": ({ accounts }) => {
    const account = accounts[2];
    if (account === undefined) return;
    account.mappings = [{ source: "m", destinations: [{ subject: "o", weight: 5, cluster: "d" }] }];
    account.spec = {
      name: "A",
      exports: [
        { kind: "service", subject: "t", accounts: ["C"], responseType: "stream" },
        { kind: "stream", subject: "u" },
      ],
      imports: [{ kind: "stream", account: "C", subject: "k" }],
    };
  },
  "another system account": ({ accounts }) => {
    for (const account of accounts) account.isSystem = account.name === "A";
    Object.assign(accounts[0] ?? {}, { name: "$H" });
  },
  "other claims": (server) => {
    for (const account of server.accounts)
      if (account.name === "A") account.claims = () => OTHER_DOCUMENT;
    const other = tokenOf({ sub: "Z", nats: { type: "user" } });
    server.tokens.set(1, other);
    server.finished = server.finished.map((record) => ({ ...record, tokenText: other }));
    for (const { facts } of server.open) {
      facts.token = { issuerKey: "BKEY", accountTag: "other", tags: ["u"] };
      facts.proxy = "QKEY";
    }
    const strangers = JSON.stringify(server.open[0]?.facts);
    server.finished = server.finished.map((record) => ({ ...record, facts: strangers }));
    server.slow = server.slow.map((record) => ({ ...record, facts: strangers }));
  },
  "other measurements": ({ accounts }) => {
    const latency = { samplingPercent: 20, subject: "n" };
    for (const { spec } of accounts) {
      for (const one of spec?.exports ?? []) if (one.latency) Object.assign(one, { latency });
    }
  },
  "it listens": (server) => {
    server.notListening = undefined;
  },
};

function changedRecord<Record extends object>(record: Record): Record {
  const copy = { ...record };
  const { facts } = record as { facts?: string };
  bumpAll(copy);
  return { ...copy, facts, startedAt: 1, activeAt: 2 };
}

/** Fields whose value no fact changes, by page and path; several are of features not there yet. */
const CONSTANTS: Readonly<Record<string, readonly string[]>> = {
  "there is one version of the client protocol": ["/varz proto"],
  "set by the query alone; see connz.test.ts": [
    "/connz offset",
    "/connz limit",
    "/subsz offset",
    "/subsz limit",
    "/recentz closed.offset",
    "/recentz closed.limit",
    "/recentz slow_consumers.offset",
    "/recentz slow_consumers.limit",
    "/accountz account_detail.account_name",
  ],
  "the base path is part of the address of the page; see render-page.test.ts": [
    "/varz http_base_path",
  ],
  "no cluster, gateways, leafnodes": [
    "/varz cluster",
    "/varz gateway",
    "/varz leaf",
    "/varz routes",
    "/varz remotes",
    "/varz leafnodes",
    "/varz slow_consumer_stats.routes",
    "/varz slow_consumer_stats.gateways",
    "/varz slow_consumer_stats.leafs",
    "/varz stale_connection_stats.routes",
    "/varz stale_connection_stats.gateways",
    "/varz stale_connection_stats.leafs",
    "/routez num_routes",
    "/routez routes",
    "/gatewayz outbound_gateways",
    "/gatewayz inbound_gateways",
    "/leafz leafnodes",
    "/leafz leafs",
    "/accountz account_detail.leafnode_connections",
    ...["sent", "received"].flatMap((way) =>
      ["gateways", "routes", "leafs"].flatMap((from) => [
        `/accstatz account_statz[].${way}.${from}.msgs`,
        `/accstatz account_statz[].${way}.${from}.bytes`,
      ]),
    ),
    "/accstatz account_statz[].leafnodes",
  ],
  "no MQTT, no websocket": ["/varz mqtt", "/varz websocket"],
  "no JetStream, and no waiting for its disks": [
    "/varz jetstream",
    "/varz disk_io_wait_stats.waiters",
    "/varz disk_io_wait_stats.waits",
    "/varz disk_io_wait_stats.wait_time",
    "/varz disk_io_wait_stats.max_wait_time",
    "/accountz account_detail.jetstream_enabled",
    "/jsz memory",
    "/jsz storage",
    "/jsz reserved_memory",
    "/jsz reserved_storage",
    "/jsz accounts",
    "/jsz ha_assets",
    "/jsz api.level",
    "/jsz api.total",
    "/jsz api.errors",
    "/jsz disabled",
    "/jsz config.max_memory",
    "/jsz config.max_storage",
    "/jsz streams",
    "/jsz consumers",
    "/jsz messages",
    "/jsz bytes",
    "/jsz total",
  ],
  "there is one kind of client": [
    "/connz connections[].type",
    "/recentz closed.connections[].type",
    "/recentz slow_consumers.connections[].type",
  ],
  "of answers on their way alone, never of an import": [
    "/accountz account_detail.imports[].tracking",
  ],
  "routing keeps these for all accounts together; see /subsz": [
    "/accountz account_detail.sublist_stats.num_cache",
    "/accountz account_detail.sublist_stats.num_inserts",
    "/accountz account_detail.sublist_stats.num_removes",
    "/accountz account_detail.sublist_stats.cache_hit_rate",
    "/accountz account_detail.sublist_stats.max_fanout",
  ],
};

/** Paths of all leaves with their values; elements of lists count as one. */
function leaves(value: unknown, path: string, into: Map<string, string[]>): void {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) {
    into.set(path, [...(into.get(path) ?? []), JSON.stringify(value)]);
  } else if (Array.isArray(value)) {
    for (const item of value) if (!isImplied(item)) leaves(item, `${path}[]`, into);
  } else {
    for (const [key, field] of Object.entries(value)) {
      leaves(field, path.endsWith(" ") ? path + key : `${path}.${key}`, into);
    }
  }
}

/** What every account imports of the system account is no fact of this one. */
function isImplied(item: unknown): boolean {
  return (item as { account?: unknown } | null)?.account === "$SYS";
}

function leavesOf(server: FakeServer): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const page of PAGES) {
    leaves(JSON.parse(server.page(page).text), `${page.split("?")[0]} `, found);
  }
  return found;
}

/** The same values, however often each. */
function isSame(before: readonly string[], after: readonly string[] | undefined): boolean {
  const [some, others] = [new Set(before), new Set(after)];
  return some.size === others.size && [...some].every((value) => others.has(value));
}

test("every field of every page is changed by a fact, or is a constant with a reason", () => {
  const before = leavesOf(fullServer());
  const changed = new Set<string>();
  for (const change of Object.values(CHANGES)) {
    const server = fullServer();
    change(server);
    const after = leavesOf(server);
    for (const [path, values] of before) {
      if (!isSame(values, after.get(path))) changed.add(path);
    }
  }
  const constant = [...before.keys()].filter((path) => !changed.has(path)).sort();
  expect(constant).toEqual(Object.values(CONSTANTS).flat().sort());
  for (const reason of Object.keys(CONSTANTS)) expect(reason.length).toBeGreaterThan(15);
});

/** Keys of more than one word, as they stand in the sources of pages; fields of others have capitals. */
function writtenKeys(): string[] {
  const files = ["absent-pages", "accountz", "connection-info", "connz", "healthz", "internals"];
  const sources = [...files, "recentz", "subsz", "varz"].map((name) =>
    readFileSync(new URL(`./${name}.ts`, import.meta.url), "utf8"),
  );
  const keys = sources.flatMap((text) => [...text.matchAll(/^\s+([a-z]+(?:_[a-z\d]+)+):/gm)]);
  return [...new Set(keys.map(([, key = ""]) => key))];
}

test("no key in the sources hides from the test above", () => {
  const servers = [() => undefined, ...Object.values(CHANGES)].map((change) => {
    const server = fullServer();
    change(server);
    return server;
  });
  const shown = servers.flatMap((server) => [...leavesOf(server).keys()]).join("\n");
  const keys = writtenKeys();
  expect(keys.length).toBeGreaterThan(80);
  expect(keys.filter((key) => !new RegExp(`[ .]${key}\\b`).test(shown))).toEqual([]);
});
