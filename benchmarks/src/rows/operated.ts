// What it costs to be watched: the same server under the same load, with nobody who asks anything, and
// polled every second, with its events listened to. It logs JSON all the time. Weft against itself.
import type { Row, Workload } from "../row.ts";
import { requests, roundTrip } from "./latency.ts";
import { absolute, flow, ratio, type Wanted, WEFT } from "./versus.ts";

/** Windows of a second beside each other differ by a twentieth and more: it takes many. */
const TURNS_PER_PAIR = 5;

function operatedRow(name: string, title: string, workload: Workload, metric: keyof Wanted): Row {
  const isUpward = metric === "throughput";
  const bounds = isUpward ? { goal: 0.99, limit: 0.97 } : { goal: 1.01, limit: 1.03 };
  return {
    name: `operated-${name}`,
    group: "operated",
    title: `polled, logging JSON, events listened to: ${title}`,
    sides: [
      { id: "weft-alone", program: "weft", config: "operated", workload },
      { id: "weft", program: "weft", config: "operated", workload, isWatched: true },
    ],
    turnsPerPair: TURNS_PER_PAIR,
    criteria: [ratio(metric, bounds, "weft", "weft-alone"), ratio("cpu", {}, "weft", "weft-alone")],
  };
}

/** What settings alone cost: a log as JSON and a port that nobody asks. Two servers, so only shown. */
const settings: Row = {
  name: "operated-settings",
  group: "operated",
  title: "a monitoring port and a log as JSON, nobody asks: 4 → 4, 128 B",
  sides: [
    { id: "weft-plain", program: "weft", config: "unwatched", workload: flow(4, 1, 128) },
    { id: WEFT, program: "weft", config: "operated", workload: flow(4, 1, 128) },
  ],
  criteria: [ratio("throughput", {}, WEFT, "weft-plain"), ratio("cpu", {}, WEFT, "weft-plain")],
};

const PAGE_MS = 150;
const PAUSE_MS = 10;

const largePage: Row = {
  name: "operated-connz",
  group: "operated",
  title:
    "/connz with 10,000 connections beside 100,000 messages per second, the middle of ten pages",
  sides: [
    {
      id: WEFT,
      program: "weft",
      config: "monitored",
      workload: {
        kind: "large-page",
        connections: 10_000,
        openingAtOnce: 64,
        perSecond: 100_000,
      },
    },
  ],
  criteria: [
    absolute("page", "pageMs", WEFT, PAGE_MS),
    absolute("delay", "pauseMs", WEFT, PAUSE_MS),
    { label: "delay alone", metric: "quietMs", of: WEFT, direction: "atMost" },
    { label: "longest page", metric: "longestPageMs", of: WEFT, direction: "atMost" },
    { label: "longest delay", metric: "longestPauseMs", of: WEFT, direction: "atMost" },
    { label: "and alone", metric: "longestQuietMs", of: WEFT, direction: "atMost" },
    { label: "first page", metric: "firstPageMs", of: WEFT, direction: "atMost" },
  ],
};

export const operatedRows: readonly Row[] = [
  operatedRow("1-1-16", "1 → 1, 16 B", flow(1, 1, 16), "throughput"),
  operatedRow("4-4-128", "4 → 4, 128 B", flow(4, 1, 128), "throughput"),
  operatedRow("requests", "requests", requests, "throughput"),
  operatedRow("round-trip", "request/reply round trip", roundTrip(), "p50"),
  settings,
  largePage,
];
