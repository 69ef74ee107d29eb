// A thread's first message: what it is born with. Worker and acceptor threads.
import { once } from "node:events";
import { type MessagePort, parentPort } from "node:worker_threads";
import { assert } from "@weft/base";

/** The line to control, and the first message on it. */
export async function awaitSeed<Seed>(): Promise<{
  readonly port: MessagePort;
  readonly seed: Seed;
}> {
  assert(parentPort !== null, "this thread has a parent");
  const [seed] = (await once(parentPort, "message")) as [Seed];
  return { port: parentPort, seed };
}
