// `/recentz`: what ended lately, and why: the rings of finished connections and of slow consumers
// (SB-106). Our own page. Thread: control. Newest first, because that is what somebody looks for.
import type { FinishedConnection } from "@weft/broker";
import { closedInfo } from "./connection-info.ts";
import type { MonitorFacts, Steps } from "./facts.ts";
import type { JsonObject } from "./go-json.ts";
import { timeText } from "./go-text.ts";
import type { Query } from "./query.ts";

const LIMIT_DEFAULT = 100n;
const SLICE_CONNECTIONS = 256;

export interface RecentOptions {
  readonly auth: boolean;
  readonly offset: bigint;
  readonly limit: bigint;
  /** Only connections that ended for this reason; empty = any. */
  readonly reason: string;
}

export function recentOptions(query: Query): RecentOptions {
  return {
    auth: query.boolean("auth"),
    offset: query.integer("offset"),
    limit: query.integer("limit"),
    reason: query.text("reason"),
  };
}

export function* recentz(facts: MonitorFacts, options: RecentOptions): Steps<JsonObject> {
  yield { kind: "settled" };
  const now = facts.unixNanos();
  const { finished, slow } = {
    finished: facts.connections.finished(),
    slow: facts.connections.slow(),
  };
  const reasons = [...facts.connections.finishedByReason()].sort(([, a], [, b]) => b - a);
  return {
    server_id: facts.server.id,
    now: timeText(now),
    closed_by_reason: Object.fromEntries(reasons),
    closed: yield* ringInfo(facts, finished, options, Number(now / 1_000_000n)),
    slow_consumers: yield* ringInfo(facts, slow, options, Number(now / 1_000_000n)),
  };
}

function* ringInfo(
  facts: MonitorFacts,
  ring: readonly FinishedConnection[],
  options: RecentOptions,
  nowMs: number,
): Steps<JsonObject> {
  const { reason, auth } = options;
  const offset = options.offset < 0n ? 0n : options.offset;
  const limit = options.limit <= 0n ? LIMIT_DEFAULT : options.limit;
  const wanted = reason === "" ? ring : ring.filter((record) => record.reason === reason);
  const connections: JsonObject[] = [];
  for (let at = wanted.length - 1 - Number(offset); at >= 0; at -= 1) {
    if (BigInt(connections.length) >= limit) break;
    const record = wanted[at] as FinishedConnection;
    connections.push(closedInfo(facts.connections.factsOf(record), record, { auth, nowMs }));
    if (connections.length % SLICE_CONNECTIONS === 0) yield { kind: "pause" };
  }
  return { kept: ring.length, total: wanted.length, offset, limit, connections };
}
