// Comparing passwords with bcrypt hashes, off every loop (F-row of logins: a hash takes 50 ms and
// more by design). Control thread; the pool has up to two threads of its own, started at the first
// use. What must stay true: the queue is bounded; what does not fit is refused at once.
import { type AuthSpec, isBcrypt } from "@weft/auth";
import { LIMITS } from "@weft/base";
import type { Piscina } from "piscina";
import type { HashTask } from "./hash-task.ts";
import { entryUrl } from "./spawn.ts";

const THREADS_MAX = 2;
const IDLE_TIMEOUT_MS = 30_000;

export class HashPool {
  readonly #onError: (text: string) => void;
  #pool: Promise<Piscina> | undefined;
  #waiting = 0;
  #closed = false;

  constructor(onError: (text: string) => void) {
    this.#onError = onError;
  }

  /** Comparisons that were asked for and are not answered. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Loads the pool ahead of the first login, if these secrets need it. */
  warmUpFor({ token, password, users }: AuthSpec): void {
    const secrets = [token, password, ...users.map((user) => user.password)];
    if (secrets.some((secret) => secret !== undefined && isBcrypt(secret))) void this.#open();
  }

  /** True when `given` is the password of `stored`; false too when the queue is full. */
  async compare(stored: string, given: string): Promise<boolean> {
    if (this.#closed || this.#waiting >= LIMITS.hashQueueMax) return false;
    this.#waiting += 1;
    try {
      const pool = await this.#open();
      return Boolean(await pool.run({ stored, given } satisfies HashTask));
    } catch (error) {
      if (!this.#closed) this.#onError(`password hash: ${(error as Error).message}`);
      return false;
    } finally {
      this.#waiting -= 1;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pool = await this.#pool;
    await pool?.destroy();
  }

  #open(): Promise<Piscina> {
    this.#pool ??= import("piscina").then(
      ({ Piscina: Pool }) =>
        new Pool({
          filename: entryUrl("hash-task").href,
          minThreads: 1,
          maxThreads: THREADS_MAX,
          maxQueue: LIMITS.hashQueueMax,
          idleTimeout: IDLE_TIMEOUT_MS,
        }),
    );
    return this.#pool;
  }
}
