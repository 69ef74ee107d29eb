// The threads of one server as control sees them: their messages, their logs, and their death.
// What must stay true: the end of any thread that was not asked to end is told once (F27).
import type { EventLoopUtilization } from "node:perf_hooks";
import type { Worker } from "node:worker_threads";
import type { LogBatch, LogSink } from "@weft/logging";
import type { FromAcceptor, FromWorker, ToAcceptor, ToWorker } from "./thread-messages.ts";

export interface ThreadGroupOptions {
  readonly log: LogSink;
  onWorkerMessage(worker: number, message: FromWorker): void;
  onAcceptorMessage(message: FromAcceptor): void;
  /** A thread died: the whole server ends. */
  onDeath(text: string): void;
}

type Kind = (FromWorker | FromAcceptor)["kind"];

interface Waiting {
  readonly kind: Kind;
  missing: number;
  readonly resolve: () => void;
}

export class ThreadGroup {
  readonly #options: ThreadGroupOptions;
  readonly #workers: Worker[] = [];
  #acceptor: Worker | undefined;
  #waiting: Waiting[] = [];
  #expected = false;

  constructor(options: ThreadGroupOptions) {
    this.#options = options;
  }

  /** Worker `i` becomes thread `i + 1`. */
  addWorker(worker: Worker): void {
    const index = this.#workers.push(worker) - 1;
    this.#watch(worker, `worker ${index + 1}`);
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "log")
        this.#takeLog(message, `worker ${index + 1}`, () => this.tellWorker(index));
      else this.#options.onWorkerMessage(index, message);
      this.#arrived(message.kind);
    });
  }

  setAcceptor(acceptor: Worker): void {
    this.#acceptor = acceptor;
    this.#watch(acceptor, "acceptor");
    acceptor.on("message", (message: FromAcceptor) => {
      if (message.kind === "log") {
        this.#takeLog(message, "acceptor", () => acceptor.postMessage({ kind: "log-taken" }));
      } else this.#options.onAcceptorMessage(message);
      this.#arrived(message.kind);
    });
  }

  tellWorker(index: number, message: ToWorker = { kind: "log-taken" }): void {
    this.#workers[index]?.postMessage(message);
  }

  /** What Node knows of a worker's loop without asking it; undefined = there is no such worker. */
  loopUtilization(index: number): EventLoopUtilization | undefined {
    return this.#workers[index]?.performance.eventLoopUtilization();
  }

  tellWorkers(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  tellAcceptor(message: ToAcceptor): void {
    this.#acceptor?.postMessage(message);
  }

  /** Resolves when `count` messages of this kind have come, counted from now. */
  arrival(kind: Kind, count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ kind, missing: count, resolve });
    });
  }

  /** The acceptor first, so that workers get no more sockets; resolves after `waitMs` at most. */
  async stopAll(waitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    const stopped = async (): Promise<void> => {
      const acceptor = this.arrival("stopped", 1);
      this.tellAcceptor({ kind: "stop" });
      await acceptor;
      const workers = this.arrival("stopped", this.#workers.length);
      this.tellWorkers({ kind: "stop" });
      await workers;
    };
    await Promise.race([stopped(), tooLong]);
    clearTimeout(timer);
  }

  /** From now on threads may end. */
  expectEnd(): void {
    this.#expected = true;
  }

  /** Ends all threads at once; what they own is closed by then. */
  async terminate(): Promise<void> {
    this.#expected = true;
    const threads = [...this.#workers, ...(this.#acceptor === undefined ? [] : [this.#acceptor])];
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  #watch(thread: Worker, name: string): void {
    thread.ref();
    thread.on("error", (error: unknown) => this.#died(name, describe(error)));
    thread.on("messageerror", (error) => this.#died(name, error.message));
    thread.on("exit", (code) => this.#died(name, `exit code ${code}`));
  }

  #died(name: string, why: string): void {
    if (this.#expected) return;
    this.#expected = true;
    this.#options.onDeath(`${name} died: ${why}`);
  }

  /** The next batch may come when there is room for it. */
  #takeLog(batch: LogBatch, thread: string, answer: () => void): void {
    const { log } = this.#options;
    for (const { level, text, connection } of batch.records) log.write(level, text, connection);
    if (batch.dropped > 0) log.dropped(batch.dropped, thread);
    log.onRoom(answer);
  }

  #arrived(kind: Kind): void {
    for (const waiting of this.#waiting) {
      if (waiting.kind !== kind) continue;
      waiting.missing -= 1;
      if (waiting.missing === 0) waiting.resolve();
    }
    this.#waiting = this.#waiting.filter((waiting) => waiting.missing > 0);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.stack ?? `${error.name}: ${error.message}`;
}
