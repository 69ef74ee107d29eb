// The program: flags -> configuration -> server. Nothing else is decided here.
import "./early-signals.ts";
import { parseFlags } from "@weft/config";
import { runServer } from "./run-server.ts";

/** Name under which the reference's tools expect messages. */
const PROGRAM = "nats-server";

async function main(): Promise<void> {
  const parsed = parseFlags(process.argv.slice(2));
  switch (parsed.kind) {
    case "run":
      return runServer(parsed.flags, PROGRAM);
    case "test":
      return (await import("./test-config.ts")).testConfig(parsed.config, parsed.flags, PROGRAM);
    case "help":
      return console.log(parsed.text);
    case "version":
      return (await import("./versions.ts")).printVersions(PROGRAM);
    case "signal":
      return (await import("./send-signal.ts")).sendSignal(parsed.command, parsed.target, PROGRAM);
    case "error":
      console.error(`${PROGRAM}: ${parsed.message}`);
      process.exitCode = 1;
  }
}

await main();
