// Pages of features that are not there, with the reference's answers of a server that has them
// switched off (MO-21 to MO-23, MO-27, MO-34). Thread: control.
import type { MonitorFacts } from "./facts.ts";
import type { JsonObject } from "./go-json.ts";
import { timeText } from "./go-text.ts";
import type { Mistake } from "./page.ts";
import type { Query } from "./query.ts";

export function routez(facts: MonitorFacts): JsonObject {
  return {
    server_id: facts.server.id,
    server_name: facts.server.name,
    now: timeText(facts.unixNanos()),
    num_routes: 0,
    routes: [],
  };
}

export function gatewayz(facts: MonitorFacts): JsonObject {
  return {
    server_id: facts.server.id,
    now: timeText(facts.unixNanos()),
    outbound_gateways: {},
    inbound_gateways: {},
  };
}

export function leafz(facts: MonitorFacts): JsonObject {
  return {
    server_id: facts.server.id,
    now: timeText(facts.unixNanos()),
    leafnodes: 0,
    leafs: [],
  };
}

/** Reads all options, so that mistakes in them are told. Answer of `leader-only`: MO-29. */
export function jszLeaderOnly(query: Query): boolean {
  for (const name of ["accounts", "streams", "consumers", "direct-consumers", "config"]) {
    query.boolean(name);
  }
  query.integer("offset");
  query.integer("limit");
  const leaderOnly = query.boolean("leader-only");
  query.boolean("raft");
  query.boolean("stream-leader-only");
  return leaderOnly;
}

export function jsz(facts: MonitorFacts, leaderOnly: boolean): JsonObject | Mistake {
  if (leaderOnly) return { mistake: "filtered response: not leader" };
  return {
    memory: 0,
    storage: 0,
    reserved_memory: 0,
    reserved_storage: 0,
    accounts: 0,
    ha_assets: 0,
    api: { level: 0, total: 0, errors: 0 },
    server_id: facts.server.id,
    now: timeText(facts.unixNanos()),
    disabled: true,
    config: { max_memory: 0, max_storage: 0 },
    streams: 0,
    consumers: 0,
    messages: 0,
    bytes: 0,
    total: 0,
  };
}

export const NO_RAFT_NODES = "No Raft nodes registered";
