// For tests: logs with default options in a folder of their own, and the waiting for facts.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { LogOptions, LogPlace } from "../log-options.ts";
import { ServerLog } from "../server-log.ts";

export const OPTIONS: LogOptions = {
  debug: false,
  trace: false,
  logtime: false,
  logtimeUtc: true,
  format: "text",
  logFileSizeLimit: 0,
  logFilesMax: 0,
  syslog: false,
  syslogFormat: "rfc3164",
  lossIsFatal: false,
};

export const PLACE: LogPlace = { processId: 7, program: "weft" };

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "weft-log-"));
  folders.push(folder);
  return folder;
}

export interface LogInFile {
  readonly log: ServerLog;
  readonly options: LogOptions;
  readonly folder: string;
  readonly file: string;
}

export function logInFile(change: Partial<LogOptions> = {}): LogInFile {
  const folder = newFolder();
  const file = join(folder, "server.log");
  const options = { ...OPTIONS, logFile: file, ...change };
  return { log: new ServerLog(options, PLACE), options, folder, file };
}

/** Lines of a file without the last line end. */
export function linesOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** Files that were put away, oldest first. */
export function backupsOf({ folder }: LogInFile): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("server.log."))
    .sort()
    .map((name) => join(folder, name));
}

/** Resolves when `holds` does; throws after some seconds. */
export async function until(holds: () => boolean, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error("the awaited fact did not come");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
