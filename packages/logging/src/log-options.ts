// What a log is made from. Types only.

/** LG-01: a file counts more than a remote syslog, that more than the local one. */
export interface LogOptions {
  readonly debug: boolean;
  readonly trace: boolean;
  readonly logtime: boolean;
  readonly logtimeUtc: boolean;
  readonly format: "text" | "json";
  readonly logFile?: string | undefined;
  /** Bytes after which a log file is put away; 0 = never (LG-05). */
  readonly logFileSizeLimit: number;
  /** Files kept, the current one included; 0 = all (LG-06). */
  readonly logFilesMax: number;
  /** The machine's own syslog; on Windows the event log. */
  readonly syslog: boolean;
  /** `udp://host:port`, `tcp://host:port` or `unix:///path`. */
  readonly remoteSyslog?: string | undefined;
  readonly syslogFormat: "rfc3164" | "rfc5424";
  /** SB-107: a line that cannot be written ends the server. */
  readonly lossIsFatal: boolean;
}

/** What does not come from a configuration. */
export interface LogPlace {
  readonly processId: number;
  /** Name of the program in syslog. */
  readonly program: string;
  /** Sockets where a local syslog may listen; undefined = those of the system. */
  readonly syslogPaths?: readonly string[] | undefined;
}
