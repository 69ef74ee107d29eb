/** Severity of a log line, in the reference's order. */
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace";

/** Where a core sends its log lines; the driver batches them to the control thread. */
export interface Log {
  write(level: LogLevel, text: string): void;
  /** True when debug lines are wanted: ask before building an expensive text. */
  readonly debugEnabled: boolean;
  /** True when protocol traces are wanted. */
  readonly traceEnabled: boolean;
}
