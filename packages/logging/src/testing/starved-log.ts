// For tests, as a program: a log whose process has no file descriptor left when it has to rotate. Says
// on standard output what was fatal.
import { openSync } from "node:fs";
import type { LogOptions } from "../log-options.ts";
import { ServerLog } from "../server-log.ts";

const options: LogOptions = {
  debug: false,
  trace: false,
  logtime: false,
  logtimeUtc: true,
  format: "text",
  logFile: process.argv[2],
  logFileSizeLimit: 100,
  logFilesMax: 0,
  syslog: false,
  syslogFormat: "rfc3164",
  lossIsFatal: false,
};

const log = new ServerLog(options, { processId: 7, program: "weft" });
log.onFatal((error) => process.stdout.write(error.message));
try {
  for (;;) openSync("/dev/null", "r");
} catch {
  log.write("info", "x".repeat(100));
  log.write("info", "y");
}
await log.close();
