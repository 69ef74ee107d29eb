// The log of the server (LG-01 to LG-04): lines of the reference's format to standard error or a
// file. Control thread; the only writer. Until `loadFast` the lines are written synchronously, so
// that nothing has to be loaded before the server listens; then through pino's buffered writer.
import { closeSync, openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { LogLevel } from "@weft/base";
import type { LoggingOptions } from "@weft/config";

/** Where the lines of control and of all threads go. */
export interface LogSink {
  write(level: LogLevel, text: string): void;
  /** The last line before the end: written before this returns. */
  writeFatal(text: string): void;
  /** LG-08. */
  reopen(): void;
  /**
   * RL-02. Opens what `logging` needs, or throws with everything as it is; the result changes to it.
   * A log without it does not follow a reload.
   */
  prepareUpdate?(logging: LoggingOptions): { commit(): void; abandon(): void };
  /** Everything is written when this resolves. */
  close(): Promise<void>;
}

export interface LogWriterOptions {
  readonly processId: number;
  /** Undefined = standard error. */
  readonly file?: string | undefined;
  readonly logtime: boolean;
  readonly logtimeUtc: boolean;
  readonly debug: boolean;
  readonly trace: boolean;
}

/** The part of pino's destination that is used here. */
interface Destination {
  write(text: string): boolean;
  flushSync(): void;
  end(): void;
  on(event: "error" | "close", listener: (error?: Error) => void): void;
}

const LABELS: Readonly<Record<LogLevel, string>> = {
  fatal: "FTL",
  error: "ERR",
  warn: "WRN",
  info: "INF",
  debug: "DBG",
  trace: "TRC",
};

const COLOURS: Readonly<Record<LogLevel, number>> = {
  fatal: 31,
  error: 31,
  warn: 93,
  info: 32,
  debug: 36,
  trace: 33,
};

/** Bytes that wait for a slow terminal or pipe; further lines are dropped. */
const BUFFERED_BYTES_MAX = 16 * 1024 * 1024;
const STANDARD_ERROR = 2;
/** LG-04. */
const FILE_MODE = 0o640;

export class LogWriter implements LogSink {
  #options: LogWriterOptions;
  #coloured: boolean;
  #descriptor: number;
  #destination: Destination | undefined;
  #makeDestination: ((descriptor: number) => Destination) | undefined;
  #closed = false;
  #second = 0;
  #secondText = "";

  /** Throws `error opening file: ...` (LG-04). */
  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#descriptor = options.file === undefined ? STANDARD_ERROR : openLogFile(options.file);
    this.#coloured = options.file === undefined && isatty(STANDARD_ERROR);
  }

  write(level: LogLevel, text: string): void {
    if (level === "debug" && !this.#options.debug) return;
    if (level === "trace" && !this.#options.trace) return;
    const line = this.#line(level, text);
    if (this.#destination !== undefined) this.#destination.write(line);
    else this.#writeNow(line);
  }

  /** A line that is being written by then may come behind this one. */
  writeFatal(text: string): void {
    this.#flushNow();
    this.#writeNow(this.#line("fatal", text));
  }

  /** Changes to the buffered writer. Once, when there is time for it. */
  async loadFast(): Promise<void> {
    const { destination } = await import("pino");
    if (this.#closed) return;
    this.#makeDestination = (dest) => {
      const made = destination({
        dest,
        sync: false,
        maxLength: BUFFERED_BYTES_MAX,
      }) as unknown as Destination;
      // A log that cannot be written is no reason to stop serving.
      made.on("error", () => undefined);
      return made;
    };
    this.#destination = this.#makeDestination(this.#descriptor);
  }

  /** Throws, and goes on in the old file, when the new one cannot be opened. */
  reopen(): void {
    const { file } = this.#options;
    if (file === undefined) return;
    this.#moveTo(openLogFile(file));
  }

  #moveTo(descriptor: number): void {
    const previous = this.#descriptor;
    this.#descriptor = descriptor;
    this.#coloured = descriptor === STANDARD_ERROR && isatty(STANDARD_ERROR);
    // A destination closes its descriptor itself, once everything is written; never standard error.
    if (previous === STANDARD_ERROR) this.#destination?.flushSync();
    else if (this.#destination === undefined) closeSync(previous);
    else this.#destination.end();
    this.#destination = this.#makeDestination?.(this.#descriptor);
  }

  prepareUpdate(logging: LoggingOptions): { commit(): void; abandon(): void } {
    const { processId, file: former } = this.#options;
    const file = logging.logFile;
    const isMoved = file !== former;
    const descriptor = isMoved && file !== undefined ? openLogFile(file) : STANDARD_ERROR;
    return {
      commit: () => {
        this.#options = { ...logging, processId, file };
        if (isMoved) this.#moveTo(descriptor);
      },
      abandon: () => {
        if (descriptor !== STANDARD_ERROR) closeSync(descriptor);
      },
    };
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    const destination = this.#destination;
    const descriptor = this.#descriptor;
    this.#destination = undefined;
    this.#descriptor = STANDARD_ERROR;
    if (destination === undefined) {
      if (descriptor !== STANDARD_ERROR) closeSync(descriptor);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      destination.on("close", () => resolve());
      destination.end();
    });
  }

  #flushNow(): void {
    try {
      this.#destination?.flushSync();
    } catch {
      // What could not be written before cannot be written now; the last line still may.
    }
  }

  #writeNow(line: string): void {
    try {
      writeSync(this.#descriptor, line);
    } catch {
      // A closed or full pipe: there is nobody to tell.
    }
  }

  /** `[pid] YYYY/MM/DD HH:MM:SS.ssssss [INF] text` (LG-02). */
  #line(level: LogLevel, text: string): string {
    const label = this.#coloured
      ? `\u001b[${COLOURS[level]}m${LABELS[level]}\u001b[0m`
      : LABELS[level];
    const time = this.#options.logtime ? ` ${this.#time()}` : "";
    return `[${this.#options.processId}]${time} [${label}] ${oneLine(text)}\n`;
  }

  #time(): string {
    const now = performance.timeOrigin + performance.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = dateText(new Date(second * 1000), this.#options.logtimeUtc);
    }
    const micros = Math.floor((now - second * 1000) * 1000);
    return `${this.#secondText}.${String(micros).padStart(6, "0")}`;
  }
}

function openLogFile(file: string): number {
  try {
    return openSync(file, "a", FILE_MODE);
  } catch (error) {
    throw new Error(`error opening file: ${(error as Error).message}`);
  }
}

/** Line breaks inside a text would let a client forge lines; those of a stack stay readable. */
function oneLine(text: string): string {
  return text.includes("\n") ? text.trimEnd().replaceAll("\r", "").replaceAll("\n", "\n\t") : text;
}

function dateText(date: Date, utc: boolean): string {
  const [year, month, day] = utc
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    : [date.getFullYear(), date.getMonth(), date.getDate()];
  const [hour, minute, second] = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const two = (value: number): string => String(value).padStart(2, "0");
  return (
    `${String(year).padStart(4, "0")}/${two(month + 1)}/${two(day)} ` +
    `${two(hour)}:${two(minute)}:${two(second)}`
  );
}

/** A log that nobody reads, for servers inside other programs. */
export const SILENT_LOG: LogSink = {
  write: () => undefined,
  writeFatal: () => undefined,
  reopen: () => undefined,
  close: () => Promise.resolve(),
};
