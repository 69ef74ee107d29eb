// What the rest of the server sees of its log, and the logs of servers inside other programs: for
// nobody, and for a function. Control thread.
import { type LogConnection, type LogLevel, redactSecrets, redactText } from "@weft/base";
import { messageText } from "./line-format.ts";
import type { LogOptions } from "./log-options.ts";

/** Where the lines of control and of all threads go. */
export interface LogSink {
  write(level: LogLevel, text: string, connection?: LogConnection): void;
  /** The last line before the end: written before this returns, if the output can do so at all. */
  writeFatal(text: string): void;
  /**
   * Other options from now on; rejects, with nothing changed, when the new output cannot be opened.
   * Undefined where the options do not decide about the output.
   */
  update?(options: LogOptions): Promise<void>;
  /** LG-08. What cannot be re-opened is told to the listener of `onFatal`. */
  reopen(): void;
  /** So many lines of a thread found no room. */
  dropped(lines: number, thread: string): void;
  /** Called once when the log can no longer do what it must (LG-07, SB-107). */
  onFatal(listener: (error: Error) => void): void;
  /** Calls back, perhaps at once, when the lines written so far take little memory. */
  onRoom(listener: () => void): void;
  /** Everything is written when this resolves, or given up after a short while. */
  close(): Promise<void>;
}

/** A log that nobody reads, for servers inside other programs. */
export const SILENT_LOG: LogSink = {
  write: () => undefined,
  writeFatal: () => undefined,
  reopen: () => undefined,
  dropped: () => undefined,
  onFatal: () => undefined,
  onRoom: (listener) => listener(),
  close: () => Promise.resolve(),
};

/** A log that a function of the embedding program gets, line by line, redacted like any other. */
export function functionLog(write: (level: LogLevel, text: string) => void): LogSink {
  return {
    ...SILENT_LOG,
    write: (level, text, connection) => {
      const safe = level === "trace" ? redactSecrets(text) : redactText(text);
      write(level, messageText(safe, connection));
    },
    writeFatal: (text) => write("fatal", redactText(text)),
    dropped: (lines, thread) => write("warn", `${lines} log lines of ${thread} lost`),
  };
}
