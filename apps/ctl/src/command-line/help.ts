// Texts of help.
import { COMMON_OPTIONS, type Command, type OptionSpec } from "./command.ts";

const PROGRAM = "weftctl";

function spelled(option: OptionSpec): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  let value = option.value === undefined ? "" : ` ${option.value}`;
  if (option.implied !== undefined) value = `[=${option.value}]`;
  return `  ${short}--${option.name}${value}${option.isList === true ? " …" : ""}`;
}

function optionLines(options: readonly OptionSpec[]): string[] {
  const names = options.map(spelled);
  const width = Math.max(...names.map((name) => name.length));
  return options.map((option, at) => `${(names[at] as string).padEnd(width)}  ${option.help}`);
}

/** Help for one command. */
export function commandHelp(command: Command): string {
  const words = command.words.join(" ");
  const operand = command.operand === undefined ? "" : ` [${command.operand.toUpperCase()}]`;
  const lines = [command.summary, "", `Usage: ${PROGRAM} ${words}${operand} [OPTIONS]`];
  if (command.options.length > 0) lines.push("", "Options:", ...optionLines(command.options));
  lines.push("", "Options of every command:", ...optionLines(COMMON_OPTIONS));
  const examples = command.examples ?? [];
  if (examples.length > 0) {
    lines.push("", "Examples:", ...examples.map((example) => `  ${PROGRAM} ${example}`));
  }
  return lines.join("\n");
}

/** The commands that begin with some words. */
export function overview(commands: readonly Command[], words: readonly string[]): string {
  const shown = commands.filter((it) => words.every((word, at) => it.words[at] === word));
  const width = Math.max(...shown.map((it) => it.words.join(" ").length));
  const rows = shown.map((it) => `  ${it.words.join(" ").padEnd(width)}  ${it.summary}`);
  return [
    "Operators, accounts and users by JWT, and the server that knows them.",
    "",
    `Usage: ${[PROGRAM, ...words].join(" ")} COMMAND [OPTIONS]`,
    "",
    ...rows,
    "",
    `"${PROGRAM} COMMAND --help" shows the options of a command.`,
    "Exit codes: 0 done, 1 failed, 2 wrong command line; of check: 0 OK, 1 warning, 2 critical, 3 unknown.",
  ].join("\n");
}
