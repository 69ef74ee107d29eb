// The log of a server: records of control and of all threads, redacted, formatted and written to the
// one output that the options name (LG-01). Control thread. What must stay true: no line is lost or
// doubled when the file is re-opened or the options change (GP-11); losses are counted and told.
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { type LogConnection, type LogLevel, redactSecrets, redactText } from "@weft/base";
import { type LineFormat, lineFormat, messageFormat } from "./line-format.ts";
import { LogFile } from "./log-file.ts";
import type { LogOptions, LogPlace } from "./log-options.ts";
import { type LogOutput, type OutputEvents, ROOM_CHARACTERS } from "./log-output.ts";
import type { LogSink } from "./log-sink.ts";
import { StderrOutput } from "./stderr-output.ts";

const STANDARD_ERROR = 2;
/** What is not written by then is given up at the end. */
const CLOSE_WAIT_MS = 2_000;
/** Losses are told at most this often: the line that tells of one may be lost itself. */
const LOSS_EVERY_MS = 10_000;
/** Lines that wait for the connection to a syslog at the start. */
const EARLY_LINES_MAX = 10_000;

type EarlyLine = readonly [LogLevel, string];

export class ServerLog implements LogSink {
  /** Resolves when the output takes lines; rejects when it cannot be opened (LG-09). */
  readonly opened: Promise<void>;
  readonly #place: LogPlace;
  #options: LogOptions;
  #format: LineFormat;
  #output: LogOutput | undefined;
  #file: LogFile | undefined;
  #early: EarlyLine[] = [];
  #changing: Promise<void> = Promise.resolve();
  readonly #closing = new Set<Promise<void>>();
  #closed: Promise<void> | undefined;
  #fatal: Error | undefined;
  #fatalTold = false;
  #onFatal: ((error: Error) => void) | undefined;
  #awaitRoom: (() => void)[] = [];
  #lostLines = 0;
  #lossTimer: NodeJS.Timeout | undefined;
  #complainedMs = Number.NEGATIVE_INFINITY;

  /** Throws `error opening file: ...` (LG-04). A syslog is connected to later: see `opened`. */
  constructor(options: LogOptions, place: LogPlace) {
    this.#options = options;
    this.#place = place;
    this.#format = formatOf(options, place);
    if (isImmediate(options)) {
      this.#take(this.#openNow(options));
      this.opened = Promise.resolve();
      return;
    }
    this.opened = this.#openSyslog(options).then((output) => this.#take(output));
    this.opened.catch(() => undefined);
  }

  write(level: LogLevel, text: string, connection?: LogConnection): void {
    if (level === "debug" && !this.#options.debug) return;
    if (level === "trace" && !this.#options.trace) return;
    if (this.#closed !== undefined) return;
    // The payloads of a trace are shown as they are, but for what can only be a secret.
    const safe = level === "trace" ? redactSecrets(text) : redactText(text);
    this.#writeLine(level, this.#format(level, safe, connection));
  }

  writeFatal(text: string): void {
    const safe = redactText(text);
    const line = this.#format("fatal", safe);
    const written = this.#output?.writeNow("fatal", line) === true;
    // Where the log itself is why: its file may be where nobody finds it any more.
    const isLost = this.#fatal !== undefined && !(this.#output instanceof StderrOutput);
    if (!written || isLost) this.#writeToStandardError("fatal", safe);
  }

  reopen(): void {
    try {
      const reopened = this.#output?.reopen() === true;
      this.write("info", `File log re-open${reopened ? "ed" : " ignored, not a file logger"}`);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  dropped(lines: number, thread: string): void {
    const text = `${lines} log lines of ${thread} lost`;
    if (this.#options.lossIsFatal) this.#fail(new Error(text));
    else this.write("warn", text);
  }

  onFatal(listener: (error: Error) => void): void {
    this.#onFatal = listener;
    if (this.#fatal !== undefined) this.#tellFatal(this.#fatal);
  }

  onRoom(listener: () => void): void {
    if ((this.#output?.waiting ?? 0) < ROOM_CHARACTERS) listener();
    else this.#awaitRoom.push(listener);
  }

  /**
   * Other options from now on (RL-02). Lines go to the old output until the new one takes them.
   * Rejects, with nothing changed, when it cannot be opened.
   */
  update(options: LogOptions): Promise<void> {
    const change = this.#changing.then(() => this.#change(options));
    // The next change waits for the old output: it may be for the same file.
    this.#changing = change
      .catch(() => undefined)
      .then(() => Promise.all(this.#closing))
      .then(() => undefined);
    return change;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#output?.close(CLOSE_WAIT_MS);
    await Promise.all(this.#closing);
  }

  async #change(options: LogOptions): Promise<void> {
    await this.opened.catch(() => undefined);
    if (this.#closed !== undefined) return;
    const format = formatOf(options, this.#place);
    if (isSameOutput(this.#options, options)) {
      this.#options = options;
      this.#format = format;
      this.#file?.setLimits(limitsOf(options));
      return;
    }
    const previous = this.#output;
    const next = isImmediate(options) ? this.#openNow(options) : await this.#openSyslog(options);
    this.#options = options;
    this.#format = format;
    this.#take(next);
    if (previous === undefined) return;
    const closing: Promise<void> = previous.close(CLOSE_WAIT_MS).then(() => {
      this.#closing.delete(closing);
    });
    this.#closing.add(closing);
  }

  #openNow(options: LogOptions): LogOutput {
    const { logFile } = options;
    const events = this.#events();
    if (logFile === undefined) return new StderrOutput(events);
    return new LogFile({
      path: logFile,
      limits: limitsOf(options),
      events,
      line: (level, text) => this.#format(level, text),
    });
  }

  async #openSyslog(options: LogOptions): Promise<LogOutput> {
    const events = this.#events();
    const place = this.#place;
    const { openLocalSyslog, openRemoteSyslog } = await import("./syslog-outputs.ts");
    const { remoteSyslog } = options;
    if (remoteSyslog !== undefined) return openRemoteSyslog(remoteSyslog, options, place, events);
    if (process.platform !== "win32") return openLocalSyslog(options, place, events);
    const { openEventLog } = await import("./windows-event-log.ts");
    return openEventLog({ platform: process.platform, place, events });
  }

  #take(output: LogOutput): void {
    this.#output = output;
    this.#file = output instanceof LogFile ? output : undefined;
    const early = this.#early;
    this.#early = [];
    for (const [level, line] of early) output.write(level, line);
  }

  #writeLine(level: LogLevel, line: string): void {
    if (this.#output !== undefined) this.#output.write(level, line);
    else if (this.#early.length < EARLY_LINES_MAX) this.#early.push([level, line]);
  }

  #events(): OutputEvents {
    return {
      onLoss: (error) => this.#onLoss(error),
      onRegained: (lost) => this.#onRegained(lost),
      onFatal: (error) => this.#fail(error),
      onDrained: () => this.#onDrained(),
    };
  }

  #onLoss(error: Error): void {
    const text = `Log lines are being lost: ${error.message}`;
    if (this.#options.lossIsFatal) {
      this.#fail(new Error(text));
      return;
    }
    if (performance.now() - this.#complainedMs < LOSS_EVERY_MS) return;
    this.#complainedMs = performance.now();
    this.#writeToStandardError("error", text);
  }

  #onRegained(lines: number): void {
    this.#lostLines += lines;
    if (this.#lossTimer === undefined) this.#tellLost();
  }

  /** Now, and then not again for a while. */
  #tellLost(): void {
    this.#lossTimer = undefined;
    const lost = this.#lostLines;
    if (lost === 0) return;
    this.#lostLines = 0;
    this.#lossTimer = setTimeout(() => this.#tellLost(), LOSS_EVERY_MS);
    this.#lossTimer.unref();
    this.write("warn", `${lost} log lines lost`);
  }

  #onDrained(): void {
    if (this.#awaitRoom.length === 0) return;
    const waiting = this.#awaitRoom;
    this.#awaitRoom = [];
    for (const listener of waiting) listener();
  }

  #fail(error: Error): void {
    if (this.#fatal !== undefined) return;
    this.#fatal = error;
    this.#tellFatal(error);
  }

  #tellFatal(error: Error): void {
    if (this.#fatalTold || this.#onFatal === undefined) return;
    this.#fatalTold = true;
    this.#onFatal(error);
  }

  /** What the output of choice cannot take. */
  #writeToStandardError(level: LogLevel, text: string): void {
    const format = formatOf(standardErrorOptions(this.#options), this.#place);
    try {
      writeSync(STANDARD_ERROR, `${format(level, text)}\n`);
    } catch {
      // There is nobody left to tell.
    }
  }
}

/** A file or standard error, which are opened at once. */
function isImmediate(options: LogOptions): boolean {
  return options.logFile !== undefined || (options.remoteSyslog === undefined && !options.syslog);
}

function isSameOutput(one: LogOptions, other: LogOptions): boolean {
  if (one.logFile !== undefined || other.logFile !== undefined)
    return one.logFile === other.logFile;
  return (
    one.remoteSyslog === other.remoteSyslog &&
    one.syslog === other.syslog &&
    one.syslogFormat === other.syslogFormat
  );
}

function standardErrorOptions(options: LogOptions): LogOptions {
  return { ...options, logFile: undefined, remoteSyslog: undefined, syslog: false };
}

function limitsOf(options: LogOptions): { sizeMax: number; filesMax: number } {
  return { sizeMax: options.logFileSizeLimit, filesMax: options.logFilesMax };
}

function formatOf(options: LogOptions, place: LogPlace): LineFormat {
  const { processId } = place;
  if (!isImmediate(options)) return messageFormat(options, processId);
  const coloured =
    options.logFile === undefined && options.format === "text" && isatty(STANDARD_ERROR);
  return lineFormat(options, { processId, coloured });
}
