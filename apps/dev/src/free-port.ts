// Ports for the servers of tests. Must stay true: test files that run at the same time draw from
// ranges of their own, all below those that systems give to outgoing connections, so that nobody takes
// a port between the moment it is found free and the moment its server listens.
import { createServer } from "node:net";

const FIRST = 12_000;
const RANGE = 6_500;
/** As many as `maxWorkers` of vitest.servers.config.ts; outgoing connections begin at 32,768. */
const PROCESSES = 3;
/** Vitest numbers its test processes from 1. */
const range = (Number(process.env["VITEST_POOL_ID"] ?? 1) - 1) % PROCESSES;
let next = process.pid % RANGE;

/** A port of 127.0.0.1 that was free a moment ago, and that no other test process asks for. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < RANGE; tried += 1) {
    const port = FIRST + range * RANGE + next;
    next = (next + 1) % RANGE;
    if (await isFree(port)) return port;
  }
  throw new Error(`all ports of ${FIRST + range * RANGE} and the ${RANGE} above are taken`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
