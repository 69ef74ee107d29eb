// Imported before anything else: what signals mean before the server has reactions of its own
// (signals.ts of runtime). Must stay true: from here on none of them ends a starting server as by
// chance. `kill -HUP`, or a service manager's reload, may come as soon as the process is there.
// SIGUSR1 means "re-open the log" here, and never Node's inspector. Node's own switch for that,
// --disable-sigusr1, leaves the signal blocked: no listener would hear it. What comes before the first
// statement: `bin/weft` and `unasked-inspector.ts`.
process.on("SIGUSR1", () => undefined);

/** Words after which no server is started: a guess that saves threads, not a decision. */
const NO_SERVER = /^(?:--?(?:v|version|h|help|help_tls|t|sl|signal)(?:=|$)|version$|help$)/;

/** The command line is most likely one that starts a server. */
export const startsServer = !process.argv.slice(2).some((word) => NO_SERVER.test(word));

/** Nothing has begun that would have to end in order. */
const END_SIGNALS = ["SIGTERM", "SIGINT", "SIGUSR2"] as const;
let isReleased = false;
let isReloadWanted = false;

function end(): void {
  if (!isReleased) process.exit(0);
}

function reload(): void {
  if (!isReleased) isReloadWanted = true;
}

if (startsServer) {
  for (const signal of END_SIGNALS) process.on(signal, end);
  process.on("SIGHUP", reload);
}

/**
 * Others react from now on. True if a reload was asked for. The listeners stay: without them Node
 * forgets what came while it was busy, and has not told anybody.
 */
export function releaseSignals(): boolean {
  isReleased = true;
  return isReloadWanted;
}
