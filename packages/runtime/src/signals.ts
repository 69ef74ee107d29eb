// Signals of the process (SG-01), for the program; servers inside other programs leave them alone.
// Control thread.
import type { LogSink } from "@weft/logging";
import type { Runtime } from "./runtime.ts";

export interface SignalActions {
  /** Undefined while it starts. */
  server(): Runtime | undefined;
  /** SIGHUP came before this. */
  readonly reloadIsWanted?: boolean | undefined;
  readonly log: LogSink;
  exit(code: number): void;
}

/**
 * Reacts to signals from now on. SIGINT and SIGTERM end the server, exit code 0; SIGTERM leaves a
 * lame duck to its end; SIGUSR1 re-opens the log file; SIGUSR2 starts lame duck mode, and ends a
 * server that has not started yet; SIGHUP reloads
 * the configuration; during the start it is put off until the returned function is called, when the
 * server is there.
 */
export function handleSignals(actions: SignalActions): () => void {
  const { log, exit } = actions;
  let reloadIsWanted = actions.reloadIsWanted ?? false;
  const reload = (): void => {
    // What goes wrong is in the log.
    actions
      .server()
      ?.reload()
      .catch(() => undefined);
  };
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
    const server = actions.server();
    // Nobody is there yet who would have to be told.
    if (server === undefined) exit(0);
    else
      void server.enterLameDuck().then(
        () => exit(0),
        () => undefined,
      );
  });
  on("SIGHUP", "hangup", log, () => {
    if (actions.server() === undefined) reloadIsWanted = true;
    else reload();
  });
  return () => {
    if (reloadIsWanted) reload();
  };
}

function on(signal: NodeJS.Signals, name: string, log: LogSink, act: () => void): void {
  process.on(signal, () => {
    log.write("info", `Trapped "${name}" signal`);
    act();
  });
}
