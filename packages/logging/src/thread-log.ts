// A thread's log: lines of a turn travel to control in one message, one message at a time. Worker
// and acceptor threads. What must stay true: a flood costs bounded memory here and in control;
// what does not fit is dropped and counted, and no thread waits for the log.
import type { Log, LogConnection, LogLevel } from "@weft/base";
import { FloodLimit, WINDOW_MS } from "./flood-limit.ts";
import type { LogBatch, LogRecord } from "./log-batch.ts";

/** Characters waiting for control to take the last batch; further lines are dropped. */
export const BATCH_CHARACTERS_MAX = 8 * 1024 * 1024;
/** What a record costs beside its texts. */
const RECORD_CHARACTERS = 200;
/** Longer lines are cut, but for traces, which have an option of their own. */
const LINE_LENGTH_MAX = 4_096;

export interface ThreadLogOptions {
  readonly debug: boolean;
  readonly trace: boolean;
  send(batch: LogBatch): void;
}

export class ThreadLog implements Log {
  debugEnabled: boolean;
  traceEnabled: boolean;
  readonly #send: (batch: LogBatch) => void;
  readonly #flood = new FloodLimit();
  #records: LogRecord[] = [];
  #characters = 0;
  #dropped = 0;
  #scheduled = false;
  #underWay = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ThreadLogOptions) {
    this.debugEnabled = options.debug;
    this.traceEnabled = options.trace;
    this.#send = options.send;
  }

  write(level: LogLevel, text: string, connection?: LogConnection): void {
    if (level === "debug" && !this.debugEnabled) return;
    if (level === "trace" && !this.traceEnabled) return;
    const tooLong = level !== "trace" && text.length > LINE_LENGTH_MAX;
    const line = tooLong ? `${text.slice(0, LINE_LENGTH_MAX)}...` : text;
    const record: LogRecord = { level, text: line, connection };
    if (!this.#flood.admits(record)) return;
    if (this.#flood.isCounting) this.#sumUpLater();
    this.#push(record);
  }

  /** Other levels from now on. */
  setLevels(levels: { readonly debug: boolean; readonly trace: boolean }): void {
    this.debugEnabled = levels.debug;
    this.traceEnabled = levels.trace;
  }

  /** Control has written the last batch. */
  taken(): void {
    this.#underWay = false;
    if (this.#records.length > 0) this.#schedule();
  }

  /** Sends what there is, for a thread that is about to end. */
  flush(): void {
    this.#sumUp();
    this.#sendBatch();
  }

  #push(record: LogRecord): void {
    const characters = charactersOf(record);
    if (this.#characters + characters > BATCH_CHARACTERS_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#records.push(record);
    this.#characters += characters;
    this.#schedule();
  }

  #sumUpLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sumUp();
    }, WINDOW_MS);
    this.#timer.unref();
  }

  #sumUp(): void {
    for (const record of this.#flood.sums()) this.#push(record);
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#sendBatch();
    });
  }

  #sendBatch(): void {
    if (this.#records.length === 0 && this.#dropped === 0) return;
    this.#underWay = true;
    this.#send({ kind: "log", records: this.#records, dropped: this.#dropped });
    this.#records = [];
    this.#characters = 0;
    this.#dropped = 0;
  }
}

function charactersOf({ text, connection }: LogRecord): number {
  const own = RECORD_CHARACTERS + text.length;
  if (connection === undefined) return own;
  const { label, account, user } = connection;
  return own + label.length + account.length + user.length;
}
