// The program: flags -> configuration -> server. Nothing else is decided here.
import "./early-signals.ts";
import { prestartThreads } from "@weft/runtime";

/** Name under which the reference's tools expect messages. */
const PROGRAM = "nats-server";
/** Words after which no server is started: a guess that saves threads, not a decision. */
const NO_SERVER = /^(?:--?(?:v|version|h|help|help_tls|t|sl|signal)(?:=|$)|version$|help$)/;

async function main(argv: readonly string[]): Promise<void> {
  const prestarted = argv.some((word) => NO_SERVER.test(word)) ? undefined : prestartThreads();
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
