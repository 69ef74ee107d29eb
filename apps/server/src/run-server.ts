// Runs the server until it ends: exit code 0 on purpose, 1 when it cannot start, 70 when a part of
// it died (F27).
import { type Flags, formatProblem, type LoggingOptions, redactArguments } from "@weft/config";
import { type LogSink, ServerLog } from "@weft/logging";
import {
  handleSignals,
  type PrestartedThreads,
  type Runtime,
  useNativeSignatures,
  writePidFile,
} from "@weft/runtime";
import { startWithOptions } from "@weft/server";
import { releaseSignals } from "./early-signals.ts";
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
  useNativeSignatures();
  hideSecrets();
  const { options, digest, warnings, errors } = loadOptions(flags);
  if (errors.length > 0) return refuse(program, errors.join("\n"));
  let log: ServerLog | undefined;
  let isLogOpen = false;
  try {
    log = new ServerLog(options.logging, { processId: process.pid, program });
    await log.opened;
    isLogOpen = true;
    const opened = log;
    process.on("uncaughtException", (error) => {
      opened.writeFatal(`control died: ${error.stack ?? error.message}`);
      process.exit(EXIT_DIED);
    });
    for (const warning of warnings) log.write("warn", formatProblem(warning));
    if (options.pidFile !== undefined) writePidFile(options.pidFile, process.pid);
    const named = { configFile: flags.config, configDigest: digest, commandLine: process.argv };
    const reload = { reloadSource: reloadSource(flags), reloadParts: [PID_FILE_PART] };
    await serve(log, () =>
      startWithOptions({ options, log: opened, prestarted, ...named, ...reload }),
    );
  } catch (error) {
    const { message } = error as Error;
    await log?.close();
    if (isLogOpen) await tellLog(options.logging, program, message).catch(() => undefined);
    refuse(program, message);
  }
}

/** Why the server did not start. Its log was closed with it; standard error has the line already. */
async function tellLog(logging: LoggingOptions, program: string, why: string): Promise<void> {
  if (!(logging.logFile || logging.remoteSyslog || logging.syslog)) return;
  const log = new ServerLog(logging, { processId: process.pid, program });
  await log.opened;
  log.write("fatal", why);
  await log.close();
}

/** LG-12: the password of a command line does not stay in the list of processes. */
function hideSecrets(): void {
  const shown = redactArguments(process.argv);
  if (shown.some((word, index) => word !== process.argv[index])) process.title = shown.join(" ");
}

/** Ties the life of the process to that of the server which `start` starts. */
export async function serve(log: LogSink, start: () => Promise<Runtime>): Promise<void> {
  let server: Runtime | undefined;
  const onStarted = handleSignals({
    server: () => server,
    reloadIsWanted: releaseSignals(),
    log,
    exit: (code) => process.exit(code),
  });
  server = await start();
  onStarted();
  server.closed.catch(() => log.close().finally(() => process.exit(EXIT_DIED)));
  void closeUnaskedInspector();
}

function refuse(program: string, why: string): never {
  for (const line of why.split("\n")) console.error(`${program}: ${line}`);
  process.exit(1);
}
