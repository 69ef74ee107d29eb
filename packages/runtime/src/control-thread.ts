// The control role: it lives on the thread that starts the server, beside whatever else that thread
// does, so that an embedding program stays in charge of its own process.
import { RunningServer } from "./running-server.ts";
import type { Runtime, RuntimeOptions } from "./runtime.ts";

/** Starts a server. Throws what is wrong: a listener that cannot be bound, TLS files, a thread. */
export async function startRuntime(given: RuntimeOptions): Promise<Runtime> {
  const server = new RunningServer(given);
  await server.start();
  return server;
}
