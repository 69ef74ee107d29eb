// Reloads one after the other. Control thread. Must stay true: never two at a time; whoever asks
// gets the result of a reload that began after that; what waits is bounded.
import { reloadError } from "./reload-error.ts";
import { type ReloadedServer, ServerReload } from "./reload-server.ts";
import type { ReloadResult, ReloadSource } from "./runtime.ts";
import type { FromWorker } from "./thread-messages.ts";

/** Reloads of different sources that wait. */
const WAITING_MAX = 100;

interface Waiting {
  readonly source: ReloadSource | undefined;
  readonly result: Promise<ReloadResult>;
}

export class ServerReloads {
  readonly #reload: ServerReload;
  #last: Promise<unknown> = Promise.resolve();
  readonly #waiting: Waiting[] = [];

  constructor(server: ReloadedServer) {
    this.#reload = new ServerReload(server);
  }

  /** A reload that waits and reads the same source will read what is there now: it serves both. */
  add(source: ReloadSource | undefined): Promise<ReloadResult> {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.source === source) return last.result;
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(reloadError("busy", `${WAITING_MAX} reloads are waiting already`));
    }
    const result = this.#last.then(() => {
      this.#waiting.shift();
      return this.#reload.run(source);
    });
    this.#last = result.catch(() => undefined);
    this.#waiting.push({ source, result });
    return result;
  }

  /** Answers of workers come by here. */
  onWorkerMessage(worker: number, message: FromWorker): void {
    this.#reload.onWorkerMessage(worker, message);
  }
}
