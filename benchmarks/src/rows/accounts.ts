// What accounts cost: the same load with and without permissions, stream imports, service imports.
// Each row holds Weft against itself, and shows the reference's own ratio beside.
import { LOGINS } from "../config-files.ts";
import type { Login } from "../load/job.ts";
import type { ConfigName, Row, Side, Workload } from "../row.ts";
import { roundTrip } from "./latency.ts";
import { type Bounds, flow, ratio, type Wanted } from "./versus.ts";

/** The workload with every publisher and receiver logged in. */
function loggedIn(workload: Workload, publisher: Login, receiver: Login): Workload {
  if (workload.kind !== "flow") return workload;
  return {
    ...workload,
    publishers: workload.publishers.map((spec) => ({ ...spec, login: publisher })),
    receivers: workload.receivers.map((spec) => ({ ...spec, login: receiver })),
  };
}

function sides(program: Side["program"], plain: Workload, loaded: Workload, config: ConfigName) {
  return [
    { id: `${program}-plain`, program, config: "none" as const, workload: plain },
    { id: program, program, config, workload: loaded },
  ];
}

interface Cost {
  readonly name: string;
  readonly title: string;
  readonly plain: Workload;
  readonly loaded: Workload;
  readonly config: ConfigName;
  readonly metric: keyof Wanted;
  readonly bounds: Bounds;
}

function costRow(cost: Cost): Row {
  const { name, title, plain, loaded, config, metric } = cost;
  return {
    name,
    group: "accounts",
    title,
    sides: [...sides("reference", plain, loaded, config), ...sides("weft", plain, loaded, config)],
    criteria: [
      ratio(metric, cost.bounds, "weft", "weft-plain"),
      ratio(metric, {}, "reference", "reference-plain"),
      ratio(metric, {}, "weft", "reference"),
    ],
  };
}

const flowBounds = { goal: 0.95, limit: 0.9 };
const { permitted, exporter, importer } = LOGINS;

export const accountRows: readonly Row[] = [
  costRow({
    name: "permissions-1-1-16",
    title: "50-entry permissions in an account: 1 → 1, 16 B",
    plain: flow(1, 1, 16),
    loaded: loggedIn(flow(1, 1, 16), permitted, permitted),
    config: "permissions",
    metric: "throughput",
    bounds: flowBounds,
  }),
  costRow({
    name: "permissions-4-4-128",
    title: "50-entry permissions in an account: 4 → 4, 128 B",
    plain: flow(4, 1, 128),
    loaded: loggedIn(flow(4, 1, 128), permitted, permitted),
    config: "permissions",
    metric: "throughput",
    bounds: flowBounds,
  }),
  costRow({
    name: "stream-import",
    title: "1 → 1 through a stream import, 16 B",
    plain: flow(1, 1, 16),
    loaded: loggedIn(flow(1, 1, 16), exporter, importer),
    config: "imports",
    metric: "throughput",
    bounds: flowBounds,
  }),
  costRow({
    name: "service-import",
    title: "request through a service import",
    plain: roundTrip(),
    loaded: { ...roundTrip(), requester: importer, responder: exporter } as Workload,
    config: "imports",
    metric: "p50",
    bounds: { goal: 1.3, limit: 1.5 },
  }),
];
