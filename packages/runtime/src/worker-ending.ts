// How a worker's connections come to an end: all at once (stop), or spread over a time (lame duck,
// CP-108). Worker threads.
import type { BrokerDriver } from "@weft/broker";
import type { FromWorker } from "./thread-messages.ts";

const DRAIN_STEP_MS = 100;
/** What is on its way between threads when a stop comes still reaches its receivers. */
const STOP_GRACE_MS = 25;
/** Sockets that have not closed by then are left to the end of the thread. */
const STOP_WAIT_MS = 500;

export class WorkerEnding {
  readonly #core: BrokerDriver;
  readonly #flush: () => void;
  readonly #tell: (answer: FromWorker) => void;
  /** Sockets of this thread, closing ones included. */
  #open = 0;
  #stopping = false;
  #stopped = false;
  #drain: NodeJS.Timeout | undefined;
  #refuseWaiting: () => void = () => undefined;

  constructor(core: BrokerDriver, flush: () => void, tell: (answer: FromWorker) => void) {
    this.#core = core;
    this.#flush = flush;
    this.#tell = tell;
  }

  /** `refuse` closes whoever is placed here and not taken yet, or comes later, without a greeting. */
  refusesWaitingBy(refuse: () => void): void {
    this.#refuseWaiting = refuse;
  }

  connectionCame(): void {
    this.#open += 1;
  }

  connectionGone(): void {
    this.#open -= 1;
    if (this.#stopping && this.#open === 0) this.#answerStop();
  }

  /** Closes an equal share of what is left every 100 ms. */
  drain(durationMs: number): void {
    let stepsLeft = Math.max(1, Math.ceil(durationMs / DRAIN_STEP_MS));
    let left = this.#core.closeSome(0, "Server Shutdown");
    const step = (): void => {
      left = this.#core.closeSome(Math.ceil(left / stepsLeft), "Server Shutdown");
      this.#flush();
      stepsLeft = Math.max(1, stepsLeft - 1);
      if (left > 0) return;
      clearInterval(this.#drain);
      this.#tell({ kind: "drained" });
    };
    clearInterval(this.#drain);
    this.#drain = setInterval(step, DRAIN_STEP_MS);
  }

  /** Goes on for a moment as before, then closes all connections. */
  stop(): void {
    clearInterval(this.#drain);
    setTimeout(() => this.#closeAll(), STOP_GRACE_MS);
  }

  #closeAll(): void {
    this.#stopping = true;
    this.#refuseWaiting();
    this.#core.peers.stop();
    this.#core.closeSome(Number.MAX_SAFE_INTEGER, "Server Shutdown");
    this.#flush();
    if (this.#open === 0) this.#answerStop();
    else setTimeout(() => this.#answerStop(), STOP_WAIT_MS);
  }

  #answerStop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#tell({ kind: "stopped" });
  }
}
