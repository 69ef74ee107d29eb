// GP-11: several threads write while the file is re-opened and rotated. Each line has to stand in
// exactly one file, and the lines of a thread in their order.
import { renameSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { LogBatch } from "./log-batch.ts";
import type { ServerLog } from "./server-log.ts";
import { backupsOf, linesOf, logInFile, until } from "./testing/log-bench.ts";

const THREADS = 3;
const LINES = 20_000;

/** What control does with the batches of a thread. */
function startThread(name: string, log: ServerLog, onLines: (count: number) => void): Worker {
  const worker = new Worker(new URL("testing/noisy-thread.ts", import.meta.url), {
    workerData: { name, lines: LINES },
    execArgv: [],
  });
  worker.on("message", (batch: LogBatch) => {
    for (const { level, text, connection } of batch.records) log.write(level, text, connection);
    if (batch.dropped > 0) log.dropped(batch.dropped, name);
    onLines(batch.records.length + batch.dropped);
    log.onRoom(() => worker.postMessage("taken"));
  });
  return worker;
}

test("GP-11: no line is lost or doubled while threads write", { timeout: 60_000 }, async () => {
  const bench = logInFile({ trace: true, logFileSizeLimit: 300_000 });
  const { log, file, folder } = bench;
  const moved: string[] = [];
  let taken = 0;
  const threads = Array.from({ length: THREADS }, (_, index) =>
    startThread(`thread${index}`, log, (count) => {
      taken += count;
      // As logrotate does it: away with the file, then the signal.
      if (moved.length * 5_000 > taken) return;
      const away = join(folder, `moved.${moved.length}`);
      renameSync(file, away);
      moved.push(away);
      log.reopen();
    }),
  );
  await until(() => taken >= THREADS * LINES, 50_000);
  await Promise.all(threads.map((thread) => thread.terminate()));
  await log.close();
  const backups = backupsOf(bench);
  expect(backups.length).toBeGreaterThan(5);
  expect(moved.length).toBeGreaterThan(5);
  const seen = new Map<string, number[]>();
  for (const path of [...backups, ...moved, file]) {
    const last = new Map<string, number>();
    for (const line of linesOf(path)) {
      const [, thread = "", digits = "", tail = ""] = /\] (thread\d) (\d+) (x*)$/.exec(line) ?? [];
      if (thread === "") continue;
      const number = Number(digits);
      // Whole, and in the thread's order.
      if (tail.length !== number % 200 || number <= (last.get(thread) ?? -1)) {
        throw new Error(`${path}: ${line}`);
      }
      last.set(thread, number);
      const numbers = seen.get(thread) ?? [];
      numbers.push(number);
      seen.set(thread, numbers);
    }
  }
  for (let index = 0; index < THREADS; index += 1) {
    const sorted = (seen.get(`thread${index}`) as number[]).sort((a, b) => a - b);
    expect(sorted).toEqual(Array.from({ length: LINES }, (_, number) => number));
  }
});
