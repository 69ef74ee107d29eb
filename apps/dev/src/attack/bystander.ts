// Somebody who has nothing to do with an attack: paced requests from one connection, answers from
// another, on a thread of its own so that the attacker's work does not count as the server's delay.
// This side starts the thread and reads its figures.
import { Worker } from "node:worker_threads";
import type { Credentials } from "./raw-client.ts";
import { within } from "./waiting.ts";

const ANSWER_WITHIN_MS = 20_000;

export interface BystanderSeed {
  readonly port: number;
  readonly credentials: Credentials;
  /** Over TLS, with this client certificate for servers that ask for one; PEM texts. */
  readonly secure?: { readonly cert: string; readonly key: string } | undefined;
  /** One request every so often. */
  readonly paceMs: number;
}

/** What the thread answers to `take`. */
export interface BystanderReport {
  /** Round trips since the last report, in milliseconds, as they were finished. */
  readonly roundTripsMs: readonly number[];
  /** Age of the oldest request without an answer; 0 if there is none. */
  readonly waitingMs: number;
  /** Why it cannot go on, such as a lost connection. */
  readonly trouble: string | undefined;
}

export interface BystanderFigures {
  readonly p99Ms: number;
  readonly worstMs: number;
  readonly count: number;
  readonly trouble: string | undefined;
}

export class Bystander {
  readonly #thread: Worker;

  private constructor(thread: Worker) {
    this.#thread = thread;
  }

  /** Resolves when both connections are up and the first answer has come. */
  static async start(seed: BystanderSeed): Promise<Bystander> {
    const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const entry = new URL(`./bystander-thread.${ending}`, import.meta.url);
    const bystander = new Bystander(new Worker(entry, { workerData: seed, execArgv: [] }));
    await bystander.#answer("up");
    return bystander;
  }

  /** Figures since the last call. */
  async take(): Promise<BystanderFigures> {
    const answered = this.#answer("report");
    this.#thread.postMessage("take");
    const { report } = (await answered) as { readonly report: BystanderReport };
    const sorted = [...report.roundTripsMs, report.waitingMs].sort((a, b) => a - b);
    return {
      p99Ms: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0,
      worstMs: sorted.at(-1) ?? 0,
      count: report.roundTripsMs.length,
      trouble: report.trouble,
    };
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }

  #answer(kind: string): Promise<unknown> {
    const answered = new Promise((resolve, reject) => {
      const take = (message: { readonly kind: string }): void => {
        if (message.kind !== kind) return;
        this.#thread.off("message", take);
        this.#thread.off("error", reject);
        resolve(message);
      };
      this.#thread.on("message", take);
      this.#thread.on("error", reject);
    });
    return within(answered, ANSWER_WITHIN_MS, "the bystander");
  }
}
