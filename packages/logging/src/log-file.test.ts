// Rotation: when, under which name, how many are kept, and what happens when it fails.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ServerLog } from "./server-log.ts";
import { backupsOf, linesOf, logInFile, newFolder, PLACE } from "./testing/log-bench.ts";

const NAME = /^server\.log\.\d{4}\.\d\d\.\d\d\.\d\d\.\d\d\.\d\d\.\d{9}$/;

test("LG-05: a file above the limit is put away under the reference's name", async () => {
  const bench = logInFile({ logFileSizeLimit: 1_000 });
  for (let line = 0; line < 60; line += 1)
    bench.log.write("info", `line ${line} ${"x".repeat(30)}`);
  await bench.log.close();
  const backups = backupsOf(bench);
  expect(backups.length).toBeGreaterThan(1);
  const files = [...backups, bench.file];
  for (const [index, file] of files.entries()) {
    const lines = linesOf(file);
    if (index > 0) {
      expect(lines[0]).toBe(`[7] [INF] Rotated log, backup saved as "${files[index - 1]}"`);
    }
    const bytes = lines.join("\n").length + 1;
    if (file === bench.file) continue;
    expect(basename(file)).toMatch(NAME);
    // The line that passes the limit is the last one.
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes - (lines.at(-1) as string).length - 1).toBeLessThanOrEqual(1_000);
  }
  const written = files.flatMap(linesOf).filter((line) => line.includes("] line "));
  expect(written.map((line) => Number(line.split(" ")[3]))).toEqual(
    Array.from({ length: 60 }, (_, line) => line),
  );
});

test("LG-05: a file that is too large at the start is put away", async () => {
  const bench = logInFile();
  bench.log.write("info", "x".repeat(500));
  await bench.log.close();
  const again = new ServerLog({ ...bench.options, logFileSizeLimit: 400 }, PLACE);
  await again.close();
  const [backup] = backupsOf(bench);
  expect(linesOf(backup as string).at(-1)).toBe("[7] [INF] Rotating logfile...");
});

test("LG-06: log_max_num counts the current file; others' files stay", async () => {
  const bench = logInFile({ logFileSizeLimit: 100, logFilesMax: 3 });
  const stranger = join(bench.folder, "server.log.2020.01.01.old");
  writeFileSync(stranger, "");
  mkdirSync(join(bench.folder, "server.log.2020.01.01.00.00.00.000000000"));
  for (let line = 0; line < 12; line += 1) bench.log.write("info", `${"x".repeat(100)} ${line}`);
  await bench.log.close();
  const backups = backupsOf(bench).filter((file) => !file.includes(".log.2020."));
  expect(backups).toHaveLength(2);
  expect(linesOf(bench.file).some((line) => line.includes('Purged log file "server.log.'))).toBe(
    true,
  );
  expect(linesOf(stranger)).toEqual([]);
});

test("GP-11, LG-08: limits hold after a re-open", async () => {
  const bench = logInFile({ logFileSizeLimit: 100, logFilesMax: 2 });
  bench.log.reopen();
  for (let line = 0; line < 10; line += 1) bench.log.write("info", "x".repeat(100));
  await bench.log.close();
  expect(backupsOf(bench)).toHaveLength(1);
});

test("LG-05: JSON files begin with JSON", async () => {
  const bench = logInFile({ logFileSizeLimit: 100, format: "json" });
  bench.log.write("info", "x".repeat(100));
  await bench.log.close();
  const message = expect.stringMatching(/^Rotated log, backup saved as /);
  expect(JSON.parse(linesOf(bench.file)[0] as string)).toMatchObject({ level: "info", message });
});

test("GP-11: a file that was moved away is not missed", async () => {
  const bench = logInFile({ logFileSizeLimit: 100 });
  renameSync(bench.file, `${bench.file}-moved`);
  bench.log.write("info", "x".repeat(100));
  bench.log.reopen();
  await bench.log.close();
  expect(linesOf(`${bench.file}-moved`)).toHaveLength(1);
  expect(linesOf(bench.file)).toEqual([
    "[7] [INF] Rotated log, the file had been moved away",
    "[7] [INF] File log re-opened",
  ]);
});

test("LG-07: what cannot be renamed is tried again at twice the size", async () => {
  // No name of a backup fits behind this one.
  const logFile = join(newFolder(), "x".repeat(240));
  const bench = logInFile({ logFileSizeLimit: 100, logFile });
  bench.log.write("info", "x".repeat(100));
  bench.log.write("info", "y");
  await bench.log.close();
  const lines = linesOf(logFile);
  expect(lines[1]).toMatch(
    /^\[7\] \[ERR\] Unable to rename logfile for rotation \(ENAMETOOLONG.*at size 200$/,
  );
});

test("LG-07: a new file that cannot be opened is fatal, and nothing written is lost", () => {
  const folder = newFolder();
  const file = join(folder, "server.log");
  const script = fileURLToPath(new URL("testing/starved-log.ts", import.meta.url));
  const command = 'ulimit -n 60 && exec "$0" "$@"';
  const run = spawnSync("sh", ["-c", command, process.execPath, script, file], {
    encoding: "utf8",
  });
  expect(run.stdout).toMatch(/^Unable to re-open the logfile ".*" after rotation: EMFILE/);
  const [backup] = readdirSync(folder);
  expect(linesOf(join(folder, backup as string)).map((line) => line.slice(0, 11))).toEqual([
    "[7] [INF] x",
    "[7] [INF] y",
  ]);
});
