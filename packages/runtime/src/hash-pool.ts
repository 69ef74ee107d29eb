// Comparing passwords with bcrypt hashes, off every loop (AN-05: a hash takes 50 ms and
// more by design). Control thread; the pool has up to two threads of its own, started at the first
// use. What must stay true: the queue is bounded; what does not fit is refused at once; a flood of
// logins that are over keeps nobody waiting.
import { type AuthSpec, isBcrypt } from "@weft/auth";
import { LIMITS } from "@weft/base";
import { defaultAuthTimeoutMs, type ServerOptions } from "@weft/config";
import type { Piscina } from "piscina";
import { processMs } from "./clocks.ts";
import type { HashTask } from "./hash-task.ts";
import { entryUrl } from "./spawn.ts";

const THREADS_MAX = 2;
const IDLE_TIMEOUT_MS = 30_000;

interface Comparison {
  readonly task: HashTask;
  /** Nobody waits for the answer any more from then on, by the clock of the process. */
  readonly overMs: number;
  answer(matches: boolean): void;
}

export class HashPool {
  readonly #onError: (text: string) => void;
  #pool: Promise<Piscina> | undefined;
  /** In the order of asking, without those that a thread has begun. */
  #queue: Comparison[] = [];
  #running = 0;
  #loginTimeoutMs: number = LIMITS.authTimeoutMs;
  #closed = false;

  constructor(onError: (text: string) => void) {
    this.#onError = onError;
  }

  /** Comparisons that were asked for and are not answered. */
  get waiting(): number {
    return this.#queue.length + this.#running;
  }

  /** New options: the time of a login; and the pool is loaded ahead of the first, if needed. */
  follow({ auth, tls }: Pick<ServerOptions, "auth" | "tls">): void {
    const { authTimeoutMs } = auth;
    const secureMs = tls === undefined ? 0 : defaultAuthTimeoutMs(tls);
    this.#loginTimeoutMs = Math.max(authTimeoutMs, secureMs);
    if (secretsOf(auth).some(isBcrypt)) void this.#open();
  }

  /** True when `given` is the password of `stored`; false too when the queue is full. */
  compare(stored: string, given: string): Promise<boolean> {
    return this.#enqueue({ stored, given }, Number.POSITIVE_INFINITY);
  }

  /** The same for a client, which is refused when the time of a login is over: false then as well. */
  compareLogin(stored: string, given: string): Promise<boolean> {
    return this.#enqueue({ stored, given }, processMs() + this.#loginTimeoutMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { answer } of this.#queue.splice(0)) answer(false);
    const pool = await this.#pool;
    await pool?.destroy();
  }

  #enqueue(task: HashTask, overMs: number): Promise<boolean> {
    if (this.#closed || this.waiting >= LIMITS.hashQueueMax) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#queue.push({ task, overMs, answer: resolve });
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#running < THREADS_MAX) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next.overMs <= processMs()) {
        next.answer(false);
        continue;
      }
      this.#running += 1;
      void this.#run(next.task).then((matches) => {
        this.#running -= 1;
        next.answer(matches);
        this.#startNext();
      });
    }
  }

  /** Never rejects. */
  async #run(task: HashTask): Promise<boolean> {
    try {
      const pool = await this.#open();
      return Boolean(await pool.run(task));
    } catch (error) {
      if (!this.#closed) this.#onError(`password hash: ${(error as Error).message}`);
      return false;
    }
  }

  #open(): Promise<Piscina> {
    this.#pool ??= import("piscina").then(
      ({ Piscina: Pool }) =>
        new Pool({
          filename: entryUrl("hash-task").href,
          minThreads: 1,
          maxThreads: THREADS_MAX,
          idleTimeout: IDLE_TIMEOUT_MS,
        }),
    );
    return this.#pool;
  }
}

function secretsOf({ token, password, users }: AuthSpec): string[] {
  const secrets = [token, password, ...users.map((user) => user.password)];
  return secrets.filter((secret) => secret !== undefined);
}
