// Which order the connections of `/connz` stand in (MO-19). Thread: control. Must stay true: only
// figures are touched, no connection's text is taken apart for sorting.
import {
  FIGURE_ACTIVE_AT,
  FIGURE_CLIENT_ID,
  FIGURE_IN_BYTES,
  FIGURE_IN_MESSAGES,
  FIGURE_OUT_BYTES,
  FIGURE_OUT_MESSAGES,
  FIGURE_PENDING_BYTES,
  FIGURE_ROUND_TRIP_NANOS,
  FIGURE_STARTED_AT,
  FIGURE_SUBSCRIPTIONS,
  FIGURES_COUNT,
} from "@weft/base";
import type { FinishedConnection } from "@weft/broker";
import type { LiveConnections, Steps } from "./facts.ts";
import { sortedPlaces } from "./stepped-sort.ts";

/** Candidates whose keys are read between two pauses. */
const SLICE = 4_096;

export const SORT_KEYS = [
  "cid",
  "start",
  "subs",
  "pending",
  "msgs_to",
  "msgs_from",
  "bytes_to",
  "bytes_from",
  "last",
  "idle",
  "uptime",
  "stop",
  "reason",
  "rtt",
] as const;

export type SortKey = (typeof SORT_KEYS)[number];

export function isSortKey(text: string): text is SortKey {
  return (SORT_KEYS as readonly string[]).includes(text);
}

/** A row of the reading, or a finished connection. */
export type Candidate = number | FinishedConnection;

/** Smallest first; all others largest first. */
const ASCENDING: ReadonlySet<SortKey> = new Set(["cid", "start", "uptime", "reason"]);

type Field = readonly [figure: number, field: keyof FinishedConnection];

const FIELDS: Readonly<Record<Exclude<SortKey, "stop" | "reason">, Field>> = {
  cid: [FIGURE_CLIENT_ID, "clientId"],
  start: [FIGURE_CLIENT_ID, "clientId"],
  subs: [FIGURE_SUBSCRIPTIONS, "subscriptions"],
  pending: [FIGURE_PENDING_BYTES, "pendingBytes"],
  msgs_to: [FIGURE_OUT_MESSAGES, "outMessages"],
  msgs_from: [FIGURE_IN_MESSAGES, "inMessages"],
  bytes_to: [FIGURE_OUT_BYTES, "outBytes"],
  bytes_from: [FIGURE_IN_BYTES, "inBytes"],
  last: [FIGURE_ACTIVE_AT, "activeAt"],
  idle: [FIGURE_ACTIVE_AT, "activeAt"],
  uptime: [FIGURE_STARTED_AT, "startedAt"],
  rtt: [FIGURE_ROUND_TRIP_NANOS, "roundTripNanos"],
};

/** What `candidate` is sorted by; finished connections stopped their clocks when they ended. */
function keyOf(live: LiveConnections, candidate: Candidate, key: SortKey, nowMs: number): number {
  if (key === "stop") return typeof candidate === "number" ? 0 : candidate.closedAt;
  if (key === "reason") return 0;
  const [figure, field] = FIELDS[key];
  const value =
    typeof candidate === "number"
      ? (live.figures[candidate * FIGURES_COUNT + figure] as number)
      : Number(candidate[field]);
  if (key === "idle") return nowMs - value;
  if (key !== "uptime") return value;
  return (typeof candidate === "number" ? nowMs : candidate.closedAt) - value;
}

/** The candidates in order; where keys are equal, by client id. */
export function* sortCandidates(
  live: LiveConnections,
  candidates: readonly Candidate[],
  key: SortKey,
  nowMs: number,
): Steps<Candidate[]> {
  const keys = new Float64Array(candidates.length);
  const ids = new Float64Array(candidates.length);
  const ranks = key === "reason" ? reasonRanks(candidates) : undefined;
  const sign = ASCENDING.has(key) ? 1 : -1;
  for (const [at, one] of candidates.entries()) {
    const value = ranks?.get(reasonOf(one)) ?? keyOf(live, one, key, nowMs);
    keys[at] = sign * value;
    ids[at] = keyOf(live, one, "cid", nowMs);
    if (at % SLICE === SLICE - 1) yield { kind: "pause" };
  }
  const order = yield* sortedPlaces(
    candidates.length,
    (a, b) => (keys[a] as number) - (keys[b] as number) || (ids[a] as number) - (ids[b] as number),
  );
  return Array.from(order, (place) => candidates[place] as Candidate);
}

function reasonOf(candidate: Candidate): string {
  return typeof candidate === "number" ? "" : candidate.reason;
}

/** Place of each reason in the order of their texts: there are few. */
function reasonRanks(candidates: readonly Candidate[]): ReadonlyMap<string, number> {
  const reasons = [...new Set(candidates.map(reasonOf))].sort((a, b) => (a < b ? -1 : 1));
  return new Map(reasons.map((reason, rank) => [reason, rank]));
}
