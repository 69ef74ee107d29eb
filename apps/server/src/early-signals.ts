// Imported before anything else: SIGUSR1 means "re-open the log" here, and never Node's inspector.
// Node's own switch for that, --disable-sigusr1, leaves the signal blocked: no listener would hear it.
// What comes before this line: `bin/weft` and `unasked-inspector.ts`.
process.on("SIGUSR1", () => undefined);
