// Accounts by tokens that the configuration names (GP-1): it imports from them, or says that they are
// there. Control thread. Must stay true: a start and a reload wait for them for a bounded time; one
// that cannot be had is looked for again, and told once.
import type { LogSink } from "@weft/logging";

/** How long a start or a reload waits. */
const WAIT_MS = 1_000;
const AGAIN_MS = 5_000;

export interface WantedParts {
  readonly log: Pick<LogSink, "write">;
  isThere(key: string): boolean;
  /** A text says why not. */
  load(key: string): Promise<string | undefined>;
}

export class WantedAccounts {
  readonly #parts: WantedParts;
  #keys: readonly string[] = [];
  readonly #missed = new Set<string>();
  #lookedMs = 0;

  constructor(parts: WantedParts) {
    this.#parts = parts;
  }

  want(keys: readonly string[]): void {
    this.#keys = [...new Set(keys)];
  }

  /** Now and then. */
  tick(): void {
    if (performance.now() - this.#lookedMs >= AGAIN_MS) void this.load();
  }

  /** Those that are not there. Never rejects. */
  async load(): Promise<void> {
    this.#lookedMs = performance.now();
    const missing = this.#keys.filter((key) => !this.#parts.isThere(key));
    if (missing.length === 0) return;
    await atMost(
      WAIT_MS,
      missing.map((key) => this.#loadOne(key)),
    );
  }

  async #loadOne(key: string): Promise<void> {
    const error = await this.#parts.load(key);
    if (error === undefined) this.#missed.delete(key);
    else if (!this.#missed.has(key)) {
      this.#missed.add(key);
      this.#parts.log.write("warn", `Account ${key} of the configuration: ${error}`);
    }
  }
}

/** When all have settled, or the time is over. */
export async function atMost(ms: number, tasks: readonly Promise<unknown>[]): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([Promise.all(tasks), late.promise]);
  clearTimeout(timer);
}
