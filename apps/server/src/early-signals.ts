// Imported before anything else: SIGUSR1 means "re-open the log" here, and never Node's inspector.
process.on("SIGUSR1", () => undefined);
