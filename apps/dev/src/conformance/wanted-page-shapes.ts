// Pages of the monitoring port that are compared with an old reference (2.9), and where their fields
// differ on purpose. Must stay true: each difference has its reason, and each still differs.

/** Answered 200 by both. */
export const SHAPE_PAGES = [
  "/varz",
  "/connz",
  "/connz?subs=1",
  "/connz?subs=detail",
  "/connz?auth=1",
  "/connz?state=closed",
  "/connz?state=closed&auth=1&sort=stop",
  "/connz?state=closed&subs=1",
  "/connz?state=all&sort=idle",
  "/connz?acc=A",
  "/connz?acc=none",
  "/connz?user=bob&auth=1",
  "/connz?cid=18446744073709551615",
  "/connz?limit=1&offset=1",
  "/connz?limit=9223372036854775807",
  "/subsz",
  "/subsz?subs=1&limit=1000",
  "/subscriptionsz?subs=1&acc=A",
  "/accountz",
  "/accountz?acc=A",
  "/accountz?acc=B",
  "/accstatz",
  "/accstatz?unused=1",
  "/routez",
  "/routez?subs=detail",
  "/gatewayz",
  "/gatewayz?accs=1",
  "/leafz",
  "/jsz",
  "/healthz",
  "/ipqueuesz",
] as const;

/** Answered with an error, of the same status, type and text. */
export const ERROR_PAGES = [
  "/nothing",
  "/varz/",
  "/connz?subs=abc",
  "/connz?auth=2",
  "/connz?cid=-1",
  "/connz?offset=99999999999999999999",
  "/connz?limit=1.5",
  "/connz?state=some",
  "/connz?sort=bad",
  "/connz?sort=stop",
  "/connz?sort=reason&state=all",
  "/subsz?subs=detail",
  "/subsz?limit=x",
  "/subsz?test=a..b",
  "/subsz?test=a.*",
  "/accountz?acc=X",
  "/accstatz?unused=x",
  "/routez?subs=x",
  "/gatewayz?accs=x",
  "/leafz?subs=detail",
  "/jsz?limit=x",
  "/jsz?leader-only=1",
] as const;

export interface WantedShape {
  readonly path: (typeof SHAPE_PAGES)[number];
  readonly why: string;
  readonly differs: readonly string[];
}

function only(sign: "+" | "-", parent: string, fields: readonly string[]): string[] {
  return [`${sign}${parent}`, ...fields.map((field) => `${sign}${parent}.${field}`)];
}

const KINDS = ["clients", "gateways", "leafs", "routes"];

const STATISTICS: readonly string[] = [
  "+account_statz[].name",
  "+account_statz[].num_subscriptions",
  ...["received", "sent"].flatMap((way) =>
    ["gateways", "leafs", "routes"].flatMap((kind) =>
      only("+", `account_statz[].${way}.${kind}`, ["bytes", "msgs"]),
    ),
  ),
];

export const WANTED_SHAPES: readonly WantedShape[] = [
  {
    path: "/varz",
    why: "MO-10: fields that came with versions from 2.10 on",
    differs: [
      "+config_digest",
      "+in_client_bytes",
      "+in_client_msgs",
      "+out_client_bytes",
      "+out_client_msgs",
      "+stale_connections",
      "+stalled_clients",
      ...only("+", "slow_consumer_stats", KINDS),
      ...only("+", "stale_connection_stats", KINDS),
      ...only("+", "disk_io_wait_stats", ["max_wait_time", "wait_time", "waiters", "waits"]),
    ],
  },
  {
    path: "/subsz",
    why: "MO-24: without a list 2.9 left out the head of the page",
    differs: ["+limit", "+now", "+offset", "+server_id", "+total"],
  },
  {
    path: "/accountz?acc=A",
    why: "MO-25: fields that came with 2.10, or that 2.9 had for accounts with a token only",
    differs: ["+account_detail.imports[].local_subject", "+account_detail.name_tag"],
  },
  {
    path: "/accountz?acc=B",
    why: "MO-25: a field that 2.9 had for accounts with a token only",
    differs: ["+account_detail.name_tag"],
  },
  ...(
    ["/connz?auth=1", "/connz?state=closed&auth=1&sort=stop", "/connz?user=bob&auth=1"] as const
  ).map((path) => ({
    path,
    why: "MO-20: a field that 2.9 had for accounts with a token only",
    differs: ["+connections[].name_tag"],
  })),
  ...(["/subsz?subs=1&limit=1000", "/subscriptionsz?subs=1&acc=A"] as const).map((path) => ({
    path,
    why: "MO-24: a field that came with 2.10",
    differs: ["+subscriptions_list[].account_tag"],
  })),
  {
    path: "/accstatz",
    why: "MO-26: fields that came with versions from 2.10 on",
    differs: STATISTICS,
  },
  {
    path: "/accstatz?unused=1",
    why: "MO-26: fields that came with versions from 2.10 on",
    differs: STATISTICS,
  },
  {
    path: "/routez",
    why: "MO-21: the name came with 2.10",
    differs: ["+server_name"],
  },
  {
    path: "/routez?subs=detail",
    why: "MO-21: the name came with 2.10",
    differs: ["+server_name"],
  },
  {
    path: "/leafz",
    why: "MO-23: an empty list is a list in later versions",
    differs: ["leafs: null -> list"],
  },
  {
    path: "/jsz",
    why: "MO-27: fields that came with versions from 2.10 on",
    differs: ["+api.level", "+total"],
  },
];

/** The same beside nats-server 2.14.0. */
export const WANTED_LATER_SHAPES: readonly WantedShape[] = [
  {
    path: "/varz",
    why: "MO-10: fields that came later, and flags that only JetStream has by itself",
    differs: [
      ...["", ".max_wait_time", ".wait_time", ".waiters", ".waits"].map(
        (field) => `+disk_io_wait_stats${field}`,
      ),
      "+in_client_bytes",
      "+in_client_msgs",
      "+out_client_bytes",
      "+out_client_msgs",
      ...["", ".js_ack_fc_v2", ".js_raft_delete_range"].map((field) => `-feature_flags${field}`),
    ],
  },
];
