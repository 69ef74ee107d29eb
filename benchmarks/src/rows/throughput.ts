// The throughput rows, with the default number of workers and with two; and what more workers cost.
import type { Row, Workload } from "../row.ts";
import { requests } from "./latency.ts";
import { flow, literal, range, ratio, versus, type Wanted } from "./versus.ts";

const thousand = { prefix: "bench.", count: 1000, width: 3 };

const eightMembers: Workload = {
  kind: "flow",
  publishers: [{ subjects: literal("bench.0"), payloadBytes: 16 }],
  receivers: Array.from({ length: 8 }, () => ({
    filter: "bench.0",
    queue: "members",
    publisher: 0,
  })),
};

const workloads: readonly (readonly [string, string, Workload])[] = [
  ["pub-16", "publish only, 16 B", flow(1, 0, 16)],
  ["1-1-16", "1 → 1, 16 B", flow(1, 1, 16)],
  ["1-8-16", "1 → 8, 16 B", flow(1, 8, 16)],
  ["4-4-128", "4 → 4, 128 B", flow(4, 1, 128)],
  ["1-1-1024", "1 → 1, 1 KiB", flow(1, 1, 1024)],
  ["1-8-1024", "1 → 8, 1 KiB", flow(1, 8, 1024)],
  ["1-1-32768", "1 → 1, 32 KiB", flow(1, 1, 32768)],
  ["1000-subjects", "1,000 subjects round robin, 16 B", range(thousand, "bench.*", 16)],
  ["8-queue-members", "8 queue members, 16 B", eightMembers],
  ["wildcard", "wildcard subscriber, 16 B", range(literal("bench.a.b.0"), "bench.*.b.>", 16)],
];

const oneWorker: Wanted = {
  throughput: { goal: 2.0, limit: 1.7 },
  cpu: { goal: 0.6, limit: 0.75 },
};
const twoWorkers: Wanted = {
  throughput: { goal: 1.6, limit: 1.3 },
  cpu: { limit: 1.0 },
};

const throughput = workloads.map(([name, title, workload]) =>
  versus({ name, group: "throughput", title }, workload, oneWorker),
);

const spread = workloads.map(([name, title, workload]) =>
  versus(
    { name: `w2-${name}`, group: "workers-2", title: `workers 2: ${title}` },
    workload,
    twoWorkers,
    { workers: 2 },
  ),
);

const WORKER_COUNTS = [1, 2, 4, 8];

/** The same load on Weft with 1, 2, 4 and 8 workers: CPU per message over that with one. */
function growth(name: string, title: string, workload: Workload): Row {
  const sides = WORKER_COUNTS.map((workers) => ({
    id: `weft-${workers}`,
    program: "weft" as const,
    config: "none" as const,
    workers,
    workload,
  }));
  const bounds = { goal: 1.5, limit: 2 };
  const criteria = sides.slice(1).map(({ id }) => ratio("cpu", bounds, id, "weft-1"));
  return { name, group: "workers-cpu", title, sides, criteria };
}

const growthRows = [
  growth("workers-cpu-1-1-16", "CPU by workers: 1 → 1, 16 B", flow(1, 1, 16)),
  growth("workers-cpu-4-4-128", "CPU by workers: 4 → 4, 128 B", flow(4, 1, 128)),
  growth("workers-cpu-requests", "CPU by workers: requests", requests),
];

export const throughputRows: readonly Row[] = [...throughput, ...spread, ...growthRows];
