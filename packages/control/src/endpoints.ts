// The pages that can be asked for by message, their options, and how options become the query of the
// same page over HTTP (SY-21, SY-24, SY-25). Control thread; pure.
import type { OptionTable, RequestOptions } from "./request-options.ts";

export interface Endpoint {
  /** Path of the page over HTTP. */
  readonly path: string;
  readonly options: OptionTable;
  /** What error texts call the options. */
  readonly structName: string;
  query(options: RequestOptions): Record<string, string>;
  /** The answer is the page whatever its status: it tells of the server, not of the request. */
  readonly anyStatus?: boolean | undefined;
}

const SUBSCRIPTIONS: OptionTable = { subscriptions: "bool", subscriptions_detail: "bool" };
const STATES = ["open", "closed", "any"];

/** Copies options to query keys; those that are false or empty are left out. */
function copied(options: RequestOptions, keys: Readonly<Record<string, string>>) {
  const query: Record<string, string> = {};
  for (const [name, key] of Object.entries(keys)) {
    const value = options[name];
    if (value === undefined || value === false || value === "" || value === 0) continue;
    query[key] = value === true ? "true" : String(value);
  }
  return query;
}

function subscriptionQuery(options: RequestOptions): Record<string, string> {
  if (options["subscriptions_detail"] === true) return { subs: "detail" };
  return options["subscriptions"] === true ? { subs: "true" } : {};
}

function endpoint(
  name: string,
  options: OptionTable,
  query: (given: RequestOptions) => Record<string, string>,
): Endpoint {
  const structName = `server.${name[0]}${name.slice(1).toLowerCase()}EventOptions`;
  return { path: `/${name.toLowerCase()}`, options, structName, query };
}

const CONNZ_KEYS = {
  sort: "sort",
  auth: "auth",
  offset: "offset",
  limit: "limit",
  cid: "cid",
  mqtt_client: "mqtt_client",
  user: "user",
  acc: "acc",
  filter_subject: "filter_subject",
};

export const ENDPOINTS = {
  VARZ: endpoint("VARZ", {}, () => ({})),
  CONNZ: endpoint(
    "CONNZ",
    {
      sort: "string",
      auth: "bool",
      ...SUBSCRIPTIONS,
      offset: "int",
      limit: "int",
      cid: "uint64",
      mqtt_client: "string",
      state: "int",
      user: "string",
      acc: "string",
      filter_subject: "string",
    },
    (options) => {
      const state = STATES[Number(options["state"] ?? 0)] ?? "";
      return {
        ...copied(options, CONNZ_KEYS),
        ...subscriptionQuery(options),
        ...(state === "open" ? {} : { state: state || String(options["state"]) }),
      };
    },
  ),
  SUBSZ: endpoint(
    "SUBSZ",
    { offset: "int", limit: "int", subscriptions: "bool", account: "string", test: "string" },
    (options) =>
      copied(options, {
        offset: "offset",
        limit: "limit",
        subscriptions: "subs",
        account: "acc",
        test: "test",
      }),
  ),
  ROUTEZ: endpoint("ROUTEZ", SUBSCRIPTIONS, subscriptionQuery),
  GATEWAYZ: endpoint(
    "GATEWAYZ",
    { name: "string", accounts: "bool", account_name: "string", ...SUBSCRIPTIONS },
    (options) => ({
      ...copied(options, { name: "gw_name", accounts: "accs", account_name: "acc_name" }),
      ...subscriptionQuery(options),
    }),
  ),
  LEAFZ: endpoint("LEAFZ", { subscriptions: "bool", account: "string" }, (options) =>
    copied(options, { subscriptions: "subs", account: "acc" }),
  ),
  ACCOUNTZ: endpoint("ACCOUNTZ", { account: "string" }, (options) =>
    copied(options, { account: "acc" }),
  ),
  JSZ: endpoint(
    "JSZ",
    {
      account: "string",
      accounts: "bool",
      streams: "bool",
      consumer: "bool",
      direct_consumer: "bool",
      config: "bool",
      leader_only: "bool",
      offset: "int",
      limit: "int",
      raft: "bool",
      stream_leader_only: "bool",
    },
    (options) =>
      copied(options, {
        account: "acc",
        accounts: "accounts",
        streams: "streams",
        consumer: "consumers",
        direct_consumer: "direct-consumers",
        config: "config",
        leader_only: "leader-only",
        offset: "offset",
        limit: "limit",
        raft: "raft",
        stream_leader_only: "stream-leader-only",
      }),
  ),
  HEALTHZ: {
    ...endpoint(
      "HEALTHZ",
      {
        "js-enabled": "bool",
        "js-enabled-only": "bool",
        "js-server-only": "bool",
        "js-meta-only": "bool",
        account: "string",
        stream: "string",
        consumer: "string",
        details: "bool",
      },
      (options) =>
        copied(options, {
          "js-enabled": "js-enabled",
          "js-enabled-only": "js-enabled-only",
          "js-server-only": "js-server-only",
          "js-meta-only": "js-meta-only",
          account: "account",
          stream: "stream",
          consumer: "consumer",
          details: "details",
        }),
    ),
    anyStatus: true,
  },
  EXPVARZ: { ...endpoint("EXPVARZ", {}, () => ({})), path: "/debug/vars" },
  IPQUEUESZ: endpoint("IPQUEUESZ", { all: "bool", filter: "string" }, (options) =>
    copied(options, { all: "all", filter: "queues" }),
  ),
  RAFTZ: endpoint("RAFTZ", { account: "string", group: "string" }, (options) =>
    copied(options, { account: "acc", group: "group" }),
  ),
} as const satisfies Readonly<Record<string, Endpoint>>;

export type EndpointName = keyof typeof ENDPOINTS;
export const ENDPOINT_NAMES = Object.keys(ENDPOINTS) as EndpointName[];
