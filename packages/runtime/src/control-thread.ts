// The control role: it lives on the thread that starts the server, beside whatever else that thread
// does, so that an embedding program stays in charge of its own process.
import { Authentication } from "./authentication.ts";
import type { Runtime, RuntimeOptions } from "./runtime.ts";
import { KeyFileWarnings } from "./secret-files.ts";

/**
 * Starts a server. Throws what is wrong: a listener that cannot be bound, TLS files, a thread, an
 * authentication module.
 */
export async function startRuntime(given: RuntimeOptions): Promise<Runtime> {
  const hooks = new Authentication(given.authentication, given.log);
  const keyFiles = new KeyFileWarnings(given.log);
  const reloadParts = [...(given.reloadParts ?? []), hooks, keyFiles];
  // Loaded here and not before: a program can start its threads ahead of this.
  const { RunningServer } = await import("./running-server.ts");
  const server = new RunningServer({ ...given, reloadParts }, hooks);
  await server.start();
  keyFiles.tell(given.options);
  return server;
}
