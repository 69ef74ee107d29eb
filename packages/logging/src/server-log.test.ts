// The log as a whole: levels, redaction, re-opening, other options, and what happens when nothing can
// be written.
import { renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ServerLog } from "./server-log.ts";
import {
  backupsOf,
  linesOf,
  logInFile,
  newFolder,
  OPTIONS,
  PLACE,
  until,
} from "./testing/log-bench.ts";

test("LG-11: debug and trace lines only if asked for", async () => {
  const { log, file } = logInFile();
  for (const level of ["debug", "trace", "info"] as const) log.write(level, level);
  await log.close();
  expect(linesOf(file)).toEqual(["[7] [INF] info"]);
});

test("LG-04: appended to, mode 0640; what cannot be opened is an error", async () => {
  const { log, file, options } = logInFile();
  log.write("info", "one");
  await log.close();
  const again = new ServerLog(options, PLACE);
  again.write("info", "two");
  await again.close();
  expect(linesOf(file)).toEqual(["[7] [INF] one", "[7] [INF] two"]);
  expect(statSync(file).mode & 0o777 & ~process.umask()).toBe(0o640 & ~process.umask());
  const nowhere = join(newFolder(), "no", "file");
  expect(() => new ServerLog({ ...options, logFile: nowhere }, PLACE)).toThrow(
    /^error opening file: ENOENT/,
  );
});

test("a fatal line is there at once, behind all others but what is being written", async () => {
  const { log, file } = logInFile();
  for (let line = 0; line < 1_000; line += 1) log.write("info", `${line}`);
  log.writeFatal("end");
  expect(linesOf(file)).toContain("[7] [FTL] end");
  await log.close();
  const lines = linesOf(file).filter((line) => !line.includes("FTL"));
  expect(lines.map((line) => Number(line.slice(10))).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 1_000 }, (_, line) => line),
  );
});

test("lines keep their order", async () => {
  const { log, file } = logInFile();
  for (let line = 0; line < 50_000; line += 1) log.write("info", `${line}`);
  await log.close();
  expect(linesOf(file)).toEqual(Array.from({ length: 50_000 }, (_, line) => `[7] [INF] ${line}`));
});

test("LG-08: re-opening goes on in a new file; what was written before stays in the old one", async () => {
  const { log, file } = logInFile();
  for (let line = 0; line < 10_000; line += 1) log.write("info", `${line}`);
  renameSync(file, `${file}.1`);
  log.reopen();
  log.write("info", "b");
  await log.close();
  expect(linesOf(`${file}.1`)).toHaveLength(10_000);
  expect(linesOf(file)).toEqual(["[7] [INF] File log re-opened", "[7] [INF] b"]);
});

test("LG-08: re-opening a file that nobody moved keeps the order of the lines", async () => {
  const { log, file } = logInFile();
  for (let line = 0; line < 10_000; line += 1) {
    log.write("info", `${line}`);
    if (line % 100 === 0) log.reopen();
  }
  await log.close();
  const lines = linesOf(file).filter((line) => !line.includes("re-open"));
  expect(lines).toEqual(Array.from({ length: 10_000 }, (_, line) => `[7] [INF] ${line}`));
});

test("SB-107: what cannot be re-opened is fatal", async () => {
  const { log, file, folder } = logInFile();
  const errors: string[] = [];
  log.onFatal((error) => errors.push(error.message));
  renameSync(folder, `${folder}-gone`);
  log.reopen();
  expect(errors).toEqual([expect.stringMatching(/^error opening file: ENOENT/)]);
  log.write("info", "still written");
  await log.close();
  renameSync(`${folder}-gone`, folder);
  expect(linesOf(file)).toEqual(["[7] [INF] still written"]);
});

describe("GP-10: secrets", () => {
  const seed = "SUAKGNXWWROCOS6JFCUM2PRCX2AKZHKA7W7452UIOJXLWEJ3UEGYZ6N4SY";
  const jwt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJBIn0.c2lnbmF0dXJl-_";

  test.each(["info", "trace"] as const)(
    "tokens and seeds never reach a line at %s",
    async (level) => {
      const { log, file } = logInFile({ trace: true });
      log.write(level, `${seed} and ${jwt}, nats://joe:s3cret@host:4222 or tls://t0ken@host`);
      await log.close();
      expect(linesOf(file)[0]).toMatch(
        /\] \[REDACTED\] and \[REDACTED\], nats:\/\/joe:\[REDACTED\]@host:4222 or tls:\/\/\[REDACTED\]@host$/,
      );
    },
  );

  test("nor the fields of something like a CONNECT", async () => {
    const { log, file } = logInFile();
    log.write("error", 'parse error: "{\\"pass\\":\\"s3cret\\",\\"name\\":\\"x\\"}"');
    log.writeFatal('{"auth_token": "s3cret", "user":"joe", "password":"s3\\"cret');
    await log.close();
    const text = linesOf(file).join("\n");
    expect(text).not.toContain("cret");
    expect(text).toContain('\\"name\\":\\"x\\"');
    expect(text).toContain('"user":"joe"');
  });
});

describe("RL-02: other options while it runs", () => {
  test("levels, time and format", async () => {
    const { log, file, options } = logInFile();
    log.write("debug", "no");
    await log.update({ ...options, debug: true, format: "json" });
    log.write("debug", "yes");
    await log.close();
    expect(linesOf(file).map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: "debug", pid: 7, message: "yes" },
    ]);
  });

  test("another file; a file that cannot be opened changes nothing", async () => {
    const { log, file, folder, options } = logInFile();
    log.write("info", "one");
    await expect(log.update({ ...options, logFile: join(folder, "no", "x") })).rejects.toThrow(
      "error opening file",
    );
    log.write("info", "two");
    const other = join(folder, "other");
    const change = log.update({ ...options, logFile: other });
    log.write("info", "three");
    await change;
    log.write("info", "four");
    await log.close();
    expect(linesOf(file).map((line) => line.slice(10))).toEqual(["one", "two", "three"]);
    expect(linesOf(other)).toEqual(["[7] [INF] four"]);
  });

  test("another size limit", async () => {
    const bench = logInFile();
    bench.log.write("info", "x".repeat(200));
    await bench.log.update({ ...bench.options, logFileSizeLimit: 100, logFilesMax: 2 });
    bench.log.write("info", "y");
    await bench.log.close();
    expect(backupsOf(bench)).toHaveLength(1);
  });
});

describe("SB-107: a disk that is full", () => {
  test("holds up neither the threads nor the end for long", async () => {
    const log = new ServerLog({ ...OPTIONS, logFile: "/dev/full" }, PLACE);
    let rooms = 0;
    log.onRoom(() => {
      rooms += 1;
    });
    log.write("info", "x".repeat(5 * 1024 * 1024));
    log.onRoom(() => {
      rooms += 1;
    });
    const start = performance.now();
    await log.close();
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(rooms).toBe(1);
  });

  test("ends the server where log_loss_is_fatal", async () => {
    const log = new ServerLog({ ...OPTIONS, logFile: "/dev/full", lossIsFatal: true }, PLACE);
    const errors: string[] = [];
    log.onFatal((error) => errors.push(error.message));
    log.write("info", "x");
    await until(() => errors.length > 0);
    expect(errors).toEqual([expect.stringMatching(/^Log lines are being lost: ENOSPC/)]);
    log.dropped(3, "worker 1");
    expect(errors).toHaveLength(1);
    await log.close();
  });

  test("GP-11: lines of a thread that found no room are counted", async () => {
    const { log, file } = logInFile();
    log.dropped(3, "worker 1");
    await log.close();
    expect(linesOf(file)).toEqual(["[7] [WRN] 3 log lines of worker 1 lost"]);
  });
});
