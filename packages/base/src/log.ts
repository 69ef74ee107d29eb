/** Severity of a log line, in the reference's order. */
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace";

/** The connection that a line is about (SB-98). Plain data: it travels between threads. */
export interface LogConnection {
  readonly clientId: number;
  readonly address: string;
  readonly port: number;
  /** Empty before the login. */
  readonly account: string;
  /** `user:joe`, `nkey:U...`, `jwt:U...` or `token`; empty for nobody in particular. */
  readonly user: string;
  /** Start of a text line: `address:port - cid:n`, then client and login once they are known. */
  readonly label: string;
}

/** Where a core sends its log lines; the driver batches them to the control thread. */
export interface Log {
  /** `text` is without what stands in `connection`. */
  write(level: LogLevel, text: string, connection?: LogConnection): void;
  /** True when debug lines are wanted: ask before building an expensive text. */
  readonly debugEnabled: boolean;
  /** True when protocol traces are wanted. */
  readonly traceEnabled: boolean;
}
