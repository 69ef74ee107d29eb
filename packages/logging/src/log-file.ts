// The log file: appended to, put away at a size, re-opened on demand (LG-04 to LG-08). Control
// thread. What must stay true: every line stands in exactly one file, also while files change; a
// file that was put away gets only lines from before (GP-11).
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorText, type LogLevel } from "@weft/base";
import { DescriptorWriter, type Waiting } from "./descriptor-writer.ts";
import type { LogOutput, OutputEvents } from "./log-output.ts";
import { atMost } from "./stderr-output.ts";
import { wallMs } from "./wall-clock.ts";

const FILE_MODE = 0o640;
/** What a backup's name has behind the name of the file and a dot. */
const BACKUP_STAMP = /^\d{4}(?:\.\d{2}){5}\.\d{1,9}$/;

export interface FileLimits {
  /** Bytes; 0 = none. */
  readonly sizeMax: number;
  /** Files, the current one included; 0 = all. */
  readonly filesMax: number;
}

export interface LogFileSettings {
  readonly path: string;
  readonly limits: FileLimits;
  readonly events: OutputEvents;
  /** Finishes a line of the file's own. */
  line(level: LogLevel, text: string): string;
}

export class LogFile implements LogOutput {
  readonly #path: string;
  readonly #events: OutputEvents;
  readonly #line: LogFileSettings["line"];
  readonly #waiting: Waiting = { characters: 0 };
  /** Writers of files that were put away or re-opened, until they have written everything. */
  readonly #leaving = new Set<Promise<void>>();
  #writer: DescriptorWriter;
  #limits: FileLimits;
  /** The limit in force; doubled where a file could not be put away. */
  #sizeMax: number;
  #bytes: number;
  #identity: string;
  #lastStampMs = 0;

  /** Throws `error opening file: ...`. */
  constructor(settings: LogFileSettings) {
    this.#path = settings.path;
    this.#limits = settings.limits;
    this.#sizeMax = settings.limits.sizeMax;
    this.#events = settings.events;
    this.#line = settings.line;
    const opened = openLogFile(settings.path);
    this.#bytes = opened.bytes;
    this.#identity = opened.identity;
    this.#writer = this.#newWriter(opened.descriptor);
    this.#rotateIfLarge();
  }

  get waiting(): number {
    return this.#waiting.characters;
  }

  /** Other limits from now on. */
  setLimits(limits: FileLimits): void {
    this.#limits = limits;
    this.#sizeMax = limits.sizeMax;
    this.#rotateIfLarge();
  }

  write(_level: LogLevel, text: string): void {
    this.#put(text);
    if (this.#sizeMax > 0 && this.#bytes > this.#sizeMax) this.#rotate();
  }

  writeNow(_level: LogLevel, text: string): boolean {
    return this.#writer.writeNow(`${text}\n`);
  }

  reopen(): boolean {
    const opened = openLogFile(this.#path);
    // Nobody moved it: two writers would mix their lines up.
    if (opened.identity === this.#identity) closeSync(opened.descriptor);
    else this.#changeTo(opened);
    return true;
  }

  async close(waitMs: number): Promise<void> {
    this.#leave(this.#writer);
    await atMost(
      Promise.all(this.#leaving).then(() => undefined),
      waitMs,
    );
  }

  #newWriter(descriptor: number): DescriptorWriter {
    return new DescriptorWriter(descriptor, true, this.#waiting, this.#events);
  }

  #put(text: string): void {
    const line = `${text}\n`;
    if (this.#writer.write(line)) this.#bytes += Buffer.byteLength(line);
  }

  #note(level: LogLevel, text: string): void {
    this.#put(this.#line(level, text));
  }

  /** At the start, or with a new limit, the file may be too large already. */
  #rotateIfLarge(): void {
    if (this.#sizeMax > 0 && this.#bytes > this.#sizeMax) {
      this.write("info", this.#line("info", "Rotating logfile..."));
    }
  }

  #rotate(): void {
    const backup = this.#backupName();
    let note = `Rotated log, backup saved as ${JSON.stringify(backup)}`;
    try {
      renameSync(this.#path, backup);
    } catch (error) {
      // Somebody was faster, and is about to ask for a re-opening.
      const isMoved = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!isMoved) {
        this.#rotateLater(error);
        return;
      }
      note = "Rotated log, the file had been moved away";
    }
    this.#goOn(note);
  }

  #rotateLater(error: unknown): void {
    this.#sizeMax *= 2;
    const next = `will attempt next rotation at size ${this.#sizeMax}`;
    this.#note("error", `Unable to rename logfile for rotation (${errorText(error)}), ${next}`);
  }

  /** In a new file, behind the line that tells of the old one. */
  #goOn(note: string): void {
    try {
      this.#changeTo(openLogFile(this.#path));
    } catch (error) {
      const why = errorText(error).replace(/^error opening file: /, "");
      const file = JSON.stringify(this.#path);
      const text = `Unable to re-open the logfile ${file} after rotation: ${why}`;
      this.#sizeMax = 0;
      this.#events.onFatal(new Error(text));
      return;
    }
    this.#note("info", note);
    if (this.#limits.filesMax > 0) this.#purge();
  }

  #changeTo(opened: OpenedFile): void {
    const previous = this.#writer;
    this.#writer = this.#newWriter(opened.descriptor);
    this.#bytes = opened.bytes;
    this.#identity = opened.identity;
    this.#sizeMax = this.#limits.sizeMax;
    this.#leave(previous);
  }

  #leave(writer: DescriptorWriter): void {
    const left: Promise<void> = writer.finish().then(() => {
      this.#leaving.delete(left);
    });
    this.#leaving.add(left);
  }

  /** `<file>.YYYY.MM.DD.HH.MM.SS.NNNNNNNNN`, of a time that no other backup has. */
  #backupName(): string {
    let ms = Math.max(wallMs(), this.#lastStampMs + 0.001);
    let name = `${this.#path}.${backupStamp(ms)}`;
    while (existsSync(name)) {
      ms += 0.001;
      name = `${this.#path}.${backupStamp(ms)}`;
    }
    this.#lastStampMs = ms;
    return name;
  }

  /** LG-06: the oldest backups go. Their names sort by age. */
  #purge(): void {
    const folder = dirname(this.#path);
    const prefix = `${basename(this.#path)}.`;
    let backups: string[];
    try {
      backups = readdirSync(folder, { withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && entry.name.startsWith(prefix))
        .map((entry) => entry.name)
        .filter((name) => BACKUP_STAMP.test(name.slice(prefix.length)))
        .sort();
    } catch (error) {
      const what = `Unable to read directory ${JSON.stringify(folder)} for log purge`;
      this.#note("error", `${what} (${errorText(error)}), will attempt next rotation`);
      return;
    }
    for (const name of backups.slice(0, Math.max(0, backups.length - this.#limits.filesMax + 1))) {
      try {
        unlinkSync(join(folder, name));
      } catch (error) {
        const what = `Unable to remove backup log file ${JSON.stringify(name)}`;
        this.#note("error", `${what} (${errorText(error)}), will attempt next rotation`);
        return;
      }
      this.#note("info", `Purged log file ${JSON.stringify(name)}`);
    }
  }
}

interface OpenedFile {
  readonly descriptor: number;
  readonly bytes: number;
  /** Equal for two descriptors of one file. */
  readonly identity: string;
}

function openLogFile(path: string): OpenedFile {
  try {
    const descriptor = openSync(path, "a", FILE_MODE);
    const { size, dev, ino } = fstatSync(descriptor);
    return { descriptor, bytes: size, identity: `${dev} ${ino}` };
  } catch (error) {
    throw new Error(`error opening file: ${errorText(error)}`);
  }
}

/** Local time, as the reference names its backups. */
function backupStamp(unixMs: number): string {
  const date = new Date(Math.floor(unixMs));
  const nanos = date.getMilliseconds() * 1e6 + Math.floor((unixMs % 1) * 1e6);
  const parts = [
    String(date.getFullYear()).padStart(4, "0"),
    ...[
      date.getMonth() + 1,
      date.getDate(),
      date.getHours(),
      date.getMinutes(),
      date.getSeconds(),
    ].map((part) => String(part).padStart(2, "0")),
    String(nanos).padStart(9, "0"),
  ];
  return parts.join(".");
}
