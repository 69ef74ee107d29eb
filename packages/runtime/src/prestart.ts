// Threads that are started before anything is known of the server: loading their code takes most of
// the time from `exec` to the first INFO, and so goes on while the configuration is read. Control
// thread. What must stay true: threads that are not used keep no process alive.
import type { Worker } from "node:worker_threads";
import { spawnThread, workersCountFor } from "./spawn.ts";

/** One worker, which every server has, and the acceptor. */
export interface PrestartedThreads {
  readonly worker: Worker;
  readonly acceptor: Worker;
}

export function prestartThreads(): PrestartedThreads {
  const worker = spawnThread("worker-thread", "worker-1", workersCountFor("auto"));
  const acceptor = spawnThread("acceptor-thread", "acceptor", 1);
  worker.unref();
  acceptor.unref();
  return { worker, acceptor };
}
