// Lines on their way from a thread to control. Types only.
import type { LogConnection, LogLevel } from "@weft/base";

export interface LogRecord {
  readonly level: LogLevel;
  readonly text: string;
  readonly connection?: LogConnection | undefined;
}

export interface LogBatch {
  readonly kind: "log";
  readonly records: readonly LogRecord[];
  /** Lines that found the batch full. */
  readonly dropped: number;
}
