// The program: command line -> command -> exit code. Nothing else is decided here.
import { homedir } from "node:os";
import { redactText } from "@weft/base";
import { CHECK_EXIT } from "./check/check-result.ts";
import type { Host } from "./command-line/command.ts";
import { EXIT, Failure } from "./command-line/failure.ts";
import { commandHelp, overview } from "./command-line/help.ts";
import { parseArguments } from "./command-line/parse-arguments.ts";
import { ALL_COMMANDS } from "./commands/all-commands.ts";

const VERSION = "0.1.0";

const host: Host = {
  print: (text) => process.stdout.write(`${text}\n`),
  warn: (text) => process.stderr.write(`${text}\n`),
  environment: process.env,
  homeFolder: homedir(),
  nowMs: () => Date.now(),
};

async function run(argv: readonly string[]): Promise<number> {
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

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await run(argv);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    host.warn(`weftctl: ${redactText(error.message)}`);
    // To a monitoring system every failure of a check is "unknown".
    return argv[0] === "check" ? CHECK_EXIT.UNKNOWN : error.exitCode;
  }
}

process.exitCode = await main(process.argv.slice(2));
