// Lines of syslog (LG-09): RFC 3164 as the reference writes it, or RFC 5424. Control thread.
//
//   local   <PRI>Mmm dd hh:mm:ss program[pid]: text
//   remote  <PRI>YYYY-MM-DDThh:mm:ss+hh:mm host program[pid]: text
//   5424    <PRI>1 YYYY-MM-DDThh:mm:ss.sss+hh:mm host program pid - - text
import type { LogLevel } from "@weft/base";

export interface SyslogFacts {
  readonly format: "rfc3164" | "rfc5424";
  /** A local syslog knows its host and the date. */
  readonly local: boolean;
  readonly host: string;
  readonly program: string;
  readonly processId: number;
}

const FACILITY_DAEMON = 3;
/** A datagram holds no more; what is longer is cut. */
export const DATAGRAM_BYTES_MAX = 60_000;

/** The reference's: traces are notices, as `[INF]` lines are. */
const SEVERITIES: Readonly<Record<LogLevel, number>> = {
  fatal: 2,
  error: 3,
  warn: 4,
  info: 5,
  trace: 5,
  debug: 7,
};

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** `<PRI>` of a line. */
export function syslogPriority(level: LogLevel): string {
  return `<${FACILITY_DAEMON * 8 + SEVERITIES[level]}>`;
}

/** One line without its end. */
export function syslogLine(facts: SyslogFacts, level: LogLevel, text: string, now: Date): string {
  const { format, local, host, program, processId } = facts;
  const priority = syslogPriority(level);
  if (format === "rfc5424") {
    return `${priority}1 ${isoTime(now, true)} ${host} ${program} ${processId} - - ${text}`;
  }
  if (local) return `${priority}${shortTime(now)} ${program}[${processId}]: ${text}`;
  return `${priority}${isoTime(now, false)} ${host} ${program}[${processId}]: ${text}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function clock(now: Date): string {
  return `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
}

/** Local time with its offset, as the reference writes it. */
function isoTime(now: Date, fraction: boolean): string {
  const offset = -now.getTimezoneOffset();
  const size = Math.abs(offset);
  const zone =
    offset === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const parts = fraction ? `.${String(now.getMilliseconds()).padStart(3, "0")}` : "";
  return `${date}T${clock(now)}${parts}${zone}`;
}

function shortTime(now: Date): string {
  const month = MONTHS.slice(now.getMonth() * 3, now.getMonth() * 3 + 3);
  return `${month} ${String(now.getDate()).padStart(2, " ")} ${clock(now)}`;
}
