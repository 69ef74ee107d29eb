// Every command-line flag, one row each (docs/compat/14-configuration.md, 14.3). Control thread.
// Must stay true: the help text lists exactly these.
import type { Feature } from "./unsupported.ts";

/** What a flag's value is; `switch` flags take none, or one after `=`. */
export type FlagType = "switch" | "integer" | "string";

/** Names under which parsed values are kept. */
export type FlagKey =
  | "host"
  | "port"
  | "serverName"
  | "clientAdvertise"
  | "pidFile"
  | "portsFileDir"
  | "config"
  | "test"
  | "signal"
  | "workers"
  | "allowUnsupported"
  | "strict"
  | "httpPort"
  | "httpsPort"
  | "syslog"
  | "remoteSyslog"
  | "logSizeLimit"
  | "logFile"
  | "logtime"
  | "logtimeUtc"
  | "debug"
  | "trace"
  | "traceVerbose"
  | "debugTrace"
  | "debugTraceVerbose"
  | "maxTracedMessageBytes"
  | "user"
  | "password"
  | "token"
  | "tls"
  | "tlsCert"
  | "tlsKey"
  | "tlsVerify"
  | "tlsCa"
  | "help"
  | "helpTls"
  | "version"
  | "missing";

export interface FlagRow {
  /** Without dashes; the first is the short one. */
  readonly names: readonly string[];
  readonly key: FlagKey;
  readonly type: FlagType;
  /** Placeholder of the value in the help; empty for switches. */
  readonly value: string;
  readonly help: string;
  /** The missing part of the server that it belongs to. */
  readonly feature?: Feature | undefined;
}

export interface FlagGroup {
  readonly title: string;
  readonly rows: readonly FlagRow[];
}

function text(names: string, key: FlagKey, value: string, help: string): FlagRow {
  return { names: names.split(" "), key, type: "string", value, help };
}

function integer(names: string, key: FlagKey, value: string, help: string): FlagRow {
  return { names: names.split(" "), key, type: "integer", value, help };
}

function toggle(names: string, key: FlagKey, help: string): FlagRow {
  return { names: names.split(" "), key, type: "switch", value: "", help };
}

function missing(names: string, type: FlagType, value: string, feature: Feature): FlagRow {
  const help = `${feature}: not supported by this version`;
  return { names: names.split(" "), key: "missing", type, value, help, feature };
}

/** FL-01 to FL-10, with Weft's own. */
export const FLAG_GROUPS: readonly FlagGroup[] = [
  {
    title: "Server",
    rows: [
      text("a addr net", "host", "host", "Listen on this address (default 0.0.0.0)"),
      integer("p port", "port", "port", "Listen for clients on this port (default 4222, -1: any)"),
      text("n name server_name", "serverName", "name", "Name of this server (default: its id)"),
      text("P pid", "pidFile", "file", "Write the process id to this file"),
      text("c config", "config", "file", "Read this configuration file"),
      toggle("t", "test", "Check the configuration file and exit"),
      text(
        "sl signal",
        "signal",
        "command[=pid]",
        "Send ldm, stop, quit, term, reopen or reload to a server; pid may be a file or 12*",
      ),
      text(
        "client_advertise",
        "clientAdvertise",
        "url",
        "Address that INFO tells clients, as host:port",
      ),
      text("ports_file_dir", "portsFileDir", "dir", "Write a file with all ports to this folder"),
      text("workers", "workers", "n", "Worker threads, or auto (default; also WEFT_WORKERS)"),
      toggle("strict", "strict", "Refuse to start when the configuration has warnings"),
      toggle(
        "allow-unsupported",
        "allowUnsupported",
        "Only warn about options of missing features",
      ),
      integer("m http_port", "httpPort", "port", "Serve monitoring by HTTP on this port (-1: any)"),
      integer("ms https_port", "httpsPort", "port", "The same by HTTPS; needs TLS"),
    ],
  },
  {
    title: "Logging",
    rows: [
      text("l log", "logFile", "file", "Write the log to this file"),
      toggle("T logtime", "logtime", "Put the time in front of log lines (default true)"),
      toggle("logtime_utc", "logtimeUtc", "Use UTC for it instead of local time"),
      toggle("D debug", "debug", "Log debug lines"),
      toggle("V trace", "trace", "Log the protocol"),
      toggle("VV", "traceVerbose", "Log the protocol, of the system account too"),
      toggle("DV", "debugTrace", "Same as -D -V"),
      toggle("DVV", "debugTraceVerbose", "Same as -D -VV"),
      integer(
        "max_traced_msg_len",
        "maxTracedMessageBytes",
        "bytes",
        "Longest payload shown in a trace (default: all of it)",
      ),
      toggle("s syslog", "syslog", "Log to the machine's syslog"),
      text("r remote_syslog", "remoteSyslog", "url", "Log to this syslog, as udp://host:514"),
      integer("log_size_limit", "logSizeLimit", "bytes", "Put the log file away at this size"),
    ],
  },
  {
    title: "Authorization",
    rows: [
      text("user", "user", "name", "User that clients have to give"),
      text("pass", "password", "password", "Password that clients have to give"),
      text("auth", "token", "token", "Token that clients have to give"),
    ],
  },
  {
    title: "TLS",
    rows: [
      toggle("tls", "tls", "Use TLS; needs --tlscert and --tlskey"),
      text("tlscert", "tlsCert", "file", "Certificate of the server"),
      text("tlskey", "tlsKey", "file", "Private key of the certificate"),
      toggle("tlsverify", "tlsVerify", "Use TLS and ask clients for a certificate"),
      text("tlscacert", "tlsCa", "file", "Authority that client certificates come from"),
    ],
  },
  {
    title: "JetStream",
    rows: [
      missing("js jetstream", "switch", "", "JetStream"),
      missing("sd store_dir", "string", "dir", "JetStream"),
    ],
  },
  {
    title: "Cluster",
    rows: [
      missing("routes", "string", "urls", "clustering"),
      missing("cluster cluster_listen", "string", "url", "clustering"),
      missing("cluster_name", "string", "name", "clustering"),
      missing("cluster_advertise", "string", "url", "clustering"),
      missing("no_advertise", "switch", "", "clustering"),
      missing("connect_retries", "integer", "n", "clustering"),
    ],
  },
  {
    title: "Other",
    rows: [
      missing("profile", "integer", "port", "profiling"),
      toggle("h help", "help", "Print this text"),
      toggle("help_tls", "helpTls", "Print the names of cipher suites and curves"),
      toggle("v version", "version", "Print the version"),
    ],
  },
];

const ROWS_BY_NAME: ReadonlyMap<string, FlagRow> = new Map(
  FLAG_GROUPS.flatMap(({ rows }) => rows).flatMap((row) => row.names.map((name) => [name, row])),
);

/** The row of a flag by its name without dashes; case counts. */
export function findFlag(name: string): FlagRow | undefined {
  return ROWS_BY_NAME.get(name);
}
