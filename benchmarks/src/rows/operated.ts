// What it costs to be watched: the same load on a server that nobody asks anything, and on one that
// is polled every second, logs JSON, and has its events listened to. Weft against itself.
import type { Row, Workload } from "../row.ts";
import { requests, roundTrip } from "./latency.ts";
import { absolute, flow, ratio, type Wanted, WEFT } from "./versus.ts";

function operatedRow(name: string, title: string, workload: Workload, metric: keyof Wanted): Row {
  const isUpward = metric === "throughput";
  const bounds = isUpward ? { goal: 0.99, limit: 0.97 } : { goal: 1.01, limit: 1.03 };
  return {
    name: `operated-${name}`,
    group: "operated",
    title: `polled, logging JSON, events listened to: ${title}`,
    sides: [
      { id: "weft-alone", program: "weft", config: "unwatched", workload },
      { id: "weft", program: "weft", config: "operated", workload },
    ],
    criteria: [ratio(metric, bounds, "weft", "weft-alone"), ratio("cpu", {}, "weft", "weft-alone")],
  };
}

const PAGE_MS = 150;
const PAUSE_MS = 10;

const largePage: Row = {
  name: "operated-connz",
  group: "operated",
  title: "/connz with 10,000 connections beside 100,000 messages per second",
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
    { label: "first page", metric: "firstPageMs", of: WEFT, direction: "atMost" },
  ],
};

export const operatedRows: readonly Row[] = [
  operatedRow("1-1-16", "1 → 1, 16 B", flow(1, 1, 16), "throughput"),
  operatedRow("4-4-128", "4 → 4, 128 B", flow(4, 1, 128), "throughput"),
  operatedRow("requests", "requests", requests, "throughput"),
  operatedRow("round-trip", "request/reply round trip", roundTrip(), "p50"),
  largePage,
];
