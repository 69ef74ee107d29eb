// From the words of a command line to a command and its options.
//
//   line   = word* (option | operand)*          options may also stand between the words
//   option = "--name" [ "=" value | value ] | "-n" [ value ]     -xyz = -x -y -z
//
// A value may begin with a dash (`--conns -1`, `-o --`). After `--` alone everything is an operand.
import { Arguments } from "./arguments.ts";
import { COMMON_OPTIONS, type Command, type OptionSpec } from "./command.ts";
import { usageFailure } from "./failure.ts";
import { nearest } from "./nearest.ts";

export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly words: Arguments }
  | { readonly kind: "help"; readonly command: Command }
  /** Help for all commands that begin with these words. */
  | { readonly kind: "overview"; readonly words: readonly string[] }
  | { readonly kind: "version" };

/** Values of one command line may not be more than this; a fault in a script, not a wish. */
const VALUES_MAX = 100_000;

/** Throws `Failure`. */
export function parseArguments(argv: readonly string[], commands: readonly Command[]): Parsed {
  const first = argv[0];
  if (first === "--version" || first === "-v" || first === "version") return { kind: "version" };
  const rest = first === "help" ? argv.slice(1) : argv;
  const words: string[] = [];
  while (rest[words.length]?.startsWith("-") === false) {
    const next = [...words, rest[words.length] as string];
    if (!commands.some((command) => startsWith(command.words, next))) break;
    words.push(rest[words.length] as string);
  }
  const command = commands.find(
    (it) => it.words.length === words.length && startsWith(it.words, words),
  );
  const others = rest.slice(words.length);
  if (command === undefined) {
    const unknown = others[0];
    if (unknown === undefined || unknown === "--help" || unknown === "-h") {
      return { kind: "overview", words };
    }
    throw usageFailure(unknownCommand(words, unknown, commands));
  }
  if (first === "help") return { kind: "help", command };
  const options = [...command.options, ...COMMON_OPTIONS];
  const values = new ValueReader(command, options).read(others);
  if (values.has("help")) return { kind: "help", command };
  return { kind: "run", command, words: new Arguments(options, values) };
}

function startsWith(words: readonly string[], start: readonly string[]): boolean {
  return start.every((word, at) => words[at] === word);
}

function unknownCommand(
  words: readonly string[],
  unknown: string,
  commands: readonly Command[],
): string {
  const wanted = words.join(" ");
  const place = wanted === "" ? "" : ` after "${wanted}"`;
  if (unknown.startsWith("-")) return `a command is wanted${place} before ${unknown}`;
  const next = commands
    .filter((it) => startsWith(it.words, words))
    .map((it) => it.words[words.length]);
  const similar = nearest(unknown, new Set(next.filter((word) => word !== undefined)));
  const hint = similar === undefined ? "" : `; did you mean "${similar}"?`;
  return `unknown command "${unknown}"${place}${hint}`;
}

class ValueReader {
  readonly #command: Command;
  readonly #options: readonly OptionSpec[];
  readonly #values = new Map<string, string[]>();

  constructor(command: Command, options: readonly OptionSpec[]) {
    this.#command = command;
    this.#options = options;
  }

  read(argv: readonly string[]): ReadonlyMap<string, readonly string[]> {
    let at = 0;
    for (; at < argv.length; at += 1) {
      const word = argv[at] as string;
      if (word === "--") break;
      if (word.startsWith("--")) at += this.#long(word, argv[at + 1]);
      else if (word.startsWith("-") && word.length > 1) at += this.#short(word, argv[at + 1]);
      else this.#operand(word);
    }
    for (const word of argv.slice(at + 1)) this.#operand(word);
    return this.#values;
  }

  /** The number of further words that it took. */
  #long(word: string, next: string | undefined): number {
    const equals = word.indexOf("=");
    const name = word.slice(2, equals === -1 ? undefined : equals);
    const option = this.#options.find((it) => it.name === name);
    if (option === undefined) {
      const similar = nearest(name, new Set(this.#options.map((it) => it.name)));
      const hint = similar === undefined ? "" : `; did you mean --${similar}?`;
      throw usageFailure(`unknown option --${name} of "${this.#command.words.join(" ")}"${hint}`);
    }
    if (equals !== -1) {
      this.#set(option, word.slice(equals + 1));
      return 0;
    }
    return this.#take(option, next);
  }

  #short(word: string, next: string | undefined): number {
    for (let at = 1; at < word.length; at += 1) {
      const option = this.#options.find((it) => it.short === word[at]);
      if (option === undefined) {
        throw usageFailure(`unknown option -${word[at]} of "${this.#command.words.join(" ")}"`);
      }
      if (option.value === undefined) {
        this.#set(option, "true");
        continue;
      }
      const rest = word.slice(at + 1);
      if (rest === "") return this.#take(option, next);
      this.#set(option, rest.startsWith("=") ? rest.slice(1) : rest);
      break;
    }
    return 0;
  }

  #take(option: OptionSpec, next: string | undefined): number {
    if (option.value === undefined || option.implied !== undefined) {
      this.#set(option, option.implied ?? "true");
      return 0;
    }
    if (next === undefined) throw usageFailure(`--${option.name} wants a value: ${option.value}`);
    this.#set(option, next);
    return 1;
  }

  #operand(word: string): void {
    const name = this.#command.operand;
    const option = this.#options.find((it) => it.name === name);
    if (option === undefined || (this.#values.has(option.name) && option.isList !== true)) {
      throw usageFailure(`"${word}" is one word too many for "${this.#command.words.join(" ")}"`);
    }
    this.#set(option, word);
  }

  #set(option: OptionSpec, value: string): void {
    if (option.value === undefined && value !== "true" && value !== "false") {
      throw usageFailure(`--${option.name} is true or false, not "${value}"`);
    }
    const known = this.#values.get(option.name) ?? [];
    if (known.length > VALUES_MAX) throw usageFailure(`too many values for --${option.name}`);
    if (option.isList === true) {
      const parts = value.split(",").map((part) => part.trim());
      this.#values.set(option.name, [...known, ...parts.filter((part) => part !== "")]);
    } else this.#values.set(option.name, [...known, value]);
  }
}
