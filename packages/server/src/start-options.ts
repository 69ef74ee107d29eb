// What a program that embeds a server may say about it. Types only.
import type { AuthenticationHook, ReloadPart } from "@weft/runtime";
import type { AccountSpec, LogLevel, ServerOptions, UserSpec } from "./config-types.ts";

/** Receives one line of the log. */
export type LogFunction = (level: LogLevel, text: string) => void;

/** An authentication function and its surroundings. */
export interface EmbeddedAuthentication {
  readonly hook: AuthenticationHook;
  /** For one answer. Default: 2,000. */
  readonly timeoutMs?: number | undefined;
  /** Names or nkeys of users that log in without it. */
  readonly authUsers?: readonly string[] | undefined;
}

/** Everything is optional: `startServer({})` listens on a free port of 127.0.0.1. */
export interface StartOptions {
  /** Path of a configuration file in the reference's language. */
  readonly configFile?: string | undefined;
  /** Text of a configuration, instead of a file; it cannot include others. */
  readonly config?: string | undefined;
  /**
   * Address to listen on. Default: that of the configuration, all where it names none; without a
   * configuration `127.0.0.1`.
   */
  readonly host?: string | undefined;
  /**
   * 0 or -1 = any free port. Default: that of the configuration, 4222 where it names none; without a
   * configuration 0.
   */
  readonly port?: number | undefined;
  /** Worker threads. Default: that of the configuration, else one less than there are cores. */
  readonly workers?: number | "auto" | undefined;
  /** Name of the server in INFO. Default: its id. */
  readonly name?: string | undefined;
  /** Further users; `account` names one of `accounts` or of the configuration. */
  readonly users?: readonly UserSpec[] | undefined;
  /** Further accounts, with exports, imports, mappings and limits. */
  readonly accounts?: readonly AccountSpec[] | undefined;
  /**
   * Decides about logins (GP-14), before the users: a function, or with a time limit and users that it
   * is not asked about. Runs on this thread. For a file with a thread of its own see
   * `authentication_module` of the configuration, which this replaces.
   */
  readonly authentication?: AuthenticationHook | EmbeddedAuthentication | undefined;
  /**
   * Any other option by its name in `ServerOptions`. Applied last, over the configuration; `auth`
   * and `accounts` are set above.
   */
  readonly options?: Partial<Omit<ServerOptions, "auth" | "accounts">> | undefined;
  /**
   * Where the log goes: a function, `stderr` for the program's format there, or nowhere. Default:
   * the log file or the syslog of the configuration, if it names one, else nowhere.
   */
  readonly log?: LogFunction | "stderr" | undefined;
  /** What in the program follows the configuration of a running server. */
  readonly reloadParts?: readonly ReloadPart[] | undefined;
}
