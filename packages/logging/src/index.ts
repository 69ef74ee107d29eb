// The entry of the package: everything that other packages may use.
export type { LogBatch, LogRecord } from "./log-batch.ts";
export type { LogOptions, LogPlace } from "./log-options.ts";
export { functionLog, type LogSink, SILENT_LOG } from "./log-sink.ts";
export { ServerLog } from "./server-log.ts";
export { ThreadLog } from "./thread-log.ts";
