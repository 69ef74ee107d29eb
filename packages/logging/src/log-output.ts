// What takes finished lines: a file, standard error, a syslog. Control thread. What must stay true:
// `write` never waits; what waits to be written is bounded, and what is lost is counted.
import type { LogLevel } from "@weft/base";

/** Characters that may wait for one output; further lines are lost, and counted. */
export const WAITING_CHARACTERS_MAX = 16 * 1024 * 1024;
/** Below this there is room for the next batch of a thread. */
export const ROOM_CHARACTERS = 4 * 1024 * 1024;

/** What an output tells the log. */
export interface OutputEvents {
  /** Lines are being lost, or soon will be. Told at the first one. */
  onLoss(error: Error): void;
  /** It goes on, after so many lost lines. */
  onRegained(lostLines: number): void;
  /** It cannot go on at all (LG-07). */
  onFatal(error: Error): void;
  /** What waited has been written. */
  onDrained(): void;
}

export interface LogOutput {
  /** Characters that are not written yet. */
  readonly waiting: number;
  /** `text` is one finished line without its end. */
  write(level: LogLevel, text: string): void;
  /** True when the line, and all before it, has been written when this returns. */
  writeNow(level: LogLevel, text: string): boolean;
  /** Re-opens a file; false where there is none. Throws what went wrong. */
  reopen(): boolean;
  /** Resolves when everything is written, or with what is lost after `waitMs`. */
  close(waitMs: number): Promise<void>;
}
