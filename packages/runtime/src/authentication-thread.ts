// The thread of an authentication module as control sees it: started, asked, watched, started again
// (GP-14). Control thread. Must stay true: a module that ends, blocks, floods or fills its thread costs
// that thread alone; each question that it had is failed at once; it is started again no faster than
// the pauses allow.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { AuthenticationRequest } from "@weft/auth";
import type { LogSink } from "@weft/logging";
import type { FromModule, ModuleSeed, ToModule } from "./authentication-messages.ts";
import type { AuthenticationRunner } from "./authentication-runner.ts";
import { entryUrl } from "./spawn.ts";

const LOAD_MAX_MS = 10_000;
/** A thread whose loop does not turn for so long is ended. */
const ALIVE_MAX_MS = 500;
const CLOSE_MAX_MS = 500;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 10_000;
/** A thread that lived for so long begins with short pauses again. */
const LIVED_WELL_MS = 30_000;
const HEAP_MB = 256;
const YOUNG_MB = 16;
/** Messages that nobody asked for; more, and the thread is ended. */
const STRAY_MAX = 1_000;

interface Asked {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

export class AuthenticationThread implements AuthenticationRunner {
  readonly #file: string;
  readonly #log: LogSink;
  readonly #asked = new Map<number, Asked>();
  #next = 1;
  #worker: Worker | undefined;
  /** Not loaded yet. */
  #starting: Worker | undefined;
  #startedMs = 0;
  #stray = 0;
  #pauseMs = PAUSE_FIRST_MS;
  #restart: NodeJS.Timeout | undefined;
  #aliveTimer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(file: string, log: LogSink) {
    this.#file = file;
    this.#log = log;
  }

  /** Throws why the module cannot be used. */
  static async open(file: string, log: LogSink): Promise<AuthenticationThread> {
    const thread = new AuthenticationThread(file, log);
    await thread.#start();
    return thread;
  }

  ask(request: AuthenticationRequest, timeoutMs: number): Promise<unknown> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error("it is being started again"));
    const ticket = this.#next++;
    return new Promise((resolveAsked, reject) => {
      const forget = (): void => {
        clearTimeout(timer);
        this.#asked.delete(ticket);
      };
      // Who asked does not wait for longer either.
      const timer = setTimeout(forget, timeoutMs + ALIVE_MAX_MS).unref();
      this.#asked.set(ticket, {
        resolve: (answer) => {
          forget();
          resolveAsked(answer);
        },
        reject: (error) => {
          forget();
          reject(error);
        },
      });
      tell(worker, { kind: "question", ticket, request, timeoutMs });
    });
  }

  /** An answer may take its time; a loop that does not turn is no use to anybody. */
  wasLate(): void {
    const worker = this.#worker;
    if (worker === undefined || this.#aliveTimer !== undefined) return;
    this.#aliveTimer = setTimeout(() => {
      this.#aliveTimer = undefined;
      this.#end(worker, "does not turn any more");
    }, ALIVE_MAX_MS);
    tell(worker, { kind: "are-you-there" });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    await this.#starting?.terminate();
    const worker = this.#forgetWorker("the server has no use for it any more");
    if (worker === undefined) return;
    const gone = new Promise<void>((done) => worker.once("exit", () => done()));
    tell(worker, { kind: "close" });
    const timer = setTimeout(() => void worker.terminate(), CLOSE_MAX_MS);
    await gone;
    clearTimeout(timer);
  }

  /** Resolves when the module is loaded. */
  #start(): Promise<void> {
    const module = pathToFileURL(resolve(this.#file)).href;
    const worker = new Worker(entryUrl("authentication-module"), {
      name: "authentication",
      execArgv: [],
      workerData: { module } satisfies ModuleSeed,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
      stdout: true,
      stderr: true,
    });
    // Nobody reads what it prints, and it must not pile up.
    worker.stdout.resume();
    worker.stderr.resume();
    this.#starting = worker;
    this.#startedMs = performance.now();
    this.#stray = 0;
    return new Promise((resolveStart, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        if (this.#worker === worker) this.#end(worker, why);
        else void worker.terminate();
        reject(new Error(`authentication_module ${this.#file}: ${why}`));
      };
      const timer = setTimeout(() => fail("was not loaded in time"), LOAD_MAX_MS);
      worker.on("message", (message: FromModule) => {
        if (message?.kind === "failed" && this.#worker !== worker) fail(String(message.error));
        else if (message?.kind === "loaded" && !this.#closed) {
          clearTimeout(timer);
          this.#starting = undefined;
          this.#worker = worker;
          resolveStart();
        } else if (this.#worker === worker) this.#take(worker, message);
      });
      worker.on("error", (error: Error) => fail(error.message));
      worker.on("exit", (code) => fail(`ended its thread (${code})`));
    });
  }

  #take(worker: Worker, message: FromModule): void {
    if (message?.kind === "alive") {
      clearTimeout(this.#aliveTimer);
      this.#aliveTimer = undefined;
      return;
    }
    const isAnswer = message?.kind === "answer" || message?.kind === "threw";
    const asked = isAnswer ? this.#asked.get(message.ticket) : undefined;
    if (asked === undefined) {
      // Answers that come late are among them: as many as there were questions is fine.
      this.#stray += 1;
      if (this.#stray > STRAY_MAX + this.#next) this.#end(worker, "says what nobody asked for");
    } else if (message.kind === "answer") asked.resolve(message.answer);
    else if (message.kind === "threw") asked.reject(new Error(`it threw: ${message.error}`));
  }

  #forgetWorker(why: string): Worker | undefined {
    const worker = this.#worker;
    this.#worker = undefined;
    clearTimeout(this.#aliveTimer);
    this.#aliveTimer = undefined;
    for (const asked of [...this.#asked.values()]) asked.reject(new Error(why));
    return worker;
  }

  /** The module's fault; a new thread comes after a pause. */
  #end(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#forgetWorker(`its thread ended: ${why}`);
    void worker.terminate();
    if (this.#closed) return;
    this.#log.write("error", `authentication_module ${this.#file}: ${why}; it is started again`);
    if (performance.now() - this.#startedMs > LIVED_WELL_MS) this.#pauseMs = PAUSE_FIRST_MS;
    this.#startLater();
  }

  #startLater(): void {
    this.#restart = setTimeout(() => {
      this.#start().then(
        () => this.#log.write("info", `authentication_module ${this.#file}: runs again`),
        (error: Error) => {
          if (this.#closed) return;
          this.#log.write("error", error.message);
          this.#startLater();
        },
      );
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(PAUSE_MAX_MS, this.#pauseMs * 2);
  }
}

function tell(worker: Worker, message: ToModule): void {
  worker.postMessage(message);
}
