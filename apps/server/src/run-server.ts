// Runs the server until it ends: exit code 0 on purpose, 1 when it cannot start, 70 when a part of
// it died (F27).
import { type Flags, formatProblem } from "@weft/config";
import {
  handleSignals,
  LogWriter,
  type PrestartedThreads,
  type Runtime,
  writePidFile,
} from "@weft/runtime";
import { startWithOptions } from "@weft/server";
import { loadOptions } from "./load-options.ts";
import { PID_FILE_PART, reloadSource } from "./reload-source.ts";
import { closeUnaskedInspector } from "./unasked-inspector.ts";

/** "Internal software error" of sysexits: a bug or a lack of memory, not a mistake of the user. */
const EXIT_DIED = 70;

export async function runServer(
  flags: Flags,
  program: string,
  prestarted: PrestartedThreads | undefined,
): Promise<void> {
  const { options, warnings, errors, digest } = loadOptions(flags);
  if (errors.length > 0) return refuse(program, errors.join("\n"));
  try {
    const log = new LogWriter({
      ...options.logging,
      processId: process.pid,
      file: options.logging.logFile,
    });
    process.on("uncaughtException", (error) => {
      log.writeFatal(`control died: ${error.stack ?? error.message}`);
      process.exit(EXIT_DIED);
    });
    for (const warning of warnings) log.write("warn", formatProblem(warning));
    if (options.pidFile !== undefined) writePidFile(options.pidFile, process.pid);
    const configFile = flags.config;
    await serve(log, () =>
      startWithOptions({
        options,
        log,
        configFile,
        configDigest: digest,
        reloadSource: reloadSource(flags),
        reloadParts: [PID_FILE_PART],
        prestarted,
      }),
    );
  } catch (error) {
    refuse(program, (error as Error).message);
  }
}

/** Ties the life of the process to that of the server which `start` starts. */
export async function serve(log: LogWriter, start: () => Promise<Runtime>): Promise<void> {
  let server: Runtime | undefined;
  const onStarted = handleSignals({
    server: () => server,
    log,
    exit: (code) => process.exit(code),
  });
  server = await start();
  onStarted();
  server.closed.catch(() => process.exit(EXIT_DIED));
  void log.loadFast();
  void closeUnaskedInspector();
}

function refuse(program: string, why: string): never {
  for (const line of why.split("\n")) console.error(`${program}: ${line}`);
  process.exit(1);
}
