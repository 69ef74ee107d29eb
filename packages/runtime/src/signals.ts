// Signals of the process (SG-01), for the program; servers inside other programs leave them alone.
// Control thread.
import type { LogSink } from "@weft/logging";
import type { Runtime } from "./runtime.ts";

export interface SignalActions {
  /** Undefined while it starts. */
  server(): Runtime | undefined;
  readonly log: LogSink;
  exit(code: number): void;
}

/**
 * Reacts to signals from now on. SIGINT and SIGTERM end the server, exit code 0; SIGTERM leaves a
 * lame duck to its end; SIGUSR1 re-opens the log file; SIGUSR2 starts lame duck mode; SIGHUP is
 * answered with a line of the log, since a running configuration cannot be changed.
 */
export function handleSignals(actions: SignalActions): void {
  const { log, exit } = actions;
  const end = (): void => {
    const server = actions.server();
    if (server === undefined) exit(0);
    else void server.close().then(() => exit(0));
  };
  on("SIGINT", "interrupt", log, end);
  on("SIGTERM", "terminated", log, () => {
    if (actions.server()?.inLameDuck !== true) end();
  });
  on("SIGUSR1", "user defined signal 1", log, () => {
    log.reopen();
  });
  on("SIGUSR2", "user defined signal 2", log, () => {
    actions
      .server()
      ?.enterLameDuck()
      .then(() => exit(0))
      .catch(() => undefined);
  });
  on("SIGHUP", "hangup", log, () => {
    log.write("error", "Failed to reload server configuration: reload is not supported");
  });
}

function on(signal: NodeJS.Signals, name: string, log: LogSink, act: () => void): void {
  process.on(signal, () => {
    log.write("info", `Trapped "${name}" signal`);
    act();
  });
}
