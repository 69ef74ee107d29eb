// One command line from its words to its exit code.
import { redactText } from "@weft/base";
import { CHECK_EXIT } from "./check/check-result.ts";
import type { Host } from "./command-line/command.ts";
import { escapingHost } from "./command-line/escapes.ts";
import { EXIT, Failure } from "./command-line/failure.ts";
import { commandHelp, overview } from "./command-line/help.ts";
import { parseArguments } from "./command-line/parse-arguments.ts";
import { ALL_COMMANDS } from "./commands/all-commands.ts";

const VERSION = "0.1.0";

async function runParsed(argv: readonly string[], host: Host): Promise<number> {
  const parsed = parseArguments(argv, ALL_COMMANDS);
  switch (parsed.kind) {
    case "run":
      return parsed.command.run(parsed.words, host);
    case "help":
      host.print(commandHelp(parsed.command));
      return EXIT.done;
    case "overview":
      host.print(overview(ALL_COMMANDS, parsed.words));
      return parsed.words.length === 0 ? EXIT.done : EXIT.usage;
    case "version":
      host.print(`weftctl ${VERSION}`);
      return EXIT.done;
  }
}

/** Resolves with the exit code; rejects only for faults of the program. */
export async function runCommandLine(argv: readonly string[], outside: Host): Promise<number> {
  const host = escapingHost(outside);
  try {
    return await runParsed(argv, host);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const text = redactText(error.message);
    if (argv[0] !== "check") {
      host.warn(`weftctl: ${text}`);
      return error.exitCode;
    }
    // Monitoring systems read standard output, and know this code for "nobody can tell".
    host.print(`UNKNOWN Connection ${text}`);
    return CHECK_EXIT.UNKNOWN;
  }
}
