// The Windows event log (LG-10), through PowerShell, which every Windows has. Control thread. What
// must stay true: elsewhere it is refused by name; texts travel as base64, never as commands.
import type { LogLevel } from "@weft/base";
import { type ChildCommand, childStream } from "./child-stream.ts";
import type { LogPlace } from "./log-options.ts";
import type { LogOutput, OutputEvents } from "./log-output.ts";
import { StreamOutput } from "./stream-output.ts";

/** The reference's source, which existing filters look for. */
const SOURCE = "NATS-Server";
const READY = "ready";
/** An event holds 31,839 characters. */
const TEXT_CHARACTERS_MAX = 31_000;

/** Type, event id and word of each level, as the reference writes them. */
const EVENTS: Readonly<Record<LogLevel, readonly [string, number, string]>> = {
  info: ["Information", 1, "NOTICE"],
  warn: ["Information", 1, "WARN"],
  error: ["Error", 2, "ERROR"],
  debug: ["Information", 3, "DEBUG"],
  trace: ["Information", 4, "TRACE"],
  fatal: ["Error", 5, "FATAL"],
};

/** Reads `type id base64` line by line. Making the source needs an administrator, once. */
const SCRIPT = [
  "$ErrorActionPreference = 'Stop'",
  `$source = '${SOURCE}'`,
  "if (-not [System.Diagnostics.EventLog]::SourceExists($source)) {",
  "  [System.Diagnostics.EventLog]::CreateEventSource($source, 'Application')",
  "}",
  `[Console]::Out.WriteLine('${READY}')`,
  "while ($null -ne ($line = [Console]::In.ReadLine())) {",
  "  $type, $id, $encoded = $line.Split(' ')",
  "  $text = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($encoded))",
  "  [System.Diagnostics.EventLog]::WriteEntry($source, $text, $type, [int]$id)",
  "}",
].join("\n");

const POWERSHELL: ChildCommand = {
  command: "powershell.exe",
  arguments: [
    ...["-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand"],
    Buffer.from(SCRIPT, "utf16le").toString("base64"),
  ],
  ready: READY,
};

export interface EventLogSettings {
  readonly platform: NodeJS.Platform;
  readonly place: LogPlace;
  readonly events: OutputEvents;
  /** Another program that understands the same lines. */
  readonly command?: ChildCommand | undefined;
}

/** Rejects with `could not open event log: ...`. */
export async function openEventLog(settings: EventLogSettings): Promise<LogOutput> {
  const { platform, place, events, command = POWERSHELL } = settings;
  if (platform !== "win32") {
    throw new Error(`could not open event log: there is none on ${platform}, only on Windows`);
  }
  try {
    return await new StreamOutput({
      events,
      encode: (level, text) => eventLine(level, text, place.processId),
      connect: () => childStream(command),
    }).open();
  } catch (error) {
    throw new Error(`could not open event log: ${(error as Error).message}`);
  }
}

function eventLine(level: LogLevel, text: string, processId: number): string {
  const [type, id, word] = EVENTS[level];
  const whole = `pid[${processId}][${word}]: ${text}`.slice(0, TEXT_CHARACTERS_MAX);
  return `${type} ${id} ${Buffer.from(whole).toString("base64")}\n`;
}
