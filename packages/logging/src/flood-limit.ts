// Which lines of a thread are written when many come (LG-13): equal ones once a second, of one
// connection and of the thread a bounded number; the rest is counted and summed up. Any thread;
// pure. What must stay true: nothing is left out in silence; memory is bounded.
import type { LogConnection, LogLevel } from "@weft/base";
import type { LogRecord } from "./log-batch.ts";

/** Window in which lines are counted. */
export const WINDOW_MS = 1_000;
/** Lines that one connection may write in a window. */
export const CONNECTION_LINES_MAX = 20;
/** Lines that all connections of a thread may write in a window. */
export const THREAD_LINES_MAX = 1_000;

interface Equal {
  readonly record: LogRecord;
  repeats: number;
}

interface Talker {
  readonly connection: LogConnection;
  lines: number;
  leftOut: number;
}

export class FloodLimit {
  readonly #equal = new Map<string, Equal>();
  readonly #talkers = new Map<number, Talker>();
  #lines = 0;
  #leftOut = 0;

  /** True while a window is open; the caller ends it with `sums`. */
  get isCounting(): boolean {
    return this.#equal.size > 0;
  }

  /** Whether this line is written. Lines that were asked for, debug and trace, always are. */
  admits(record: LogRecord): boolean {
    const { level, text, connection } = record;
    if (!isLimited(level)) return true;
    const key = `${connection?.clientId ?? ""} ${level} ${text}`;
    const equal = this.#equal.get(key);
    if (equal !== undefined) {
      equal.repeats += 1;
      return false;
    }
    if (this.#lines >= THREAD_LINES_MAX) {
      this.#leftOut += 1;
      return false;
    }
    if (connection !== undefined && !this.#mayTalk(connection)) return false;
    this.#lines += 1;
    this.#equal.set(key, { record, repeats: 0 });
    return true;
  }

  /** Ends the window and says what was left out in it. */
  sums(): LogRecord[] {
    const sums: LogRecord[] = [];
    for (const { record, repeats } of this.#equal.values()) {
      if (repeats === 0) continue;
      sums.push({ ...record, text: `${record.text} - ${repeats} more within a second` });
    }
    for (const { connection, leftOut } of this.#talkers.values()) {
      if (leftOut === 0) continue;
      const text = `${leftOut} other log lines of this connection left out within a second`;
      sums.push({ level: "warn", text, connection });
    }
    if (this.#leftOut > 0) {
      const text = `${this.#leftOut} other log lines of this thread left out within a second`;
      sums.push({ level: "warn", text });
    }
    this.#equal.clear();
    this.#talkers.clear();
    this.#lines = 0;
    this.#leftOut = 0;
    return sums;
  }

  #mayTalk(connection: LogConnection): boolean {
    const talker = this.#talkers.get(connection.clientId);
    if (talker === undefined) {
      this.#talkers.set(connection.clientId, { connection, lines: 1, leftOut: 0 });
      return true;
    }
    if (talker.lines < CONNECTION_LINES_MAX) {
      talker.lines += 1;
      return true;
    }
    talker.leftOut += 1;
    return false;
  }
}

function isLimited(level: LogLevel): boolean {
  return level === "error" || level === "warn" || level === "info";
}
