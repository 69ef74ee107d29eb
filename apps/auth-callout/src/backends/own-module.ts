// A backend of your own: a module whose `createBackend(options)` gives one. Must stay true: what is
// loaded has the shape of a backend, or the service does not start.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Backend } from "../backend.ts";
import { type ModuleSettings, SettingsError } from "../settings.ts";

interface BackendModule {
  readonly createBackend?: (options: Readonly<Record<string, unknown>>) => unknown;
}

export async function loadOwnBackend(
  { path, options }: ModuleSettings,
  folder: string,
): Promise<Backend> {
  const file = resolve(folder, path);
  const loaded = (await import(pathToFileURL(file).href)) as BackendModule;
  if (typeof loaded.createBackend !== "function") {
    throw new SettingsError(`${path}: exports no function createBackend`);
  }
  const backend = (await loaded.createBackend(options)) as Partial<Backend> | undefined;
  if (typeof backend?.name !== "string" || typeof backend.decide !== "function") {
    throw new SettingsError(`${path}: createBackend gives no backend (name, decide)`);
  }
  return backend as Backend;
}
