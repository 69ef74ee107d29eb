// Options of the log (CK-04, CK-15; docs/compat/13-logging.md). Control thread. Must stay true: a
// reload takes over all of them (RL-02), but for when a file is begun anew, as in the reference.
import type { ReadContext } from "./context.ts";
import { readInteger, readString } from "./fields.ts";
import type { ConfigEntry } from "./node.ts";
import {
  loggingRow,
  type OptionRow,
  type OptionsDraft,
  type OptionType,
  type RowFacts,
  rowOf,
  stringRow,
} from "./option-row.ts";
import type { LoggingOptions } from "./options.ts";

/** What is wrong with the address of a syslog server; undefined = nothing (LG-09). */
export function remoteSyslogMistake(address: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(address)?.[1]?.toLowerCase() ?? "";
  if (!["udp", "tcp", "unix"].includes(scheme)) {
    return `invalid network type: ${JSON.stringify(scheme)}`;
  }
  const pattern = scheme === "unix" ? /^unix:\/\/\/./i : /^\w+:\/\/[^/?#\s]+:\d{1,5}$/i;
  const port = scheme === "unix" ? 1 : Number(/:(\d+)$/.exec(address)?.[1]);
  if (pattern.test(address) && port >= 1 && port <= 65_535) return undefined;
  const wanted = scheme === "unix" ? "unix:///path" : `${scheme}://host:port`;
  return `remote_syslog must look like ${wanted}`;
}

function applyRemoteSyslog(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const address = readString(entry, context.findings);
  if (address === undefined) return;
  const mistake = address === "" ? undefined : remoteSyslogMistake(address);
  if (mistake !== undefined) context.findings.error(entry.at, mistake);
  draft.options.logging = { ...draft.options.logging, remoteSyslog: address || undefined };
}

/** Negative stands for no limit, as in the reference (LG-05). */
function loggingSizeRow(
  facts: RowFacts,
  key: "logFileSizeLimit" | "logFilesMax",
  type: OptionType,
): OptionRow {
  return rowOf({ default: "0", ...facts }, type, (draft, entry, { findings }) => {
    const value = readInteger(entry, findings);
    if (value === undefined) return;
    draft.options.logging = { ...draft.options.logging, [key]: Math.max(0, value) };
  });
}

/** An option of ours whose value is one of a few words. */
function choiceRow<K extends "format" | "syslogFormat">(
  facts: Omit<RowFacts, "row">,
  key: K,
  choices: readonly LoggingOptions[K][],
): OptionRow {
  const row = { reloadable: true, row: "Weft", ...facts };
  return rowOf(row, "string", (draft, entry, { findings }) => {
    const written = readString(entry, findings)?.toLowerCase();
    if (written === undefined) return;
    const choice = choices.find((word) => word === written);
    if (choice === undefined) {
      findings.error(entry.at, `${entry.key} must be one of: ${choices.join(", ")}`);
      return;
    }
    draft.options.logging = { ...draft.options.logging, [key]: choice };
  });
}

export const LOGGING_ROWS: readonly OptionRow[] = [
  loggingRow({ name: "debug", row: "CK-04" }, "debug"),
  loggingRow({ name: "trace", row: "CK-04" }, "trace"),
  loggingRow({ name: "trace_verbose", row: "CK-04" }, "traceVerbose", "trace"),
  loggingRow({ name: "trace_headers", row: "CK-04" }, "traceHeaders", "trace"),
  loggingRow({ name: "logtime", default: "true", row: "CK-04" }, "logtime"),
  loggingRow({ name: "logtime_utc", row: "CK-04" }, "logtimeUtc"),
  stringRow(
    { name: "log_file", aliases: ["logfile"], reloadable: true, row: "CK-15" },
    (draft, value) => {
      draft.options.logging = { ...draft.options.logging, logFile: value || undefined };
    },
  ),
  loggingSizeRow(
    { name: "log_size_limit", aliases: ["logfile_size_limit"], row: "CK-15" },
    "logFileSizeLimit",
    "size",
  ),
  loggingSizeRow(
    { name: "log_max_num", aliases: ["logfile_max_num"], row: "CK-15" },
    "logFilesMax",
    "integer",
  ),
  loggingRow({ name: "syslog", row: "CK-15" }, "syslog"),
  rowOf({ name: "remote_syslog", reloadable: true, row: "CK-15" }, "string", applyRemoteSyslog),
  choiceRow({ name: "syslog_format", default: "rfc3164" }, "syslogFormat", ["rfc3164", "rfc5424"]),
  choiceRow({ name: "log_format", default: "text" }, "format", ["text", "json"]),
  loggingRow({ name: "log_loss_is_fatal", row: "Weft" }, "lossIsFatal"),
];
