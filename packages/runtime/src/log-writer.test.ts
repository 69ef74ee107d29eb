// Lines as the reference writes them, before and after the buffered writer is loaded.
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultOptions } from "@weft/config";
import { afterAll, expect, test } from "vitest";
import { LogWriter, type LogWriterOptions } from "./log-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-log-"));
let count = 0;
afterAll(() => rmSync(folder, { recursive: true }));

function make(change: Partial<LogWriterOptions> = {}): { log: LogWriter; file: string } {
  const file = join(folder, `${count++}.log`);
  const options = { processId: 7, logtime: true, logtimeUtc: true, debug: false, trace: false };
  return { log: new LogWriter({ ...options, file, ...change }), file };
}

test("LG-02, LG-03: process id, time, label, text", async () => {
  const { log, file } = make({ debug: true, trace: true });
  for (const level of ["info", "warn", "error", "debug", "trace"] as const) log.write(level, "x");
  log.writeFatal("y");
  await log.close();
  const time = /\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}/.source;
  const labels = ["INF", "WRN", "ERR", "DBG", "TRC"].map(
    (label) => `\\[7\\] ${time} \\[${label}\\] x\n`,
  );
  expect(readFileSync(file, "utf8")).toMatch(
    new RegExp(`^${labels.join("")}\\[7\\] ${time} \\[FTL\\] y\n$`),
  );
});

test("LG-02: the time is now, and can be left out", async () => {
  const { log, file } = make();
  const before = Date.now();
  log.write("info", "x");
  await log.close();
  const [date, time] = readFileSync(file, "utf8").split(" ").slice(1, 3) as [string, string];
  const written = Date.parse(`${date.replaceAll("/", "-")}T${time.slice(0, 12)}Z`);
  expect(Math.abs(written - before)).toBeLessThan(2_000);
  const bare = make({ logtime: false });
  bare.log.write("info", "x");
  await bare.log.close();
  expect(readFileSync(bare.file, "utf8")).toBe("[7] [INF] x\n");
});

test("LG-11: debug and trace lines only if asked for", async () => {
  const { log, file } = make({ logtime: false });
  log.write("debug", "d");
  log.write("trace", "t");
  log.write("info", "i");
  await log.close();
  expect(readFileSync(file, "utf8")).toBe("[7] [INF] i\n");
});

test("a text with line ends cannot forge a line", async () => {
  const { log, file } = make({ logtime: false });
  log.write("error", "a\r\n[7] [INF] forged\n");
  await log.close();
  expect(readFileSync(file, "utf8")).toBe("[7] [ERR] a\n\t[7] [INF] forged\n");
});

test("LG-04: appended to, mode 0640; what cannot be opened is an error", async () => {
  const { log, file } = make({ logtime: false });
  log.write("info", "one");
  await log.close();
  const again = new LogWriter({
    processId: 7,
    logtime: false,
    logtimeUtc: false,
    debug: false,
    trace: false,
    file,
  });
  again.write("info", "two");
  await again.close();
  expect(readFileSync(file, "utf8")).toBe("[7] [INF] one\n[7] [INF] two\n");
  expect(statSync(file).mode & 0o777 & ~process.umask()).toBe(0o640 & ~process.umask());
  expect(() => make({ file: join(folder, "no", "file") })).toThrow("error opening file: ");
});

test("a fatal line is there at once, and nothing is lost", async () => {
  const { log, file } = make({ logtime: false });
  log.write("info", "early");
  await log.loadFast();
  const expected = ["[7] [INF] early"];
  for (let line = 0; line < 1_000; line += 1) {
    log.write("info", `line ${line}`);
    expected.push(`[7] [INF] line ${line}`);
  }
  log.writeFatal("end");
  expect(readFileSync(file, "utf8")).toContain("[7] [FTL] end\n");
  await log.close();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.filter((line) => !line.includes("FTL"))).toHaveLength(expected.length);
  expect(new Set(lines)).toEqual(new Set([...expected, "[7] [FTL] end"]));
});

test("the buffered writer keeps lines in order", async () => {
  const { log, file } = make({ logtime: false });
  await log.loadFast();
  for (let line = 0; line < 1_000; line += 1) log.write("info", `${line}`);
  await log.close();
  const numbers = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, line) => `[7] [INF] ${line}`));
});

test("LG-08: re-opening goes on in a new file, with either writer", async () => {
  const { log, file } = make({ logtime: false });
  log.write("info", "a");
  renameSync(file, `${file}.1`);
  log.reopen();
  log.write("info", "b");
  expect(readFileSync(file, "utf8")).toBe("[7] [INF] b\n");
  await log.loadFast();
  renameSync(file, `${file}.2`);
  log.reopen();
  log.write("info", "c");
  await log.close();
  expect(readFileSync(file, "utf8")).toBe("[7] [INF] c\n");
});

test("RL-02: another file and other levels from one line to the next, or not at all", async () => {
  const { log, file } = make();
  const logging = { ...defaultOptions().logging, debug: true, logtime: false };
  const missing = join(folder, "no", "such", "folder");
  expect(() => log.prepareUpdate({ ...logging, logFile: missing })).toThrow(
    /^error opening file: /,
  );
  for (const loaded of [false, true]) {
    if (loaded) await log.loadFast();
    const next = join(folder, `${count++}.log`);
    log.prepareUpdate({ ...logging, logFile: join(folder, `${count++}.log`) }).abandon();
    const update = log.prepareUpdate({ ...logging, logFile: next });
    log.write("info", "before");
    update.commit();
    log.write("debug", "after");
    log.writeFatal("flush");
    expect(readFileSync(next, "utf8")).toBe("[7] [DBG] after\n[7] [FTL] flush\n");
  }
  expect(readFileSync(file, "utf8")).toMatch(/^\[7\] .* \[INF\] before\n$/);
  const same = log.prepareUpdate({ ...logging, logFile: join(folder, `${count - 2}.log`) });
  same.commit();
  await log.close();
});
