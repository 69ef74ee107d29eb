// The writer of the Windows event log: its lines, with another program in PowerShell's place, and its
// refusal elsewhere. What PowerShell does with them is not shown here.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { linesOf, newFolder, PLACE, until } from "./testing/log-bench.ts";
import { type EventLogSettings, openEventLog } from "./windows-event-log.ts";

const CHILD = fileURLToPath(new URL("testing/event-log-child.mjs", import.meta.url));

function settings(file: string, verdict: string): EventLogSettings {
  return {
    platform: "win32",
    place: PLACE,
    events: {
      onLoss: () => undefined,
      onRegained: () => undefined,
      onFatal: () => undefined,
      onDrained: () => undefined,
    },
    command: { command: process.execPath, arguments: [CHILD, file, verdict], ready: "ready" },
  };
}

test("LG-10: type, id and text of each level, as the reference writes them", async () => {
  const file = join(newFolder(), "events");
  const output = await openEventLog(settings(file, "take"));
  for (const level of ["info", "warn", "error", "debug", "trace", "fatal"] as const) {
    output.write(level, `at ${level}; 'quoted' $(x) ä`);
  }
  await output.close(5_000);
  // The child writes the rest after its input has ended.
  await until(() => existsSync(file) && linesOf(file).length === 6);
  expect(linesOf(file)).toEqual([
    "Information 1 pid[7][NOTICE]: at info; 'quoted' $(x) ä",
    "Information 1 pid[7][WARN]: at warn; 'quoted' $(x) ä",
    "Error 2 pid[7][ERROR]: at error; 'quoted' $(x) ä",
    "Information 3 pid[7][DEBUG]: at debug; 'quoted' $(x) ä",
    "Information 4 pid[7][TRACE]: at trace; 'quoted' $(x) ä",
    "Error 5 pid[7][FATAL]: at fatal; 'quoted' $(x) ä",
  ]);
});

test("LG-10: what Windows refuses is an error of the start", async () => {
  await expect(openEventLog(settings("", "refuse"))).rejects.toThrow(
    "could not open event log: Requested registry access is not allowed.",
  );
});

test("LG-10: on other systems there is none", async () => {
  await expect(openEventLog({ ...settings("", ""), platform: "linux" })).rejects.toThrow(
    "could not open event log: there is none on linux, only on Windows",
  );
});
