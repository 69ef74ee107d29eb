// For tests, as a thread: writes numbered lines in bursts, as fast as it is let.
import { parentPort, workerData } from "node:worker_threads";
import { ThreadLog } from "../thread-log.ts";

const { name, lines } = workerData as { name: string; lines: number };
const BURST = 500;
const log = new ThreadLog({
  debug: true,
  trace: true,
  send: (batch) => parentPort?.postMessage(batch),
});
let next = 0;

function burst(): void {
  for (let i = 0; i < BURST && next < lines; i += 1, next += 1) {
    log.write("trace", `${name} ${next} ${"x".repeat(next % 200)}`);
  }
  if (next < lines) setImmediate(burst);
  else setTimeout(() => log.flush(), 0);
}

parentPort?.on("message", () => log.taken());
burst();
