// The pages that can be asked for by message, and the options that their requests may have (SY-21,
// SY-24, SY-25). Control thread; pure.
import type { OptionTable } from "./request-options.ts";

const SUBSCRIPTIONS: OptionTable = { subscriptions: "bool", subscriptions_detail: "bool" };

export const ENDPOINTS = {
  VARZ: {},
  CONNZ: {
    sort: "string",
    auth: "bool",
    ...SUBSCRIPTIONS,
    offset: "int",
    limit: "int",
    cid: "uint64",
    mqtt_client: "string",
    /** 0 open, 1 closed, 2 all. */
    state: "int",
    user: "string",
    acc: "string",
    filter_subject: "string",
  },
  SUBSZ: {
    offset: "int",
    limit: "int",
    subscriptions: "bool",
    account: "string",
    test: "string",
  },
  ROUTEZ: SUBSCRIPTIONS,
  GATEWAYZ: { name: "string", accounts: "bool", account_name: "string", ...SUBSCRIPTIONS },
  LEAFZ: { subscriptions: "bool", account: "string" },
  ACCOUNTZ: { account: "string" },
  JSZ: {
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
  HEALTHZ: {
    "js-enabled": "bool",
    "js-enabled-only": "bool",
    "js-server-only": "bool",
    "js-meta-only": "bool",
    account: "string",
    stream: "string",
    consumer: "string",
    details: "bool",
  },
  EXPVARZ: {},
  IPQUEUESZ: { all: "bool", filter: "string" },
  RAFTZ: { account: "string", group: "string" },
} as const satisfies Readonly<Record<string, OptionTable>>;

export type EndpointName = keyof typeof ENDPOINTS;
export const ENDPOINT_NAMES = Object.keys(ENDPOINTS) as EndpointName[];

/** What error texts call the options of an endpoint. */
export function optionsName(name: string): string {
  return `server.${name.slice(0, 1)}${name.slice(1).toLowerCase()}EventOptions`;
}
