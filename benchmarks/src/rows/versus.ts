// Builders for the common kind of row: the reference and Weft under one load, judged by ratios.
import type { PublisherSpec, ReceiverSpec, SubjectRange } from "../load/job.ts";
import type { ConfigName, Criterion, Row, RowMetric, Side, Workload } from "../row.ts";

export const REFERENCE = "reference";
export const WEFT = "weft";

/** Goal and limit of a ratio of Weft over the reference. */
export interface Bounds {
  readonly goal?: number | undefined;
  readonly limit?: number | undefined;
}

export interface Wanted {
  readonly throughput?: Bounds;
  readonly cpu?: Bounds;
  readonly p50?: Bounds;
  readonly p99?: Bounds;
  readonly memory?: Bounds;
  readonly fresh?: Bounds;
  readonly beside?: Bounds;
  readonly effect?: Bounds;
  readonly start?: Bounds;
  readonly resident?: Bounds;
}

const metrics: Record<keyof Wanted, Pick<Criterion, "label" | "metric" | "direction">> = {
  throughput: { label: "throughput", metric: "throughput", direction: "atLeast" },
  cpu: { label: "server CPU", metric: "cpuNs", direction: "atMost" },
  p50: { label: "p50", metric: "p50Us", direction: "atMost" },
  p99: { label: "p99", metric: "p99Us", direction: "atMost" },
  memory: { label: "memory each", metric: "bytesPerConnection", direction: "atMost" },
  fresh: { label: "at first", metric: "freshPerSecond", direction: "atLeast" },
  beside: { label: "meanwhile", metric: "besidePerSecond", direction: "atLeast" },
  effect: { label: "effect", metric: "effectMs", direction: "atMost" },
  start: { label: "first INFO", metric: "startMs", direction: "atMost" },
  resident: { label: "idle memory", metric: "idleBytes", direction: "atMost" },
};

export interface VersusOptions {
  readonly config?: ConfigName;
  readonly workers?: number;
  readonly beside?: Workload;
  readonly referenceFrom?: string;
}

export function versusSides(workload: Workload, options: VersusOptions): Side[] {
  const config = options.config ?? "none";
  const { beside, referenceFrom, workers } = options;
  const common = { config, workload, beside, referenceFrom };
  return [
    { id: REFERENCE, program: "reference", ...common },
    { id: WEFT, program: "weft", ...common, workers },
  ];
}

export function ratio(
  metric: keyof Wanted,
  bounds: Bounds,
  of = WEFT,
  over = REFERENCE,
): Criterion {
  return { ...metrics[metric], of, over, ...bounds };
}

export function versus(
  place: Pick<Row, "name" | "group" | "title">,
  workload: Workload,
  wanted: Wanted,
  options: VersusOptions = {},
): Row {
  const names = Object.keys(wanted) as (keyof Wanted)[];
  const criteria = names.map((name) => ratio(name, wanted[name] ?? {}));
  return { ...place, sides: versusSides(workload, options), criteria };
}

/** A figure of one side that is held against a fixed number. */
export function absolute(label: string, metric: RowMetric, of: string, limit: number): Criterion {
  return { label, metric, of, direction: "atMost", goal: limit, limit };
}

export function literal(subject: string): SubjectRange {
  return { prefix: subject, count: 1, width: 0 };
}

/** `pairs` publishers with `fanOut` receivers each, every publisher on a subject of its own. */
export function flow(pairs: number, fanOut: number, payloadBytes: number): Workload {
  const publishers: PublisherSpec[] = [];
  const receivers: ReceiverSpec[] = [];
  for (let n = 0; n < pairs; n++) {
    publishers.push({ subjects: literal(`bench.${n}`), payloadBytes });
    for (let k = 0; k < fanOut; k++) receivers.push({ filter: `bench.${n}`, publisher: n });
  }
  return { kind: "flow", publishers, receivers };
}

/** One publisher over a range of subjects, one receiver. */
export function range(subjects: SubjectRange, filter: string, payloadBytes: number): Workload {
  const publishers = [{ subjects, payloadBytes }];
  return { kind: "flow", publishers, receivers: [{ filter, publisher: 0 }] };
}
