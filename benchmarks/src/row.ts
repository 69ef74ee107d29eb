// The shape of a benchmark row: the sides that are measured in turn, and what is asked of them.
import type {
  CalloutServiceJob,
  ClaimPushJob,
  FlowJob,
  IdleJob,
  LargePageJob,
  LoginsJob,
  MetricName,
  PacedJob,
  RequestsJob,
  RoundTripJob,
} from "./load/job.ts";

/** Which configuration file the server gets; `none` starts it by flags alone. */
export type ConfigName =
  | "none"
  | "tls"
  | "permissions"
  | "imports"
  | "operated"
  | "monitored"
  | "unwatched"
  | "nkeys"
  | "tokens"
  | "accounts"
  | "hashes"
  | "callout";

export type Program = "reference" | "weft";

type Unplaced<T> = Omit<T, "target" | "warmUpMs" | "measureMs">;

/** A job before it has a server and a window. `startup` is measured by the driver itself. */
export type Workload =
  | Unplaced<FlowJob>
  | Unplaced<RequestsJob>
  | Unplaced<RoundTripJob>
  | Unplaced<IdleJob>
  | Unplaced<LoginsJob>
  | Unplaced<PacedJob>
  | Omit<Unplaced<LargePageJob>, "monitorPort">
  | Unplaced<ClaimPushJob>
  | Unplaced<CalloutServiceJob>
  | { readonly kind: "startup"; readonly starts?: number | undefined };

export interface Side {
  /** Unique within the row; a program's name, with what makes this side differ. */
  readonly id: string;
  readonly program: Program;
  readonly config: ConfigName;
  /** Worker threads of Weft; its own default where undefined. */
  readonly workers?: number | undefined;
  readonly workload: Workload;
  /** Runs meanwhile, in another load process; its throughput is `besidePerSecond`. */
  readonly beside?: Workload | undefined;
  /** Of a row in turns: an operator asks for pages and listens to events. */
  readonly isWatched?: boolean | undefined;
  /** First version of the reference that can do it. */
  readonly referenceFrom?: string | undefined;
}

export type RowMetric = MetricName | "startMs" | "idleBytes";
export type RowFigures = Partial<Record<RowMetric, number>>;

/** One figure that a row is judged by: a side's, or its ratio over another side's in each pair. */
export interface Criterion {
  readonly label: string;
  readonly metric: RowMetric;
  readonly of: string;
  readonly over?: string | undefined;
  readonly direction: "atLeast" | "atMost";
  readonly goal?: number | undefined;
  /** Without it the figure is shown and not judged. */
  readonly limit?: number | undefined;
}

export interface Row {
  readonly name: string;
  readonly group: string;
  readonly title: string;
  readonly sides: readonly Side[];
  readonly criteria: readonly Criterion[];
  /** All sides in turn on one server, with so many pairs of windows for each that was asked for. */
  readonly turnsPerPair?: number | undefined;
}

/** Every pair's figures of one side; an entry is an error text where a measurement failed. */
export type SideRuns = readonly (RowFigures | string)[];

export interface CriterionResult {
  readonly criterion: Criterion;
  readonly value: number;
  readonly verdict: "PASS" | "BELOW" | "FAILED" | "shown";
  readonly goalMet: boolean;
}

export interface RowResult {
  readonly row: Row;
  readonly runs: ReadonlyMap<string, SideRuns>;
  readonly criteria: readonly CriterionResult[];
  readonly skipped?: string | undefined;
}
