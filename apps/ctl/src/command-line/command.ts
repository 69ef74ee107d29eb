// What a command is: words, options, and what it does. Tables of these are the command line.
import type { Arguments } from "./arguments.ts";

export interface OptionSpec {
  readonly name: string;
  readonly short?: string | undefined;
  /** What the value is called in help; undefined = a flag, which may be given as `=true`, `=false`. */
  readonly value?: string | undefined;
  /** May be given several times, and with several values between commas. */
  readonly isList?: boolean | undefined;
  /** What the option means without a value; a value then needs `=`. */
  readonly implied?: string | undefined;
  readonly help: string;
}

/** What a command sees of the world outside the store. */
export interface Host {
  /** A line of the result. */
  print(text: string): void;
  /** A line beside it: warnings, what was done. */
  warn(text: string): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  /** Unix milliseconds. */
  nowMs(): number;
}

export interface Command {
  /** Such as `["add", "user"]`. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** The option that a word without a dash stands for. */
  readonly operand?: string | undefined;
  /** Lines of examples without the program's name. */
  readonly examples?: readonly string[] | undefined;
  /** Resolves with the exit code. */
  run(words: Arguments, host: Host): number | Promise<number>;
}

export const ACCOUNT_OPTION: OptionSpec = {
  name: "account",
  short: "a",
  value: "NAME",
  help: "account; may be left out where there is only one",
};

export const JSON_OPTION: OptionSpec = {
  name: "json",
  short: "J",
  help: "print JSON",
};

/** Options of every command. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  {
    name: "operator",
    value: "NAME",
    help: "operator; may be left out where there is only one (WEFTCTL_OPERATOR)",
  },
  {
    name: "data-dir",
    value: "DIR",
    help: "folder of the operators (WEFTCTL_DATA_DIR)",
  },
  {
    name: "keystore-dir",
    value: "DIR",
    help: "folder of the keys (WEFTCTL_KEYS_DIR, NKEYS_PATH)",
  },
  {
    name: "all-dirs",
    short: "H",
    value: "DIR",
    help: "both folders (WEFTCTL_HOME)",
  },
  {
    name: "private-key",
    short: "K",
    value: "KEY",
    help: "key that signs: role, public key, or file with a seed",
  },
  { name: "help", short: "h", help: "show the options of the command" },
];
