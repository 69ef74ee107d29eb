// What the process uses, measured when somebody asks (MO-10). Control thread.
import { availableParallelism } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { ProcessFacts } from "@weft/monitor";

/** Shares are measured over at least this long. */
const WINDOW_MS = 1_000;

export class ProcessUsage {
  readonly #commandLine: readonly string[];
  readonly #cores = availableParallelism();
  #sampledAtMs = performance.now();
  #sample = process.cpuUsage();
  #cpuPercent = 0;

  constructor(commandLine: readonly string[]) {
    this.#commandLine = redacted(commandLine);
  }

  facts(): ProcessFacts {
    this.#measure();
    const heap = getHeapStatistics();
    return {
      residentBytes: process.memoryUsage.rss(),
      cpuPercent: this.#cpuPercent,
      coresCount: this.#cores,
      commandLine: this.#commandLine,
      heap: {
        usedBytes: heap.used_heap_size,
        totalBytes: heap.total_heap_size,
        limitBytes: heap.heap_size_limit,
        externalBytes: heap.external_memory,
        mallocedBytes: heap.malloced_memory,
      },
    };
  }

  /** One decimal, as the reference. */
  #measure(): void {
    const now = performance.now();
    const elapsedMs = now - this.#sampledAtMs;
    if (elapsedMs < WINDOW_MS) return;
    const { user, system } = process.cpuUsage(this.#sample);
    this.#sample = process.cpuUsage();
    this.#sampledAtMs = now;
    this.#cpuPercent = Math.round((user + system) / elapsedMs) / 10;
  }
}

const SECRET_FLAG = /^--?(user|u|pass|p(?=ass)|auth|token)$/;

/** Values of flags that name secrets, and user info in addresses, are replaced (MO-35). */
export function redacted(commandLine: readonly string[]): readonly string[] {
  return commandLine.map((word, at) => {
    if (SECRET_FLAG.test(commandLine[at - 1] ?? "")) return "[REDACTED]";
    const [flag = "", value] = word.split("=", 2);
    if (value !== undefined && SECRET_FLAG.test(flag)) return `${flag}=[REDACTED]`;
    return word.replace(/\/\/[^/@\s]+@/, "//[REDACTED]@");
  });
}
