// Starts threads: from the build, or from source where a test runs from source.
import { availableParallelism, totalmem } from "node:os";
import { Worker } from "node:worker_threads";
import { LIMITS } from "@weft/base";

export type ThreadName = "worker-thread" | "acceptor-thread";
/** Entry files of this folder. */
export type EntryName = ThreadName | "hash-task" | "authentication-module";

export function entryUrl(name: EntryName): URL {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./${name}.${ending}`, import.meta.url);
}

/** `auto`: one core is left for the kernel, control and the acceptor. */
export function workersCountFor(workers: number | "auto"): number {
  const wanted = workers === "auto" ? availableParallelism() - 1 : workers;
  return Math.min(Math.max(1, wanted), LIMITS.workersMax);
}

const MEGABYTE = 1024 * 1024;
const HEAP_MIN_MB = 256;
/**
 * From a limit of 2 GiB on V8 lets a heap grow to four times what lives before it collects the old
 * generation, below it to twice; what it has once had it keeps. Ten minutes of churn, two workers:
 * 255 MB of the process and a slow rise with 4 GiB, 223 MB with this.
 */
const HEAP_MAX_MB = 2047;
const ACCEPTOR_HEAP_MB = 256;
/**
 * Young generations. Node's default (48 MB) is never full on a thread that allocates little, and
 * then holds the garbage of thousands of logins: with 12 MB an idle connection costs 8.5 KiB of
 * resident memory instead of 14.5 (12,000 connections, one subscription each).
 */
const WORKER_YOUNG_MB = 12;
const ACCEPTOR_YOUNG_MB = 6;

/**
 * Heap of one worker: with a limit of our own the end of memory is an error of that thread, which
 * says so; without one Node aborts without a word. Messages live outside the heap.
 */
function workerHeapMb(workersCount: number): number {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const share = Math.floor(memory / 2 / workersCount / MEGABYTE);
  return Math.min(Math.max(share, HEAP_MIN_MB), HEAP_MAX_MB);
}

/**
 * Starts a thread that loads its code and waits for its seed, its first message. `execArgv` is
 * empty: flags of the host program are not for these threads.
 */
export function spawnThread(entry: ThreadName, name: string, workersCount: number): Worker {
  const isWorker = entry === "worker-thread";
  return new Worker(entryUrl(entry), {
    name,
    execArgv: [],
    resourceLimits: {
      maxOldGenerationSizeMb: isWorker ? workerHeapMb(workersCount) : ACCEPTOR_HEAP_MB,
      maxYoungGenerationSizeMb: isWorker ? WORKER_YOUNG_MB : ACCEPTOR_YOUNG_MB,
    },
  });
}
