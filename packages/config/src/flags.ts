// The command line (FL-01 to FL-10). Control thread.
//
//   flag = ("-" | "--") name [ "=" value | " " value ]
//
// As Go's flag package reads it: switches take a value only after "="; the first word that is no
// flag, or "--", ends the flags; the last of equal flags wins.
import { helpText, tlsHelpText } from "./flag-help.ts";
import { type FlagKey, type FlagRow, findFlag } from "./flag-table.ts";
import type { Feature } from "./unsupported.ts";

/** Values given on the command line; undefined = not given. */
export interface Flags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly serverName?: string | undefined;
  readonly clientAdvertise?: string | undefined;
  readonly pidFile?: string | undefined;
  readonly portsFileDir?: string | undefined;
  readonly config?: string | undefined;
  readonly workers?: string | undefined;
  readonly allowUnsupported?: boolean | undefined;
  readonly strict?: boolean | undefined;
  /** 0 takes the port of the file away. */
  readonly httpPort?: number | undefined;
  readonly httpsPort?: number | undefined;
  readonly syslog?: boolean | undefined;
  readonly remoteSyslog?: string | undefined;
  readonly logSizeLimit?: number | undefined;
  readonly logFile?: string | undefined;
  readonly logtime?: boolean | undefined;
  readonly logtimeUtc?: boolean | undefined;
  readonly debug?: boolean | undefined;
  readonly trace?: boolean | undefined;
  readonly traceVerbose?: boolean | undefined;
  readonly maxTracedMessageBytes?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** False takes TLS of the file away. */
  readonly tls?: boolean | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsVerify?: boolean | undefined;
  readonly tlsCa?: string | undefined;
  /** Flags of missing features, as given: `--cluster`. */
  readonly missing: readonly { readonly flag: string; readonly feature: Feature }[];
}

/** FL-03. */
export const SIGNAL_COMMANDS = ["ldm", "stop", "quit", "term", "reopen", "reload"] as const;
export type SignalCommand = (typeof SIGNAL_COMMANDS)[number];

export type ParsedFlags =
  | { readonly kind: "run"; readonly flags: Flags }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  /** FL-02. */
  | { readonly kind: "test"; readonly config: string; readonly flags: Flags }
  /** `target`: a process id, a file with one, or a prefix and `*`; undefined = the only server. */
  | {
      readonly kind: "signal";
      readonly command: SignalCommand;
      readonly target: string | undefined;
    }
  | { readonly kind: "error"; readonly message: string };

type Value = string | number | boolean;
type Values = Map<FlagKey, Value>;

class FlagError extends Error {
  override readonly name = "FlagError";
}

/** Reads a command line without the program's name. */
export function parseFlags(argv: readonly string[]): ParsedFlags {
  try {
    return parse(argv);
  } catch (error) {
    if (error instanceof FlagError) return { kind: "error", message: error.message };
    throw error;
  }
}

function parse(argv: readonly string[]): ParsedFlags {
  const values: Values = new Map();
  const missing: { flag: string; feature: Feature }[] = [];
  let index = 0;
  while (index < argv.length) {
    const word = argv[index] ?? "";
    if (word.length < 2 || !word.startsWith("-")) break;
    index += 1;
    if (word === "--") break;
    const { name, written } = splitFlag(word);
    const row = findFlag(name);
    if (row === undefined) throw new FlagError(`flag provided but not defined: -${name}`);
    let text = written;
    if (text === undefined && row.type !== "switch") {
      text = argv[index];
      if (text === undefined) throw new FlagError(`flag needs an argument: -${name}`);
      index += 1;
    }
    const value = readValue(row, name, text);
    if (row.feature === undefined) setValue(row.key, value, values);
    else if (!isOff(value))
      missing.push({ flag: word.split("=")[0] ?? word, feature: row.feature });
  }
  return decide(values, missing, argv.slice(index));
}

function splitFlag(word: string): { name: string; written: string | undefined } {
  const body = word.slice(word.startsWith("--") ? 2 : 1);
  if (body === "" || body.startsWith("-") || body.startsWith("=")) {
    throw new FlagError(`bad flag syntax: ${word}`);
  }
  const equals = body.indexOf("=");
  if (equals < 0) return { name: body, written: undefined };
  return { name: body.slice(0, equals), written: body.slice(equals + 1) };
}

function readValue(row: FlagRow, name: string, text: string | undefined): Value {
  const shown = JSON.stringify(text ?? "");
  switch (row.type) {
    case "switch": {
      if (text === undefined) return true;
      if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
      if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false;
      throw new FlagError(`invalid boolean value ${shown} for -${name}: parse error`);
    }
    case "integer": {
      const match = /^([-+]?)(\d+|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.exec(text ?? "");
      // A leading zero means octal to Go.
      const digits = (match?.[2] ?? "").replace(/^0(?=\d)/, "0o");
      const value = Number(digits || Number.NaN) * (match?.[1] === "-" ? -1 : 1);
      if (Number.isSafeInteger(value)) return value + 0;
      const cause = match && !Number.isNaN(value) ? "value out of range" : "parse error";
      throw new FlagError(`invalid value ${shown} for flag -${name}: ${cause}`);
    }
    default:
      return text ?? "";
  }
}

/** The combined switches set what they stand for, so that the last one given wins. */
function setValue(key: FlagKey, value: Value, values: Values): void {
  switch (key) {
    case "traceVerbose":
      values.set("trace", value);
      break;
    case "debugTrace":
      values.set("debug", value);
      values.set("trace", value);
      return;
    case "debugTraceVerbose":
      values.set("debug", value);
      values.set("trace", value);
      values.set("traceVerbose", value);
      return;
  }
  values.set(key, value);
}

function isOff(value: Value): boolean {
  return value === false || value === 0 || value === "";
}

/** What the command line asks for; in the reference's order of precedence. */
function decide(
  values: Values,
  missing: Flags["missing"],
  positional: readonly string[],
): ParsedFlags {
  if (values.get("version") === true) return { kind: "version" };
  if (values.get("help") === true) return { kind: "help", text: helpText() };
  if (values.get("helpTls") === true) return { kind: "help", text: tlsHelpText() };
  const command = positional[0];
  if (command !== undefined) {
    if (command.toLowerCase() === "version") return { kind: "version" };
    if (command.toLowerCase() === "help") return { kind: "help", text: helpText() };
    throw new FlagError(`unrecognized command: ${JSON.stringify(command)}`);
  }
  const signal = values.get("signal");
  if (typeof signal === "string" && signal !== "") return signalOf(signal);
  const { test, ...flags } = { ...Object.fromEntries(values), missing } as Flags & {
    readonly test?: boolean;
  };
  if (test !== true) return { kind: "run", flags };
  if (flags.config === undefined || flags.config === "") {
    throw new FlagError("must specify [-c, --config] option to check configuration file syntax");
  }
  return { kind: "test", config: flags.config, flags };
}

function signalOf(text: string): ParsedFlags {
  const [name = "", target, ...rest] = text.split("=");
  if (rest.length > 0) throw new FlagError(`invalid signal parameters: [${rest.join(" ")}]`);
  const command = SIGNAL_COMMANDS.find((known) => known === name);
  if (command === undefined) throw new FlagError(`unknown signal ${JSON.stringify(name)}`);
  return { kind: "signal", command, target: target || undefined };
}
