// One record as one line: the reference's text (LG-02, LG-03) or a JSON object, made by pino.
// Control thread. What must stay true: a text cannot forge a second line or steer a terminal.
import { createRequire } from "node:module";
import type { LogConnection, LogLevel } from "@weft/base";
import type { LogOptions } from "./log-options.ts";
import { wallMs } from "./wall-clock.ts";

/** A record without the end of the line. */
export type LineFormat = (level: LogLevel, text: string, connection?: LogConnection) => string;

const LABELS: Readonly<Record<LogLevel, string>> = {
  fatal: "FTL",
  error: "ERR",
  warn: "WRN",
  info: "INF",
  debug: "DBG",
  trace: "TRC",
};

const COLOURS: Readonly<Record<LogLevel, string>> = {
  fatal: "31",
  error: "31",
  warn: "0;93",
  info: "32",
  debug: "36",
  trace: "33",
};

/** Control characters but tab and line feed, and what terminals take for such. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;
/** Those among them that JSON lets stand. */
const CONTROL_IN_JSON = /[\u007f-\u009f\u2028\u2029]/g;

export interface LineSettings {
  readonly processId: number;
  readonly coloured: boolean;
}

/** `[pid] YYYY/MM/DD HH:MM:SS.ssssss [INF] text`, or an object with the same facts. */
export function lineFormat(options: LogOptions, settings: LineSettings): LineFormat {
  if (options.format === "json") return jsonLine(options, settings.processId);
  const time = options.logtime ? new TextClock(options.logtimeUtc) : undefined;
  const { processId, coloured } = settings;
  return (level, text, connection) => {
    const label = coloured ? `\u001b[${COLOURS[level]}m${LABELS[level]}\u001b[0m` : LABELS[level];
    const now = time === undefined ? "" : ` ${time.now()}`;
    return `[${processId}]${now} [${label}] ${messageText(text, connection)}`;
  };
}

/** What syslog gets: it adds time, program and level itself. */
export function messageFormat(options: LogOptions, processId: number): LineFormat {
  if (options.format === "json") return jsonLine(options, processId);
  return (_level, text, connection) => messageText(text, connection);
}

/** The label of the connection and the text, safe to stand in one line. */
export function messageText(text: string, connection: LogConnection | undefined): string {
  return oneLine(connection === undefined ? text : `${connection.label} - ${text}`);
}

/** Line breaks inside a text would let a client forge lines; those of a stack stay readable. */
function oneLine(text: string): string {
  const safe = text.replace(CONTROL, (character) => {
    if (character === "\r") return "\\r";
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
  if (!safe.includes("\n")) return safe;
  return safe.replaceAll("\\r\n", "\n").trimEnd().replaceAll("\n", "\n\t");
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** pino is loaded only where it is wanted: it takes as long as the rest of a start. */
function jsonLine(options: LogOptions, processId: number): LineFormat {
  const { pino } = createRequire(import.meta.url)("pino") as typeof import("pino");
  let line = "";
  const logger = pino(
    {
      level: "trace",
      messageKey: "message",
      base: { pid: processId },
      timestamp: options.logtime ? () => `,"time":"${isoMicros()}"` : false,
      formatters: { level: (level) => ({ level }) },
    },
    {
      write: (text: string) => {
        line = text.trimEnd();
      },
    },
  );
  return (level, text, connection) => {
    logger[level](connection === undefined ? {} : connectionFields(connection), text);
    // They stand inside of texts only.
    return line.replace(CONTROL_IN_JSON, (one) => `\\u${hex(one.charCodeAt(0), 4)}`);
  };
}

/** Only what is known (SB-98). */
function connectionFields(connection: LogConnection): Record<string, string | number> {
  const { clientId, address, port, account, user } = connection;
  return {
    client_id: clientId,
    address: address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
    ...(account === "" ? {} : { account }),
    ...(user === "" ? {} : { user }),
  };
}

function isoMicros(): string {
  const now = wallMs();
  const millis = Math.floor(now);
  const micros = Math.floor((now - millis) * 1000);
  const text = new Date(millis).toISOString();
  return `${text.slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}

/** `YYYY/MM/DD HH:MM:SS.ssssss`; what changes once a second is made once a second. */
class TextClock {
  readonly #utc: boolean;
  #second = 0;
  #secondText = "";

  constructor(utc: boolean) {
    this.#utc = utc;
  }

  now(): string {
    const now = wallMs();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = dateText(new Date(second * 1000), this.#utc);
    }
    const micros = Math.floor((now - second * 1000) * 1000);
    return `${this.#secondText}.${String(micros).padStart(6, "0")}`;
  }
}

function dateText(date: Date, utc: boolean): string {
  const [year, month, day] = utc
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    : [date.getFullYear(), date.getMonth(), date.getDate()];
  const [hour, minute, second] = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const two = (value: number): string => String(value).padStart(2, "0");
  return (
    `${String(year).padStart(4, "0")}/${two(month + 1)}/${two(day)} ` +
    `${two(hour)}:${two(minute)}:${two(second)}`
  );
}
