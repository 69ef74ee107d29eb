// The program: flags -> configuration -> server. Nothing else is decided here.
import "./early-signals.ts";
import "./control-heap.ts";
import { prestartThreads } from "@weft/runtime";
import { startsServer } from "./early-signals.ts";

/** Name under which the reference's tools expect messages. */
const PROGRAM = "nats-server";

async function main(argv: readonly string[]): Promise<void> {
  const prestarted = startsServer ? prestartThreads() : undefined;
  const { parseFlags } = await import("@weft/config");
  const parsed = parseFlags(argv);
  switch (parsed.kind) {
    case "run":
      return (await import("./run-server.ts")).runServer(parsed.flags, PROGRAM, prestarted);
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
      process.exit(1);
  }
}

await main(process.argv.slice(2));
