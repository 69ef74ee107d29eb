// A thread's log: lines of a turn travel to control in one message, one message at a time. Worker
// and acceptor threads. What must stay true: a flood costs bounded memory here and in control;
// what does not fit is dropped and counted.
import type { Log, LogLevel } from "@weft/base";
import type { LogBatch, LogRecord } from "./thread-messages.ts";

/** Lines waiting for control to take the last batch; further ones are dropped. */
export const LOG_LINES_MAX = 1_024;
/** Longer lines are cut. */
const LINE_LENGTH_MAX = 4_096;

export interface LogBatcherOptions {
  readonly debug: boolean;
  readonly trace: boolean;
  send(batch: LogBatch): void;
}

export class LogBatcher implements Log {
  debugEnabled: boolean;
  traceEnabled: boolean;
  readonly #send: (batch: LogBatch) => void;
  #records: LogRecord[] = [];
  #dropped = 0;
  #scheduled = false;
  #underWay = false;

  constructor(options: LogBatcherOptions) {
    this.debugEnabled = options.debug;
    this.traceEnabled = options.trace;
    this.#send = options.send;
  }

  write(level: LogLevel, text: string): void {
    if (level === "debug" && !this.debugEnabled) return;
    if (level === "trace" && !this.traceEnabled) return;
    if (this.#records.length >= LOG_LINES_MAX) {
      this.#dropped += 1;
      return;
    }
    const line = text.length > LINE_LENGTH_MAX ? `${text.slice(0, LINE_LENGTH_MAX)}...` : text;
    this.#records.push({ level, text: line });
    this.#schedule();
  }

  /** Control has written the last batch. */
  taken(): void {
    this.#underWay = false;
    if (this.#records.length > 0) this.#schedule();
  }

  /** Sends what there is, for a thread that is about to end. */
  flush(): void {
    if (this.#records.length === 0 && this.#dropped === 0) return;
    this.#underWay = true;
    this.#send({ kind: "log", records: this.#records, dropped: this.#dropped });
    this.#records = [];
    this.#dropped = 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
