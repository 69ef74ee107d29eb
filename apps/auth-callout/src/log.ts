// One line for each event, as text or JSON, to standard error. Must stay true: lines are made of named
// fields that hold no secret; what clients chose is escaped and cut.
import { plainText } from "@weft/base";

export type LogFields = Readonly<Record<string, string | number | undefined>>;

export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
}

export function createLog(format: "text" | "json", write: (line: string) => void): Log {
  const line = (level: string, event: string, fields: LogFields): void => {
    const time = new Date().toISOString();
    const shown = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(
        ([name, value]) => [name, typeof value === "string" ? plainText(value) : value] as const,
      );
    if (format === "json") {
      write(`${JSON.stringify({ time, level, event, ...Object.fromEntries(shown) })}\n`);
      return;
    }
    const pairs = shown.map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
    write(`${time} ${level} ${event}${pairs.join("")}\n`);
  };
  return {
    info: (event, fields = {}) => line("info", event, fields),
    warn: (event, fields = {}) => line("warn", event, fields),
  };
}
