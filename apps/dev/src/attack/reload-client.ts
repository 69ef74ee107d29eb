// Reloads of an attacked server: another configuration file, then SIGHUP.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AttackedServer } from "./attacked-server.ts";
import { waitFor } from "./waiting.ts";

const RELOADED_WITHIN_MS = 20_000;

export interface ReloadOutcome {
  readonly isTaken: boolean;
  /** Why not. */
  readonly said: string;
}

/** Reloads this text and says how it went; whatever comes of it, the file is as before then. */
export async function reloadWith(server: AttackedServer, config: string): Promise<ReloadOutcome> {
  const path = join(server.folder, "server.conf");
  const before = readFileSync(path);
  writeFileSync(path, config.replaceAll("{folder}", server.folder));
  try {
    return await reload(server);
  } finally {
    writeFileSync(path, before);
  }
}

/** Reloads the file as it is; throws when the server does not take it. */
export async function reloadAgain(server: AttackedServer): Promise<void> {
  const { isTaken, said } = await reload(server);
  if (!isTaken) throw new Error(`the reload was refused: ${said}`);
}

async function reload(server: AttackedServer): Promise<ReloadOutcome> {
  const ENDS = /(Reloaded server configuration|Failed to reload server configuration)[^\n]*/g;
  const ends = (): string[] => [...server.output().matchAll(ENDS)].map(([line]) => line);
  const before = ends().length;
  server.signal("SIGHUP");
  await waitFor(() => ends().length > before, RELOADED_WITHIN_MS, "the end of a reload");
  const said = ends().at(-1) ?? "";
  return { isTaken: said.startsWith("Reloaded"), said };
}
